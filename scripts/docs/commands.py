"""The reference of the command line: a page for each command, from its parser."""

import argparse
import re
from typing import Dict, Iterator, List

from allennlp.commands import ArgumentParserWithDefaults, Subcommand

import dts_ee
from dts_ee.commands.overview import GROUPS, overview

PROGRAM = "dts-ee"
OF_ALL_COMMANDS = ("help", "debug", "verbose")


def command_line_parser() -> argparse.ArgumentParser:
    """The parser of the command line, as AllenNLP makes it before it parses the arguments."""
    parser = ArgumentParserWithDefaults(prog=PROGRAM)
    subparsers = parser.add_subparsers()
    for name in sorted(Subcommand.list_available()):
        command = Subcommand.by_name(name)()
        if type(command).__module__.startswith(("allennlp.", f"{dts_ee.__name__}.")):
            subparser = command.add_subparser(subparsers)
            if command.requires_plugins:
                subparser.add_argument(
                    "--include-package",
                    action="append",
                    default=[],
                    help="additional packages to include",
                )
    return parser


def command_parsers() -> Dict[str, argparse.ArgumentParser]:
    """The parsers of all commands, AllenNLP's own included, by their names."""
    for action in command_line_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise RuntimeError(f"{PROGRAM} has no commands")


def command_pages() -> Dict[str, str]:
    """
    # Returns

    `Dict[str, str]`
        The pages by their file names, the overview first.
    """
    parsers = command_parsers()
    index = "\n".join(_index(parsers)) + "\n"
    return {"index.md": index, **{f"{name}.md": _page(parsers[name]) for name in sorted(parsers)}}


def _index(parsers: Dict[str, argparse.ArgumentParser]) -> Iterator[str]:
    grouped = {name for names in GROUPS.values() for name in names}
    groups = {**GROUPS, "Further commands": tuple(sorted(parsers.keys() - grouped))}
    yield "# Commands\n"
    yield (
        f"Every command and option, as `{PROGRAM} COMMAND --help` prints them. All commands have "
        "`--help`, `--debug` and `--verbose`. [The command line](../../command-line.md) describes "
        "output, errors and exit status."
    )
    for title, names in groups.items():
        yield f"\n## {title}\n"
        yield "| command | what it does |\n| --- | --- |"
        for name in names:
            yield f"| [`{PROGRAM} {name}`]({name}.md) | {_sentence(name)} |"


def _sentence(name: str) -> str:
    match = re.search(rf"^  {re.escape(name)}  +(.*)$", overview(PROGRAM), re.MULTILINE)
    if match is None:
        raise RuntimeError(f"{PROGRAM} --help does not list {name}")
    return match.group(1)


def _page(parser: argparse.ArgumentParser) -> str:
    usage = parser.format_usage().rstrip().replace("\n" + " " * len("usage: "), "\n")
    usage = usage.removeprefix("usage: ")
    lines = [f"# {parser.prog}\n", *_prose(parser.description or "")]
    lines.append(f"```text\n{usage}\n```")
    for title, actions in _groups(parser).items():
        lines.append(f"\n## {title}\n")
        lines += [line for action in actions for line in _entry(parser, action)]
    lines += ["", *_prose(parser.epilog or "")]
    return "\n".join(lines).rstrip() + "\n"


def _groups(parser: argparse.ArgumentParser) -> Dict[str, List[argparse.Action]]:
    shown = [
        action
        for action in parser._actions
        if action.help != argparse.SUPPRESS and action.dest not in OF_ALL_COMMANDS
    ]
    groups = {
        "Arguments": [action for action in shown if not action.option_strings],
        "Options": [action for action in shown if action.option_strings],
    }
    return {title: actions for title, actions in groups.items() if actions}


def _entry(parser: argparse.ArgumentParser, action: argparse.Action) -> List[str]:
    formatter = parser._get_formatter()
    names = formatter._format_action_invocation(action)
    meaning = formatter._expand_help(action) if action.help else "No description."
    required = "required: " if action.required and action.option_strings else ""
    return [f"`{names}`", f":   {required}{_text(meaning)}", ""]


def _prose(text: str) -> Iterator[str]:
    """A description as paragraphs; those whose lines are laid out stay as they are."""
    for paragraph in filter(None, text.strip().split("\n\n")):
        yield f"```text\n{paragraph}\n```" if "\n  " in paragraph else _text(paragraph)
        yield ""


def _text(text: str) -> str:
    """Plain text as Markdown: only backticks keep their meaning."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part if index % 2 else re.sub(r"([\\*_\[\]<>#|~^])", r"\\\1", part)
        for index, part in enumerate(parts)
    )
