import re
import tomllib

from scripts.docs.classes import class_pages
from scripts.docs.commands import OF_ALL_COMMANDS, command_pages, command_parsers
from scripts.docs.pages import FURTHER_PAGES
from tests.paths import PROJECT


def test_every_page_is_in_the_navigation_once():
    text = (PROJECT / "scripts" / "docs" / "zensical.toml").read_text(encoding="utf-8")
    named = re.findall(
        r'"([\w/-]+\.md)"', str(tomllib.loads(text)["project"]["nav"]).replace("'", '"')
    )
    docs = PROJECT / "docs"
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")}
    generated = {f"reference/{kind}/index.md" for kind in ("classes", "commands")}
    assert sorted(named) == sorted(pages | generated | set(FURTHER_PAGES.values()))


def test_every_option_of_every_command_has_an_entry():
    pages = command_pages()
    for name, parser in command_parsers().items():
        entries = re.findall(r"^`(.+)`\n:   (.+)$", pages[f"{name}.md"], re.MULTILINE)
        actions = [action for action in parser._actions if action.dest not in OF_ALL_COMMANDS]
        assert len(entries) == len([action for action in actions if action.help != "==SUPPRESS=="])
        shown = {word.rstrip(",") for names, _ in entries for word in names.split()}
        assert shown >= {option for action in actions for option in action.option_strings}
        assert f"]({name}.md)" in pages["index.md"]


def test_no_default_is_shown_twice():
    for page in command_pages().values():
        assert not re.search(r"\(default = .*\(default = ", page)


def test_help_is_text_and_no_markup():
    page = command_pages()["predict.md"]
    assert "in a pipe or a file, it is JSON Lines." in page
    assert "the predictor `dts`, a folder of .txt files" in page
    # The lines of a list stay lines.
    assert "\n  brat          brat's standoff" in command_pages()["convert.md"]
    assert "\n:   required: the format and the file" in command_pages()["convert.md"]


def test_every_module_with_something_public_is_on_a_page(monkeypatch):
    monkeypatch.chdir(PROJECT)
    pages = class_pages()
    assert "\n::: dts_ee.models.dts\n" in pages["models.md"]
    assert "\n::: dts_ee.extractor\n" in pages["extractor.md"]
    assert "compat.md" not in pages
    assert "named entity recognition" in pages["index.md"].lower()
