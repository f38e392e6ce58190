"""
Creates the environment `.venv` in the working directory and installs the project there.

`make install` runs it with the interpreter for the environment. It only uses the standard library.
pip's output goes to `.venv/install.log`; its last lines are shown if it fails. The file
`.venv/installed` is written last, so that an interrupted installation is repeated.
"""

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(".venv")
INSTALLED = ENVIRONMENT / "installed"
LOG = ENVIRONMENT / "install.log"
LOCK = Path("requirements") / "lock-py311.txt"
PYTHON = ENVIRONMENT / "bin" / "python"
LOCKED_REQUIREMENTS = Path(__file__).resolve().parent.parent / "dts_ee" / "locked_requirements.py"


def load_by_path(path: Path) -> Any:
    """Imports a module without the package, whose requirements are not installed yet."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_environment() -> None:
    """Creates an empty environment, or keeps a complete one of an earlier run."""
    was_complete = INSTALLED.exists()
    INSTALLED.unlink(missing_ok=True)
    if not was_complete:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
        if made.returncode != 0:
            raise SystemExit(f"{sys.executable} could not make an environment in {ENVIRONMENT}.")
    LOG.write_text("", encoding="utf-8")


def keep_allennlp_from_chattering(version: str) -> None:
    """
    Turns off two messages that `allennlp` prints at every start, before it loads plugins.

    One lists the plugins. The other is torchvision's, about a reader for image files that this
    torch cannot load. Python runs the lines of a `.pth` file at its start. (`dts-ee` does not need
    the file: see `dts_ee.compat`.)

    # Parameters

    version : `str`
        The version of the environment's Python, such as `3.11`.
    """
    folder = ENVIRONMENT / "lib" / f"python{version}" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quiet_allennlp.pth").write_text(
        "import logging; logging.getLogger('allennlp.common.plugins').setLevel('WARNING')\n"
        "import warnings; "
        "warnings.filterwarnings('ignore', 'Failed to load image Python extension')\n",
        encoding="utf-8",
    )


def main() -> None:
    """Installs the project: from the lock on Python 3.11, by AllenNLP's own pins on 3.10."""
    requirements = load_by_path(LOCKED_REQUIREMENTS)
    version = ".".join(map(str, sys.version_info[:2]))
    print(f"Installing into {ENVIRONMENT} with Python {version}")
    make_environment()
    if version == "3.11":
        requirements.install_locked_requirements(PYTHON, LOCK, LOG)
        options = ["--no-deps", "--no-build-isolation", "--editable", "."]
        requirements.run_pip(PYTHON, "dts-ee", options, LOG)
    else:
        options = ["--editable", ".[test]"]
        requirements.run_pip(PYTHON, "dts-ee and what it requires", options, LOG)
    requirements.keep_allennlp_models_from_downloading(ENVIRONMENT)
    keep_allennlp_from_chattering(version)
    INSTALLED.write_text(f"Python {version}\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("\nInterrupted: the next run starts over.") from None
