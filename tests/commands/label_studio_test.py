import functools

import pytest

from tests.commands.command_line import run_allennlp
from tests.paths import EXPERIMENTS, FIXTURES

ARCHIVE = FIXTURES / "archives" / "joint.tar.gz"
TRAIN = ["--train", EXPERIMENTS / "own.jsonnet"]

run = functools.partial(run_allennlp, "label-studio", ARCHIVE, "--port", "0")


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["-s", "out"], {}, "--serialization-dir is for a training: give --train CONFIG too"),
        (["--train-data", "x.json"], {}, "--train-data is for a training: give --train CONFIG too"),
        (TRAIN, {}, "--train needs a folder for the trained models: -s DIR"),
        (
            [*TRAIN, "-s", "out"],
            {"LABEL_STUDIO_API_KEY": "0123"},
            "--train needs the address of Label Studio: LABEL_STUDIO_URL=… before the command",
        ),
        (
            [*TRAIN, "-s", "out"],
            {"LABEL_STUDIO_URL": "http://localhost:8080", "LABEL_STUDIO_API_KEY": ""},
            "--train needs the access token of Label Studio: LABEL_STUDIO_API_KEY=… before the "
            "command",
        ),
        (
            ["--train", "missing.jsonnet", "-s", "out"],
            {"LABEL_STUDIO_URL": "http://localhost:8080", "LABEL_STUDIO_API_KEY": "0123"},
            "missing.jsonnet: there is no such file",
        ),
    ],
)
def test_what_a_training_needs(arguments, variables, message, monkeypatch, tmp_path, capfd):
    monkeypatch.chdir(tmp_path)
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert run(*arguments) == 2
    assert capfd.readouterr().err.strip().endswith(f"error: {message}")
    assert list(tmp_path.iterdir()) == []
