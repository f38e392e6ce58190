"""
The command `dts-ee`: AllenNLP's command line with this plugin loaded, in any folder.

AllenNLP finds plugins through a file `.allennlp_plugins` in the working directory, so that
`allennlp train` knows this one inside the repository only.
"""

import sys
from typing import List

import dts_ee
from dts_ee.version import VERSION

PROGRAM = "dts-ee"


def arguments_with_plugin(arguments: List[str]) -> List[str]:
    """
    Adds `--include-package dts_ee` to the arguments of a command that takes it.

    The plugin is loaded in this process already. The processes that a distributed training starts
    load what the command line names.
    """
    from allennlp.commands import Subcommand

    if not arguments or arguments[0] not in Subcommand.list_available():
        return arguments
    command, _ = Subcommand.resolve_class_name(arguments[0])
    if not command.requires_plugins:
        return arguments
    return [*arguments, "--include-package", dts_ee.__name__]


def run() -> None:
    """Runs AllenNLP's `main` on this process's arguments."""
    # AllenNLP's own entry point sets up logging when it is imported.
    from allennlp import __main__ as allennlp_main  # noqa: F401
    from allennlp import __version__ as allennlp_version
    from allennlp.commands import main
    from allennlp.common.util import install_sigterm_handler

    if sys.argv[1:] == ["--version"]:
        print(f"{PROGRAM} {VERSION} (AllenNLP {allennlp_version})")
        return
    install_sigterm_handler()
    sys.argv[1:] = arguments_with_plugin(sys.argv[1:])
    main(prog=PROGRAM)


if __name__ == "__main__":
    run()
