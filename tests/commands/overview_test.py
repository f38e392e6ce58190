import argparse

from allennlp.commands import Subcommand

import dts_ee
from dts_ee.commands.light import LIGHT_COMMANDS
from dts_ee.commands.overview import GROUPS, OTHER_COMMANDS, overview


def registered_commands() -> dict[str, str]:
    """Each command that AllenNLP knows with this plugin, and the first line of its help."""
    subparsers = argparse.ArgumentParser().add_subparsers()
    for name in Subcommand.list_available():
        command = Subcommand.by_name(name)()
        if type(command).__module__.startswith(("allennlp.", f"{dts_ee.__name__}.")):
            command.add_subparser(subparsers)
    return {action.dest: str(action.help).splitlines()[0] for action in subparsers._choices_actions}


def test_the_table_is_what_allennlp_has_registered():
    assert registered_commands() == {**OTHER_COMMANDS, **LIGHT_COMMANDS}
    assert not OTHER_COMMANDS.keys() & LIGHT_COMMANDS.keys()


def test_every_command_is_there_once():
    lines = overview("dts-ee").splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(names) == sorted(registered_commands())
    assert names[: len(GROUPS["Data"])] == list(GROUPS["Data"])
    assert lines[0].startswith("usage: dts-ee ")
