"""Builds wheels of models."""

import importlib.util
import json
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, Tuple

from allennlp.common.checks import ConfigurationError
from packaging.version import InvalidVersion, Version

from dts_ee.named_models.archive_copy import copy_archive
from dts_ee.named_models.card import NOT_STATED, ModelCard
from dts_ee.named_models.names import (
    ENTRY_POINTS,
    archive_in_package,
    module_name,
    problem_with_name,
)

_SETUP = "import json, setuptools; setuptools.setup(**json.load(open('setup.json')))"


def check_name(name: str) -> None:
    """Raises a `ConfigurationError` if a model cannot have this name."""
    problem = problem_with_name(name)
    if problem is not None:
        raise ConfigurationError(problem)


def check_version(version: str) -> str:
    """Returns the normalised version (PEP 440), or raises a `ConfigurationError`."""
    try:
        return str(Version(version))
    except InvalidVersion:
        raise ConfigurationError(
            f"{version!r} is not a version of a package, such as 1.0.0"
        ) from None


def check_not_taken(name: str) -> None:
    """Raises a `ConfigurationError` if a module of Python or another package has the name."""
    module = module_name(name)
    if module in sys.stdlib_module_names:
        raise ConfigurationError(f"{name!r} is the name of a module of Python itself")
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        spec = importlib.util.find_spec(module)
        # A folder without an `__init__.py` has no origin.
        if spec is not None and spec.origin is not None:
            raise ConfigurationError(
                f"{name!r} is taken: {spec.origin} would be hidden by a package of this name"
            ) from None
        return
    if not any(entry_point.group == ENTRY_POINTS for entry_point in distribution.entry_points):
        raise ConfigurationError(f"{name!r} is taken by a package that is installed")


def build_wheel(
    model: str, output_dir: Path, name: str, version: str = "1.0.0", **options: Any
) -> Tuple[Path, ModelCard]:
    """
    Builds the wheel of a model.

    Nothing is downloaded. The wheel appears when it is complete.

    # Parameters

    model : `str`
        The archive, the folder of its training, or a model's name.
    output_dir : `Path`
        The folder for the wheel, which is created if necessary.
    name, version : `str`
        The model's name and version.
    options : `Any`
        Other arguments of `copy_archive`.

    # Returns

    `Tuple[Path, ModelCard]`
        The wheel, and the card in it.

    # Raises

    `ConfigurationError`
        As `copy_archive`, and if a model cannot have this name or version.
    `OSError`
        If the wheel cannot be written.
    """
    check_name(name)
    version = check_version(version)
    check_not_taken(name)
    output_dir.mkdir(parents=True, exist_ok=True)
    # In the same file system, so that the wheel can be moved in one step.
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=output_dir) as temporary:
        project = Path(temporary)
        package = project / module_name(name)
        package.mkdir()
        card = copy_archive(model, project / archive_in_package(name), name, version, **options)
        (package / "README.md").write_text(card.to_markdown(), encoding="utf-8")
        (package / "__init__.py").write_text(_module(card), encoding="utf-8")
        (project / "setup.json").write_text(json.dumps(_setup_options(card)), encoding="utf-8")
        # Not compressed, because weights hardly get smaller.
        command = [sys.executable, "-c", _SETUP, "--quiet", "bdist_wheel", "--compression=stored"]
        completed = subprocess.run(command, cwd=project, capture_output=True, text=True)
        if completed.returncode != 0:
            problem = completed.stderr.strip().rpartition("\n")[2]
            raise OSError(f"setuptools could not build the wheel: {problem}")
        (built,) = (project / "dist").iterdir()
        return built.replace(output_dir / built.name), card


def _setup_options(card: ModelCard) -> Dict[str, Any]:
    # There are no requirements, not even dts-ee: pip would check its requirements again, and
    # AllenNLP requires an older torch than the one that is installed.
    module = module_name(card.name)
    # The summary has one line.
    summary = " ".join((card.description or f"A model of dts_ee: {card.summary()}").split())
    return {
        "name": card.name,
        "version": card.version,
        "description": summary,
        "long_description": card.to_markdown(),
        "long_description_content_type": "text/markdown",
        **({} if card.licence == NOT_STATED else {"license": card.licence}),
        "packages": [module],
        "package_data": {module: ["model.tar.gz", "README.md"]},
        "entry_points": {ENTRY_POINTS: [f"{card.name} = {module}"]},
        "zip_safe": False,
    }


def _module(card: ModelCard) -> str:
    return (
        '"""\n'
        f"The model {card.name}, for dts_ee: README.md beside this file is its card.\n"
        '"""\n\n'
        f'__version__ = "{card.version}"\n'
    )
