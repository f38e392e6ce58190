import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from allennlp.common.checks import ConfigurationError

pytest.importorskip("onnxruntime")

import onnx

from dts_ee.modules.frozen_encoders import onnx_export, onnx_network
from dts_ee.modules.frozen_encoders.layer_states import LayerStates
from dts_ee.modules.frozen_encoders.onnx_network import (
    ONNX_FILE,
    RECORD_FILE,
    OnnxNetwork,
    check_self_contained,
    require_packages,
)
from dts_ee.modules.frozen_encoders.transformer_encoder import TransformerEncoder
from tests.tiny_transformer import build_tiny_transformer

CPU = torch.device("cpu")
KINDS: dict[str, dict[str, Any]] = {
    "bert": {"layers": [0, 2], "layer_mix": "trained"},
    "mpnet": {"layers": "all", "layer_mix": "mean"},
}


def sentence(*counts: int) -> tuple[numpy.ndarray, ...]:
    """Words of so many pieces."""
    pieces = numpy.random.default_rng(sum(counts)).integers(5, 60, sum(counts))
    return pieces, numpy.array(counts)


# The last is longer than what the encoders take, 22 pieces and two special tokens.
SENTENCES = [sentence(1, 4, 2), sentence(3), sentence(2, 2, 2, 7, 1), sentence(*[5] * 12)]


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """A folder with two encoders, and what was exported from each."""
    folder = tmp_path_factory.mktemp("encoders")
    for kind, options in KINDS.items():
        encoder = TransformerEncoder(build_tiny_transformer(folder / kind, kind), **options)
        encoder.export_onnx(folder / f"{kind}-onnx")
    return folder


@pytest.fixture
def copied(encoders, tmp_path):
    """A copy of an export, to change."""
    return Path(shutil.copytree(encoders / "bert-onnx", tmp_path / "copied"))


def bert(encoders: Path, **options: Any) -> TransformerEncoder:
    return TransformerEncoder(encoders / "bert", **{**KINDS["bert"], **options})


@pytest.mark.parametrize("kind", KINDS)
def test_the_layers_are_those_of_torch(encoders, kind):
    encoder = TransformerEncoder(encoders / kind, **KINDS[kind])
    states = encoder._layer_states
    network = OnnxNetwork(encoders / f"{kind}-onnx", encoder._made_from())
    generator = torch.Generator().manual_seed(1)
    for lengths in ([24], [1], [5, 9, 2], [8, 24, 16, 3, 3]):
        input_ids = torch.randint(5, 60, (len(lengths), max(lengths)), generator=generator)
        is_piece = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
        with torch.inference_mode():
            expected = states(input_ids, is_piece.long())
            actual = network(input_ids, is_piece.long())
        assert len(actual) == len(expected) == encoder.num_layers
        for own, layer in zip(actual, expected, strict=True):
            torch.testing.assert_close(own[is_piece], layer[is_piece], atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_features_are_those_of_torch_also_in_windows(encoders, kind):
    expected = TransformerEncoder(encoders / kind, **KINDS[kind]).encode(SENTENCES, CPU)
    encoder = TransformerEncoder(encoders / kind, **KINDS[kind])
    fingerprint = encoder.fingerprint()
    encoder.use_onnx(encoders / f"{kind}-onnx")
    assert not list(encoder.network.parameters())
    # Features that were kept are torch's.
    assert encoder.fingerprint() != fingerprint
    for own, features in zip(encoder.encode(SENTENCES, CPU), expected, strict=True):
        # Those of torch are rounded to 16 bits too.
        torch.testing.assert_close(own, features, atol=2e-3, rtol=0)


def test_int8_is_close_and_smaller(encoders, tmp_path):
    large = build_tiny_transformer(tmp_path / "large", dim=192)
    expected = TransformerEncoder(large).encode(SENTENCES, CPU)
    encoder = TransformerEncoder(large)
    num_weights = sum(weights.numel() for weights in encoder.network.parameters())
    written = encoder.export_onnx(tmp_path / "onnx", int8=True)
    assert written.path.stat().st_size == written.num_bytes < 0.8 * 4 * num_weights
    assert 1e-4 < written.error < 0.25
    encoder.use_onnx(tmp_path / "onnx")
    for own, features in zip(encoder.encode(SENTENCES, CPU), expected, strict=True):
        assert 0 < (own - features).float().norm() < 0.25 * features.float().norm()


def test_a_session_has_the_threads_of_torch_and_each_process_its_own(encoders, monkeypatch):
    opened = []

    def note_process(*_):
        opened.append(os.getpid())
        return opened[-1]

    monkeypatch.setattr(onnx_network, "open_session", note_process)
    encoder = bert(encoders)
    network = OnnxNetwork(encoders / "bert-onnx", encoder._made_from())
    # Before a fork there is none.
    assert opened == []
    assert network._session() == network._session() == os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert network._session() == 1
    assert len(opened) == 2
    monkeypatch.undo()
    content = (encoders / "bert-onnx" / ONNX_FILE).read_bytes()
    session = onnx_network.open_session(content, Path(ONNX_FILE))
    assert session.get_session_options().intra_op_num_threads == torch.get_num_threads()
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_a_forked_process_predicts(encoders):
    encoder = bert(encoders)
    encoder.use_onnx(encoders / "bert-onnx")
    # This process has a session already.
    encoder.encode(SENTENCES, CPU)
    child = os.fork()
    if child == 0:
        try:
            encoder.encode(SENTENCES, CPU)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    ("options", "name"),
    [({"layers": [1, 2]}, "layers"), ({"layer_mix": "mean"}, "layer_mix"), ({}, "weights_sha256")],
)
def test_the_export_of_another_encoder_is_refused(encoders, tmp_path, options, name):
    if options:
        encoder = bert(encoders, **options)
    else:
        other = build_tiny_transformer(tmp_path / "other", seed=1)
        encoder = TransformerEncoder(other, **KINDS["bert"])
    with pytest.raises(ConfigurationError, match=rf"another encoder .*\(another {name}\)"):
        encoder.use_onnx(encoders / "bert-onnx")


