"""
Creates an environment in the working directory and installs the project there.

`make install` runs it with the interpreter for the environment. It only uses the standard library.
The environment is `.venv`, or what the variable `VENV` says. pip's output goes to the environment's
file `install.log`; its last lines are shown if it fails. The file `installed` is written last, so
that an interrupted installation is repeated.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(os.environ.get("VENV", ".venv"))
INSTALLED = ENVIRONMENT / "installed"
LOG = ENVIRONMENT / "install.log"
LOCK = Path("requirements") / "lock.txt"
HOOK = Path("dts_ee_import_hook.pth")
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


def add_import_hook(version: str) -> None:
    """
    Copies the file that has Python import `dts_ee_import_hook` at its start.

    A wheel brings this file with it; an editable installation does not.

    # Parameters

    version : `str`
        The version of the environment's Python, such as `3.11`.
    """
    folder = ENVIRONMENT / "lib" / f"python{version}" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HOOK, folder)


def main() -> None:
    """Installs what the lock lists, then the project."""
    requirements = load_by_path(LOCKED_REQUIREMENTS)
    version = ".".join(map(str, sys.version_info[:2]))
    print(f"Installing into {ENVIRONMENT} with Python {version}")
    make_environment()
    requirements.install_locked_requirements(PYTHON, LOCK, LOG)
    options = ["--no-deps", "--no-build-isolation", "--editable", "."]
    requirements.run_pip(PYTHON, "dts-ee", options, LOG)
    add_import_hook(version)
    INSTALLED.write_text(f"Python {version}\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("\nInterrupted: the next run starts over.") from None
