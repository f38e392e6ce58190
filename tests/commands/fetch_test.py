import functools
import hashlib
import os
from pathlib import Path

import pytest

import dts_ee.commands.fetch
from dts_ee.resources import KnownFile, Resource, load_manifest
from dts_ee.resources.source import LocalMirror
from tests.commands.command_line import run_allennlp

CONTENT = b"some content\n"


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A manifest of two resources; only the first is to be had."""
    there = KnownFile("there.txt", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    known = KnownFile("known.txt", 10, "ab" * 32)
    upstream = LocalMirror(tmp_path / "upstream", "one")
    (tmp_path / "upstream" / "one").mkdir(parents=True)
    (tmp_path / "upstream" / "one" / "there.txt").write_bytes(CONTENT)
    manifest = {
        "one": Resource("one", "The first", "CC0", [there], [upstream]),
        "two": Resource(
            "two", "The second", "MIT", [known, KnownFile("unknown.txt")], [], note="No SHA-256."
        ),
    }
    monkeypatch.setattr(dts_ee.commands.fetch, "load_manifest", lambda: manifest)
    monkeypatch.setattr(dts_ee.commands.fetch, "resource_names", lambda: list(manifest))
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = functools.partial(run_allennlp, "fetch")


def test_fetches_into_the_default_folder(folders, capsys):
    assert run("one") == 0
    assert (folders / "resources" / "one" / "there.txt").read_bytes() == CONTENT
    source = folders / "upstream" / "one"
    expected = f"one: 1 of 1 files fetched from {source} to resources{os.sep}one.\n"
    assert capsys.readouterr().out == expected

    assert run("one") == 0
    assert capsys.readouterr().out == f"one: already there, in resources{os.sep}one.\n"


def test_others_are_still_fetched_when_one_fails(folders, capsys):
    assert run("two", "one", "--to", "elsewhere") == 1
    assert (folders / "elsewhere" / "one" / "there.txt").exists()
    captured = capsys.readouterr()
    assert captured.out.startswith("one: 1 of 1 files fetched")
    assert "two: 2 of 2 files are missing." in captured.err
    assert "--from DIR" in captured.err
    assert f"{'ab' * 32}  two/known.txt\n" in captured.err
    assert f"{'(not known)'.ljust(64)}  two/unknown.txt\n" in captured.err
    assert captured.err.endswith("Not fetched: two.\n")


def test_takes_a_mirror_and_says_what_it_could_not_verify(folders, capsys):
    known = b"0123456789"
    manifest = dts_ee.commands.fetch.load_manifest()
    manifest["two"].files[0].sha256 = hashlib.sha256(known).hexdigest()
    mirror = folders / "mirror" / "two"
    mirror.mkdir(parents=True)
    (mirror / "known.txt").write_bytes(known)
    (mirror / "unknown.txt").write_bytes(b"?")
    assert run("two", "--from", "mirror") == 0
    output = capsys.readouterr().out
    assert "unknown.txt could not be verified against a known SHA-256" in output
    assert hashlib.sha256(b"?").hexdigest() in output
    assert "No SHA-256." in output
    assert " known.txt could not" not in output


def test_a_folder_that_cannot_be_written_is_one_failure(folders, capsys):
    (folders / "occupied").touch()
    assert run("one", "--to", "occupied") == 1
    assert "one: " in capsys.readouterr().err


def test_an_interruption(folders, monkeypatch, capsys):
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dts_ee.resources.store.ResourceStore.fetch", interrupt)
    assert run("one") == 130
    assert "The same command goes on from here." in capsys.readouterr().err


def test_list(folders, capsys):
    run("one")
    capsys.readouterr()
    assert run("--list") == 0
    header, one, two = capsys.readouterr().out.splitlines()
    assert header.split() == ["NAME", "SIZE", "LICENCE", "STATE", "WHAT"]
    assert one.split() == ["one", "13.0B", "CC0", "there", "The", "first"]
    assert two.split() == ["two", "unknown", "MIT", "absent", "The", "second"]


def test_list_of_some(folders, capsys):
    assert run("two", "--list") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert not (folders / "resources").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Name what to fetch, or use --list"),
        (["three"], "there is no 'three', only one, two"),
        (["one", "--from", "nowhere"], "nowhere is not a folder"),
    ],
)
def test_wrong_command_lines_do_nothing(folders, capsys, words, complaint):
    assert run(*words) == 2
    assert complaint in capsys.readouterr().err
    assert not (folders / "resources").exists()


def test_help_names_the_resources(capsys):
    assert run("--help") == 0
    output = " ".join(capsys.readouterr().out.split())
    for name in load_manifest():
        assert name in output
    assert "dts-ee fetch conll04 mpnet glove-6b-50d" in output


@pytest.mark.skipif(
    "DTS_EE_DATA" not in os.environ, reason="DTS_EE_DATA does not name a folder with the corpora"
)
def test_the_corpora_from_a_mirror(tmp_path, capsys):
    data = Path(os.environ["DTS_EE_DATA"])
    words = ["conll04", "ade", "--from", str(data), "--to", str(tmp_path)]
    assert run(*words) == 0
    assert len(list((tmp_path / "conll04").iterdir())) == 3
    assert len(list((tmp_path / "ade").iterdir())) == 21
    capsys.readouterr()
    assert run(*words) == 0
    assert capsys.readouterr().out.count("already there") == 2