def test_another_precision_is_refused(encoders, tmp_path):
    for call in ("use_onnx", "export_onnx"):
        with pytest.raises(ConfigurationError, match="'bfloat16', and an ONNX file .*--overrides"):
            getattr(bert(encoders, precision="bfloat16"), call)(tmp_path / "onnx")
    assert not list(tmp_path.iterdir())


def test_a_gpu_is_refused(encoders):
    network = OnnxNetwork(encoders / "bert-onnx", bert(encoders)._made_from())
    inputs = torch.zeros(1, 3, dtype=torch.long, device="meta")
    with pytest.raises(ConfigurationError, match="'meta': choose the GPU or --onnx"):
        network(inputs, inputs)


def test_damaged_and_missing_files_are_refused(encoders, copied):
    path = copied / ONNX_FILE
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="encoder.onnx: the file is damaged"):
        bert(encoders).use_onnx(copied)
    path.unlink()
    with pytest.raises(ConfigurationError, match="encoder.onnx: there is no such file"):
        bert(encoders).use_onnx(copied)
    record = copied / RECORD_FILE
    for text, problem in (
        ("{", "this is no JSON"),
        ("[" * 60_000, "this is no JSON"),
        ("[]", "there is no onnx_sha256"),
        (" " * (1 << 17), "too large"),
    ):
        record.write_text(text)
        with pytest.raises(ConfigurationError, match=rf"encoder.json: .*{problem}"):
            bert(encoders).use_onnx(copied)
    shutil.rmtree(copied)
    with pytest.raises(ConfigurationError, match="encoder.json: there is no such file"):
        bert(encoders).use_onnx(copied)


def test_a_strangers_file_is_no_way_to_other_files(encoders, copied, tmp_path):
    path = copied / ONNX_FILE
    model = onnx.load_model(path)
    tensor = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, "../secret")
    constant = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    hidden = onnx.helper.make_function("x", "f", [], ["c"], [constant], [])
    tensor.ClearField("external_data")
    tensor.data_location = onnx.TensorProto.DEFAULT
    model.functions.append(hidden)
    for content, problem in (
        (model.SerializeToString(), "in another file"),
        (b"\xff" * 99, "no ONNX file"),
    ):
        with pytest.raises(ConfigurationError, match=problem):
            check_self_contained(content, path)


@pytest.mark.parametrize("content", [b"", onnx.ModelProto(ir_version=10).SerializeToString()])
def test_what_onnxruntime_cannot_run_is_refused(content):
    with pytest.raises(ConfigurationError, match="encoder.onnx: onnxruntime cannot run it"):
        onnx_network.open_session(content, Path(ONNX_FILE))


def test_a_file_that_computes_something_else_is_not_kept(encoders, tmp_path, monkeypatch):
    class Wrong(LayerStates):
        def forward(self, input_ids, attention_mask):
            layers = super().forward(input_ids, attention_mask)
            is_exported = torch.compiler.is_exporting()
            return (layers[0] * (1.001 if is_exported else 1.0), *layers[1:])

    encoder = bert(encoders)
    encoder._layer_states = Wrong(encoder.network, [0, 2], False)
    with pytest.raises(ConfigurationError, match="other vectors than torch .* nothing is written"):
        encoder.export_onnx(tmp_path / "onnx")
    monkeypatch.setattr(onnx_export, "MAX_ERRORS", {"float32": 1e-4, "int8": 1e-9})
    with pytest.raises(ConfigurationError, match="in int8 .* nothing is written"):
        bert(encoders).export_onnx(tmp_path / "onnx", int8=True)
    assert not list(tmp_path.iterdir())


def test_what_torch_cannot_export_is_an_error_of_one_line(encoders, tmp_path):
    class Branching(LayerStates):
        def forward(self, input_ids, attention_mask):
            return super().forward(input_ids, attention_mask) if input_ids.sum() > 0 else ()

    encoder = bert(encoders)
    encoder._layer_states = Branching(encoder.network, [0, 2], False)
    with pytest.raises(ConfigurationError, match="torch cannot export this encoder: .+") as raised:
        encoder.export_onnx(tmp_path / "onnx")
    assert "\n" not in raised.value.message
    assert not list(tmp_path.iterdir())


def test_a_folder_with_files_is_not_written_to(encoders, copied):
    with pytest.raises(FileExistsError, match="not an empty folder"):
        bert(encoders).export_onnx(copied)


def test_the_record_says_what_it_was_made_from(encoders):
    record = json.loads((encoders / "bert-onnx" / RECORD_FILE).read_text())
    assert record["layers"] == [0, 2]
    assert record["layer_mix"] == "trained"
    assert record["precision"] == "float32"


def test_missing_packages_name_the_extra(monkeypatch):
    found = onnx_network.find_spec
    monkeypatch.setattr(
        onnx_network, "find_spec", lambda name: None if "onnx" in name else found(name)
    )
    require_packages("torch")
    with pytest.raises(
        ConfigurationError, match=r"needs onnx and onnxruntime: pip install 'dts_ee\[onnx\]'"
    ):
        require_packages("onnx", "onnxruntime")
