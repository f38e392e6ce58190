"""
The command `dts-ee`: AllenNLP's command line, whose help and light commands start at once.

This file is not in the package, because importing the package imports torch, and some of this code
has to run before.
"""

import os
import platform
import runpy
import sys
from importlib import import_module, metadata
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import List

PROGRAM = "dts-ee"
PLUGIN = "dts_ee"
VERBOSE = "--verbose"

SPIN_COUNT = 10_000
"""
The number of times that a thread of torch checks for work before it sleeps.

The default of GNU OpenMP, which torch uses on Linux, is 300,000. A thread that checks for work
blocks a core: beside another program, the threads of a training wait for each other a hundred times
longer than they compute. Without other programs, 10,000 is as fast.
"""


def spin_less() -> None:
    """
    Limits the busy waiting of torch's threads, unless an environment variable sets it.

    It has to be called before torch is imported.
    """
    if "GOMP_SPINCOUNT" not in os.environ and "OMP_WAIT_POLICY" not in os.environ:
        os.environ["GOMP_SPINCOUNT"] = str(SPIN_COUNT)


def open_package() -> None:
    """
    Adds the package to `sys.modules` without running its `__init__`, which imports torch and
    AllenNLP. Modules that need neither can then be imported; `import_plugin` runs the `__init__`.
    """
    if PLUGIN not in sys.modules:
        spec = find_spec(PLUGIN)
        assert spec is not None
        sys.modules[PLUGIN] = module_from_spec(spec)


def import_plugin() -> None:
    """Imports the package, and runs its `__init__` if only `open_package` has been called."""
    package = import_module(PLUGIN)
    if not hasattr(package, "__version__"):
        assert package.__spec__ is not None and package.__spec__.loader is not None
        package.__spec__.loader.exec_module(package)


def run_light_command(arguments: List[str]) -> bool:
    """
    Runs a command that needs neither torch nor AllenNLP, without importing them.

    # Returns

    `bool`
        Whether there was such a command.
    """
    light = import_module(f"{PLUGIN}.commands.light")
    if arguments[:1] in ([], ["-h"], ["--help"], ["--debug"]):
        print(import_module(f"{PLUGIN}.commands.overview").overview(PROGRAM))
        return True
    installation = import_module(f"{PLUGIN}.installation")
    if arguments[0] not in installation.WITHOUT_REQUIREMENTS and not installation.is_complete():
        print(installation.INCOMPLETE, file=sys.stderr)
        sys.exit(2)
    if arguments[0] not in light.LIGHT_COMMANDS:
        return False
    parser = import_module(f"{PLUGIN}.argument_parser").CommandLineParser(prog=PROGRAM)
    light.add_light_command(parser.add_subparsers(), arguments[0])
    args = parser.parse_args(arguments)
    args.func(args)
    return True


def versions() -> str:
    """The versions of this command and of what it runs on, without importing the packages."""
    spec = find_spec(PLUGIN)
    assert spec is not None and spec.origin is not None
    version = runpy.run_path(str(Path(spec.origin).with_name("version.py")))["VERSION"]
    others = []
    for name in ("AllenNLP", "torch", "transformers", "spaCy"):
        try:
            others.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            others.append(f"{name} is not installed")
    others.append(f"Python {platform.python_version()}")
    return f"{PROGRAM} {version} ({', '.join(others)})"


def run() -> None:
    """Runs AllenNLP's `main` on this process's arguments."""
    # AllenNLP requires the command as the first argument.
    arguments = sorted(sys.argv[1:], key=("--debug", VERBOSE).__contains__)
    if VERBOSE in arguments:
        os.environ["ALLENNLP_LOG_LEVEL"] = "INFO"
    if arguments == ["--version"]:
        print(versions())
        return
    open_package()
    import_module(f"{PLUGIN}.parent_process").end_with_parent_if_asked()
    errors = import_module(f"{PLUGIN}.errors")
    with errors.reporting_errors("--debug" in arguments):
        if not run_light_command(arguments):
            run_allennlp(arguments)


def run_allennlp(arguments: List[str]) -> None:
    """Runs AllenNLP's `main` with the plugin."""
    # Without this, AllenNLP would be imported before the plugin, which patches it.
    import_module("dts_ee_import_hook")
    # AllenNLP's own entry point sets up logging when it is imported.
    from allennlp import __main__ as allennlp_main  # noqa: F401
    from allennlp.commands import main
    from allennlp.common.util import install_sigterm_handler

    install_sigterm_handler()
    sys.argv[1:] = arguments
    main(prog=PROGRAM)
