import errno
import json
import logging
import os
import tarfile

import _jsonnet
import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived

from dts_ee.document import DocumentError
from dts_ee.errors import explain, report_errors_of, reporting_errors


def os_error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


@pytest.mark.parametrize(
    ("error", "message", "status"),
    [
        (ConfigurationError("no such thing"), "no such thing", 2),
        (ConfigurationError("two\n  lines"), "two lines", 2),
        # Ends of lines, a colour, and half of a surrogate pair; accents and emoji stay.
        (
            ConfigurationError("the type 'a\x85b\x1b[31mc\u2028d\ud800' of Zoë 🙂"),
            r"the type 'a b\x1b[31mc d\ud800' of Zoë 🙂",
            2,
        ),
        (
            DocumentError("no tokens", path="a.json", document_id="7"),
            "file a.json, document 7: no tokens",
            2,
        ),
        (
            ConfigurationError('key "type" is required at location "model.ner_encoder."'),
            "model.ner_encoder.type: this key is missing, and it has no default",
            2,
        ),
        (
            ConfigurationError(
                "Serialization directory (out (1)) already exists and is not empty. Specify "
                "--recover to recover from an existing output folder."
            ),
            "out (1): this folder is not empty; --force deletes it first, and `train --recover` "
            "goes on with the training in it",
            2,
        ),
        (os_error(errno.ENOENT, "a.json"), "a.json: there is no such file or folder", 2),
        (FileNotFoundError("file a.json not found"), "a.json: there is no such file", 2),
        (
            FileNotFoundError("file resources/minilm/config.json not found"),
            "resources/minilm/config.json: there is no such file; `dts-ee fetch minilm` gets it",
            2,
        ),
        (os_error(errno.EACCES, "/out"), "/out: permission denied", 2),
        (os_error(errno.EISDIR, "out"), "out: is a directory", 2),
        (
            os_error(errno.ENOSPC, "a.th"),
            "a.th: there is no space left on the disk: make room, and repeat it",
            1,
        ),
        (FileExistsError("a.json is what was read"), "a.json is what was read", 2),
        (
            RuntimeError(
                "[/a/pair.cc:553] Connection closed by peer [10.0.0.2]:26791. This is typically"
            ),
            "another process of the distributed training at 10.0.0.2 has ended, or the network "
            "failed: its log has more, and `train --recover` goes on",
            1,
        ),
        (KeyboardInterrupt(), "Interrupted.", 130),
        (SigTermReceived(), "Ended by SIGTERM.", 143),
        (KeyError("x"), "KeyError: 'x'", 1),
        (AssertionError(), "AssertionError", 1),
        (RuntimeError("CUDA error"), "RuntimeError: CUDA error", 1),
    ],
)
def test_what_is_said_and_how_it_ends(error, message, status):
    explanation = explain(error)
    assert (explanation.message, explanation.status) == (message, status)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.jsonnet": "{\n  a: foo,\n}"}, "a.jsonnet:2:6-9: Unknown variable: foo"),
        (
            {"a.jsonnet": "{\n  a: 1\n  b: 2\n}"},
            "a.jsonnet:3:3: expected a comma before next field.",
        ),
        (
            {"a.jsonnet": "(import 'b.libsonnet')", "b.libsonnet": "{\n  x: 1 +,\n}"},
            'b.libsonnet:2:9: unexpected: "," while parsing terminal',
        ),
        (
            {"a.jsonnet": "{ a: import 'lib/b.libsonnet' }"},
            'a.jsonnet:1:6: couldn\'t open import "lib/b.libsonnet": no match locally or in the '
            "Jsonnet library paths.",
        ),
        (
            {
                "a.jsonnet": "local b = import 'b.libsonnet';\n{ a: b.x(1) }",
                "b.libsonnet": "{\n  x(y):: error 'of\\ntwo lines',\n}",
            },
            "b.libsonnet:2:10: of two lines",
        ),
        (
            {"a.jsonnet": "{\n a: std.extVar('TRAIN_DATA'),\n}"},
            "a.jsonnet:2:5: the environment variable TRAIN_DATA is not set: TRAIN_DATA=… before "
            "the command",
        ),
        # The innermost frames are in Jsonnet's own library.
        ({"a.jsonnet": "{ a: std.parseInt('x') }"}, "a.jsonnet:1:6: x is not a base 10 integer"),
        ({}, "Opening input file: a.jsonnet: No such file or directory"),
    ],
)
def test_jsonnet_says_file_line_and_column(files, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(RuntimeError) as raised:
        _jsonnet.evaluate_file("a.jsonnet")
    explanation = explain(raised.value)
    assert (explanation.message, explanation.status) == (message, 2)
    # As the commands that train again and again have it.
    wrapped = explain(ConfigurationError(f"a.jsonnet: {raised.value}"))
    assert wrapped.message.endswith(message)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("own", "; did you mean own.jsonnet?"),
        ("data/trian.json", "; did you mean train.json?"),
        ("data/train.jsonl", "; did you mean train.json?"),
        ("data/more.json", ""),
        ("data/own", ""),
        ("nowhere/train.json", ""),
    ],
)
def test_a_file_that_is_not_there_may_have_almost_the_name_of_another(
    tmp_path, monkeypatch, path, hint
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    for name in ("own.jsonnet", "data/train.json"):
        (tmp_path / name).touch()
    message = explain(FileNotFoundError(f"file {path} not found")).message
    assert message == f"{path}: there is no such file{hint}"


def test_overrides_that_are_no_json():
    with pytest.raises(RuntimeError) as raised:
        _jsonnet.evaluate_snippet("", '{"a": 1')
    assert explain(raised.value).message.startswith("--overrides:1:8: expected a comma")
    with pytest.raises(json.JSONDecodeError) as invalid:
        json.loads("{")
    assert explain(invalid.value).status == 2


@pytest.mark.parametrize(
    ("error", "message", "status", "is_expected"),
    [
        (TypeError("Expected lr to be numeric."), "trainer.lr: this should be a number", 2, True),
        (
            TypeError("Expected n to be a int."),
            "trainer.lr: this should be a whole number",
            2,
            True,
        ),
        (ValueError("it must be above 0"), "trainer.lr: it must be above 0", 2, True),
        (
            TypeError("'<' is not supported"),
            "trainer.lr: TypeError: '<' is not supported",
            2,
            False,
        ),
        (ConfigurationError("no"), "trainer.lr: no", 2, True),
        (ConfigurationError("trainer.lr.x: no"), "trainer.lr.x: no", 2, True),
        (DocumentError("no tokens", path="a.json"), "file a.json: no tokens", 2, True),
        (os_error(errno.ENOENT, "a"), "a: there is no such file or folder", 2, True),
        (MemoryError("of 8 GB"), "trainer.lr: MemoryError: of 8 GB", 1, False),
    ],
)
def test_the_place_in_the_configuration_comes_first(error, message, status, is_expected):
    error.configuration_key = "trainer.lr"
    explanation = explain(error)
    assert (explanation.message, explanation.status) == (message, status)
    assert explanation.is_expected is is_expected


def test_a_message_has_an_end():
    assert len(explain(RuntimeError("word " * 1000)).message) < 1000


@pytest.fixture(autouse=True)
def no_log(monkeypatch):
    """As before a training: pytest has a handler for a file of its own."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])


def fail(error: BaseException, debug: bool = False) -> int:
    with pytest.raises(SystemExit) as ended, reporting_errors(debug):
        raise error
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_mistake_is_one_line(capsys):
    assert fail(ConfigurationError("no")) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "error: no\n")


def test_debug_shows_the_traceback(capsys):
    assert fail(tarfile.ReadError("no"), debug=True) == 1
    error = capsys.readouterr().err
    assert error.startswith("Traceback (most recent call last):\n")
    assert error.endswith("error: ReadError: no\n")


def test_an_unexpected_error_says_how_to_see_more(capsys):
    assert fail(KeyError("x")) == 1
    assert capsys.readouterr().err == "error: KeyError: 'x' (--debug shows the traceback)\n"


def test_an_interruption_is_no_error(capsys):
    assert fail(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


def test_the_traceback_is_in_the_log_of_a_training(tmp_path, capsys, monkeypatch):
    handler = logging.FileHandler(tmp_path / "out.log")
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    assert fail(KeyError("x")) == 1
    handler.close()
    log = (tmp_path / "out.log").read_text()
    assert "Traceback (most recent call last):" in log
    assert "KeyError: 'x'" in log
    assert str(tmp_path / "out.log") in capsys.readouterr().err


def test_what_ends_the_program_by_itself_stays_as_it_is():
    with pytest.raises(SystemExit) as ended, reporting_errors():
        raise SystemExit(5)
    assert ended.value.code == 5


def test_a_function_reports_and_keeps_its_name():
    @report_errors_of
    def square(number):
        return number**2

    assert square(3) == 9
    assert square.__name__ == "square"
    with pytest.raises(SystemExit):
        square("a")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("buffering", [-1, 1])
def test_the_file_that_did_not_fit_on_the_disk_is_named(capsys, buffering):
    def write() -> None:
        with open("/dev/full", "w", buffering=buffering) as file:
            file.write("x\n")

    with pytest.raises(SystemExit) as exit_, reporting_errors():
        write()
    assert exit_.value.code == 1
    message = "error: /dev/full: there is no space left on the disk: make room, and repeat it\n"
    assert capsys.readouterr().err == message
