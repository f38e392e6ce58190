from argparse import Namespace

import pytest

from dts_ee.argument_parser import CommandLineParser


@pytest.fixture
def parser() -> CommandLineParser:
    parser = CommandLineParser(prog="prog")
    commands = parser.add_subparsers()
    train = commands.add_parser("train")
    train.add_argument("config")
    train.add_argument("-s", "--serialization-dir", required=True)
    train.add_argument("--number", type=int)
    train.set_defaults(func=lambda args: args.config)
    commands.add_parser("evaluate")
    return parser


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian", "a"], "there is no command 'trian'; did you mean train? (more: prog --help)"),
        (["xyz"], "there is no command 'xyz' (more: prog --help)"),
        (
            ["train", "a", "--serialisation-dir", "out"],
            "there is no option --serialisation-dir; did you mean --serialization-dir? "
            "(more: prog train --help)",
        ),
        (
            ["train", "a", "-s", "b", "--xyz=1"],
            "there is no option --xyz (more: prog train --help)",
        ),
        (
            ["train", "a"],
            "the following arguments are required: -s/--serialization-dir (more: prog train",
        ),
        (["train", "a", "-s", "b", "c"], "unrecognized arguments: c (more: prog train --help)"),
        (
            ["train", "a", "-s", "b", "--number", "x"],
            "argument --number: invalid int value: 'x' (more: prog train --help)",
        ),
        (["--debg", "train", "a", "-s", "b"], "there is no option --debg; did you mean --debug?"),
    ],
)
def test_a_mistake_is_one_line_with_the_nearest_name(parser, words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(words)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["train", "a", "-s", "b", "--debug"],
        ["train", "--debug", "a", "-s", "b"],
        ["--debug", "train", "a", "-s", "b"],
    ],
)
def test_debug_stands_anywhere(parser, words):
    assert parser.parse_args(words).debug is True


def test_without_debug_there_is_no_such_argument(parser):
    args = parser.parse_args(["train", "a", "-s", "b", "--num", "3"])
    assert args.number == 3
    assert "debug" not in args
    assert args.func(args) == "a"


def test_a_commands_errors_are_reported(parser, capsys):
    args = parser.parse_args(["train", "a", "-s", "b"])
    with pytest.raises(SystemExit) as ended:
        args.func(Namespace())
    assert ended.value.code == 1
    assert "AttributeError" in capsys.readouterr().err
