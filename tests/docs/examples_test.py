import ast
import json
import re
import shlex
from importlib import import_module
from typing import Iterator

import _jsonnet
import pytest

from scripts.docs.commands import PROGRAM, command_line_parser
from tests.docs.pages import PAGES, blocks, text_of
from tests.paths import EXPERIMENTS, PROJECT

PROGRAMS = (PROGRAM, "allennlp")
ELSEWHERE = ("serve",)
"""Commands of allennlp-server, which is not installed here."""

NOT_INSTALLED = ("pyspark", "ray")
"""Packages that examples may need, and that are not installed for the tests."""

VARIABLES = {"DTS_EE_ENVIRONMENT": json.dumps({"TRAIN_DATA": "train.json"})}
FRAGMENT = re.compile(r"\w+=")


def commands(script: str) -> Iterator[list[str]]:
    """The commands of a shell script, as words, without redirections and assignments."""
    script = re.sub(r"(^|\s)# .*$", "", script.replace("\\\n", " "), flags=re.MULTILINE)
    lexer = shlex.shlex(script, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    redirected = False
    for word in [*lexer, "\n"]:
        if set(word) <= set("<>") and word:
            redirected = True
        elif set(word) <= set("();|&\n") and word:
            yield words
            words, redirected = [], False
        elif redirected:
            redirected = False
        elif words or not re.match(r"(\w+=|do$|…$)", word):
            words.append(word)


@pytest.fixture(scope="module")
def parser():
    return command_line_parser()


def problems(script: str, parser, capsys) -> list[str]:
    """What is wrong with the commands of a script."""
    found = []
    for words in commands(script):
        if words[:1] == ["make"]:
            targets = [word for word in words[1:] if "=" not in word]
            makefile = (PROJECT / "Makefile").read_text()
            found += [f"no target {t}" for t in targets if f"\n{t}:" not in makefile]
        if not words or words[0] not in PROGRAMS or set(words[1:2]) & set(ELSEWHERE):
            continue
        files = [word for word in words if re.match(r"(experiments|fixtures)/", word)]
        found += [f"no file {file}" for file in files if not (PROJECT / file).exists()]
        try:
            parser.parse_args(words[1:])
        except SystemExit as ended:
            if ended.code:
                found.append(f"{shlex.join(words)}: {capsys.readouterr().err.strip()}")
    return found


def test_every_command_in_the_documentation_can_be_called(parser, capsys):
    scripts = blocks("sh")
    assert len(scripts) > 50
    assert not [
        f"{page}, line {block.line}: {problem}"
        for page, block in scripts
        for problem in problems(block.code, parser, capsys)
    ]


def test_a_command_that_cannot_be_called_is_found(parser, capsys):
    script = (
        "A=1 dts-ee train experiments/none.jsonnet -s out | dts-ee predict a --textt x  # it's\n"
        "for x in a b; do\n  dts-ee render a \\\n    b c > d\ndone\nmake nothing VENV=x\n"
    )
    assert [problem.partition(" (more")[0] for problem in problems(script, parser, capsys)] == [
        "no file experiments/none.jsonnet",
        "dts-ee predict a --textt x: error: there is no option --textt; did you mean --text?",
        "dts-ee render a b c: error: unrecognized arguments: c",
        "no target nothing",
    ]


def test_every_python_block_compiles_and_its_imports_are_there():
    for page, block in blocks("python"):
        code = ast.parse(block.code, filename=page)
        for node in ast.walk(code):
            if isinstance(node, ast.Import):
                for name in node.names:
                    import_module(name.name)
            elif isinstance(node, ast.ImportFrom):
                try:
                    module = import_module(str(node.module))
                except ModuleNotFoundError as error:
                    if error.name not in NOT_INSTALLED:
                        raise
                    continue
                missing = [name.name for name in node.names if not hasattr(module, name.name)]
                assert not missing, f"{page}, line {block.line}: {node.module} has no {missing}"


def test_every_whole_jsonnet_block_can_be_evaluated():
    evaluated = 0
    for _, block in blocks("jsonnet"):
        if not FRAGMENT.match(block.code):
            _jsonnet.evaluate_snippet(
                str(EXPERIMENTS / "example.jsonnet"), block.code, ext_vars=VARIABLES
            )
            evaluated += 1
    assert evaluated >= 5


def test_examples_print_what_is_shown(capsys):
    """A block of Python that a block of text follows prints this text."""
    shown = 0
    for page in PAGES:
        for code, output in re.findall(
            r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", text_of(page), re.M | re.S
        ):
            exec(compile(code, page, "exec"), {"__name__": page})
            assert capsys.readouterr().out == output
            shown += 1
    assert shown
