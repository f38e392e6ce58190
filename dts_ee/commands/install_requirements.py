"""
Installs the requirements of this package into its environment: `dts-ee install-requirements`.
"""

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from dts_ee.locked_requirements import install_locked_requirements
from dts_ee.project_files import project_files

LOCK = project_files() / "requirements" / "lock.txt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds only a description: there are no options."""
    parser.description = (
        "Install AllenNLP, torch and everything else that this package requires, in the versions "
        "that it is tested with, into the environment that this command is in. pip cannot find "
        "these by itself, since AllenNLP's metadata requires a torch for older Pythons. They are "
        f"listed in {LOCK}."
    )
    parser.epilog = (
        "For a build of torch without CUDA set PIP_EXTRA_INDEX_URL, as PyTorch's installation page "
        "says."
    )


def run(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if pip fails."""
    if find_spec("pip") is None:
        print(
            f"There is no pip in {sys.prefix}. With another installer, install torch and then, "
            f"without dependencies, what {LOCK} lists.",
            file=sys.stderr,
        )
        sys.exit(1)
    print(f"Installing into {sys.prefix}, about 2 GB (more with CUDA):")
    descriptor, log = tempfile.mkstemp(prefix="dts-ee-install-", suffix=".log")
    open(descriptor).close()
    try:
        install_locked_requirements(Path(sys.executable), LOCK, Path(log))
    except KeyboardInterrupt:
        print("\nInterrupted. The same command starts over.", file=sys.stderr)
        sys.exit(130)
    Path(log).unlink()
    print("Done. `dts-ee init my-project` starts a project of your own.")
