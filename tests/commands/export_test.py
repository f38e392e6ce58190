import json

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params

pytest.importorskip("onnxruntime")

from dts_ee import Extractor
from dts_ee.corpora.spert import read_documents
from dts_ee.modules.frozen_encoders import onnx_network
from dts_ee.scale.model_source import ModelSource
from tests.commands.command_line import run_allennlp
from tests.documents import TINY, TINY_NEWS
from tests.tiny_transformer import build_tiny_transformer

TEXT = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model with a frozen transformer, and the folder `onnx` beside it."""
    folder = tmp_path_factory.mktemp("model")
    encoder = str(build_tiny_transformer(folder / "tiny", "mpnet", max_length=64))
    overrides = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": str(TINY_NEWS),
        "model.dropout": 0.0,
        "model.relation_dropout": 0.0,
        "trainer.num_epochs": 15,
        "trainer.optimizer.lr": 0.02,
        "dataset_reader.token_indexers.tiny": {"type": "word_pieces", "model_name": encoder},
        "model.text_field_embedder.token_embedders.tiny": {
            "type": "frozen_transformer",
            "model_name": encoder,
            "cache_dir": str(folder / "features"),
        },
    }
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(overrides)), folder / "out")
    assert run_allennlp("export", folder / "out", "--onnx", folder / "onnx") == 0
    return folder / "out"


@pytest.fixture
def onnx(model):
    return model.parent / "onnx"


def test_predictions_are_those_of_torch(model, onnx):
    sentences = read_documents(TINY_NEWS)
    expected = Extractor.load(model).predict(sentences)
    extractor = Extractor.load(model, onnx=onnx)
    predicted = extractor.predict(sentences)
    assert any(document.relations for document in expected)
    for document, other in zip(predicted, expected, strict=True):
        for name in ("entities", "relations"):
            for one, two in zip(getattr(document, name), getattr(other, name), strict=True):
                assert one.probability == pytest.approx(two.probability, abs=1e-3)
                assert one.__class__(**{**vars(one), "probability": two.probability}) == two


def test_the_commands_take_the_folder(model, onnx, tmp_path, monkeypatch):
    calls = []
    call = onnx_network.OnnxNetwork.__call__

    def note_call(self, *inputs):
        calls.append(inputs)
        return call(self, *inputs)

    monkeypatch.setattr(onnx_network.OnnxNetwork, "__call__", note_call)
    outputs = []
    for options in ([], ["--onnx", onnx]):
        output = tmp_path / f"{len(options)}.jsonl"
        assert run_allennlp(
            "predict", model, "--text", TEXT, "--output-file", output, "--silent", *options
        ) in (0, None)
        outputs.append(json.loads(output.read_text()))
        assert bool(calls) == bool(options)
    names = ("type", "start", "end")
    found = [
        [[entity[name] for name in names] for entity in output["sentences"][0]["entities"]]
        for output in outputs
    ]
    assert found[0] == found[1] != []


def test_a_folder_of_output_knows_which_encoder_predicted(model, onnx, tmp_path):
    plain, with_onnx = ModelSource(str(model)), ModelSource(str(model), {"onnx": str(onnx)})
    assert "onnx" not in plain.options()
    assert len(with_onnx.options()["onnx"]) == 64
    assert with_onnx.load().predict_tokens(["Tarnby"])["tokens"] == ["Tarnby"]


@pytest.mark.parametrize("command", ["predict", "serve-dts"])
def test_a_folder_without_an_export_is_refused(model, tmp_path, command, capsys):
    words = ["--text", TEXT] if command == "predict" else ["--port", 0]
    assert run_allennlp(command, model, "--onnx", tmp_path, *words) == 2
    assert f"error: {tmp_path}/encoder.json: there is no such file: --onnx is for a folder" in (
        capsys.readouterr().err
    )


def test_a_model_without_a_frozen_transformer_is_refused(news_archive, tmp_path, capsys):
    assert run_allennlp("export", news_archive, "--onnx", tmp_path / "onnx") == 2
    assert "models with one embedder `frozen_transformer`, and this one has none" in (
        capsys.readouterr().err
    )
    assert not list(tmp_path.iterdir())


def test_without_the_extra_the_command_says_what_to_install(model, tmp_path, capsys, monkeypatch):
    found = onnx_network.find_spec
    monkeypatch.setattr(
        onnx_network, "find_spec", lambda name: None if name == "onnxscript" else found(name)
    )
    assert run_allennlp("export", model, "--onnx", tmp_path / "onnx") == 2
    assert "--onnx needs onnxscript: pip install 'dts_ee[onnx]'" in capsys.readouterr().err


def test_export_says_how_exact_it_is(model, tmp_path, capsys):
    assert run_allennlp("export", model, "--onnx", tmp_path / "onnx", "--int8") == 0
    assert f"{tmp_path}/onnx/encoder.onnx: " in capsys.readouterr().out
