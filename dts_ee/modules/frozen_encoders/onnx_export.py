"""Writes an encoder as an ONNX file."""

import hashlib
import json
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.atomic_files import make_folder_atomically
from dts_ee.modules.frozen_encoders.encoder_files import first_line
from dts_ee.modules.frozen_encoders.layer_states import LayerStates
from dts_ee.modules.frozen_encoders.onnx_network import (
    CHECKSUM,
    INPUTS,
    ONNX_FILE,
    RECORD_FILE,
    check_self_contained,
    open_session,
    require_packages,
)

MAX_ERRORS = {"float32": 1e-4, "int8": 0.25}
"""The largest `OnnxExport.error` by precision, from which on a file is not kept."""

_LENGTHS = ((16,), (3, 11, 7), (24, 24), (9, 40, 40, 1))
"""Of the sequences in each batch that is compared; not longer than the encoder takes."""


@dataclass(frozen=True)
class OnnxExport:
    """
    What was written.

    # Parameters

    path : `Path`
        The ONNX file.
    num_bytes : `int`
        Its size.
    error : `float`
        The root mean square of the differences to torch in float32, divided by that of the values.
    """

    path: Path
    num_bytes: int
    error: float


def export_onnx(
    states: LayerStates,
    made_from: Mapping[str, Any],
    num_pieces: int,
    max_length: int,
    folder: Path,
    int8: bool = False,
) -> OnnxExport:
    """
    Writes an encoder into a folder, as an ONNX file and a record of what it was made from.

    Before the folder gets its name, onnxruntime runs the file on sequences of random word pieces,
    and the result is compared with torch's.

    # Parameters

    states : `LayerStates`
        The encoder, in float32 on the CPU.
    made_from : `Mapping[str, Any]`
        What identifies it, for the record.
    num_pieces : `int`
        The number of word pieces that the encoder knows.
    max_length : `int`
        The largest number of word pieces in a sequence.
    folder : `Path`
        A new or empty folder.
    int8 : `bool`, optional (default = `False`)
        Whether to quantise the matrix products to 8-bit integers.

    # Raises

    `ConfigurationError`
        If a package is missing, torch cannot export the encoder, or onnxruntime computes something
        else from the file.
    `FileExistsError`
        If the folder is not empty.
    """
    require_packages("onnx", "onnxruntime", "onnxscript")
    batches = list(_batches(num_pieces, max_length))
    with make_folder_atomically(folder) as temporary, torch.inference_mode():
        expected = [states(*batch) for batch in batches]
        exact = temporary / "exact.onnx"
        with _silence():
            _export(states, batches[1], exact)
            error = _checked_error(exact, "float32", batches, expected)
            written = temporary / ONNX_FILE
            if int8:
                _quantise(exact, written)
                exact.unlink()
                error = _checked_error(written, "int8", batches, expected)
            else:
                exact.rename(written)
        content = written.read_bytes()
        record = {
            **made_from,
            "precision": "int8" if int8 else "float32",
            CHECKSUM: hashlib.sha256(content).hexdigest(),
        }
        (temporary / RECORD_FILE).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return OnnxExport(folder / ONNX_FILE, len(content), error)


def _export(states: LayerStates, batch: Sequence[torch.Tensor], path: Path) -> None:
    free = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    try:
        torch.onnx.export(
            states,
            tuple(batch),
            str(path),
            input_names=list(INPUTS),
            dynamic_shapes=dict.fromkeys(INPUTS, free),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    except Exception as error:
        # torch raises errors of many classes for what it cannot export.
        raise ConfigurationError(
            f"torch cannot export this encoder: {first_line(error)}"
        ) from error


def _quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load_model(source).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    quantize_dynamic(
        source,
        target,
        # The embeddings stay exact, as in torch's int8.
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        # With all 8 bits, processors without VNNI overflow, and MPNet is useless.
        reduce_range=True,
        # All inputs of a call have one scale, and those of the layers behind an activation, which
        # are the ones that shrink, have outliers.
        nodes_to_exclude=[
            node.name
            for node in graph.node
            if node.op_type in ("MatMul", "Gemm") and _shrinks(shapes.get(node.input[1], ()))
        ],
    )


def _shrinks(shape: Sequence[int]) -> bool:
    """Whether weights of shape `(in_features, out_features)` have fewer outputs than inputs."""
    return len(shape) == 2 and shape[0] > shape[1]


def _checked_error(
    path: Path,
    precision: str,
    batches: Sequence[Sequence[torch.Tensor]],
    expected: Sequence[Sequence[torch.Tensor]],
) -> float:
    """The error of a file, as in `OnnxExport`; it is refused if that is too large, or NaN."""
    content = path.read_bytes()
    check_self_contained(content, path)
    session = open_session(content, path)
    differences, values = [], []
    for (input_ids, attention_mask), layers in zip(batches, expected, strict=True):
        inputs = dict(zip(INPUTS, (input_ids.numpy(), attention_mask.numpy()), strict=True))
        is_piece = attention_mask.bool()
        for own, layer in zip(session.run(None, inputs), layers, strict=True):
            differences.append((torch.from_numpy(own) - layer)[is_piece].flatten())
            values.append(layer[is_piece].flatten())
    error = (torch.cat(differences).norm() / torch.cat(values).norm()).item()
    if not error <= MAX_ERRORS[precision]:
        raise ConfigurationError(
            f"onnxruntime gives other vectors than torch for this encoder in {precision} (relative "
            f"error {error:.2g}, at most {MAX_ERRORS[precision]} is allowed): nothing is written"
        )
    return error


def _batches(num_pieces: int, max_length: int) -> Iterator[Sequence[torch.Tensor]]:
    generator = torch.Generator().manual_seed(0)
    for lengths in _LENGTHS:
        shortened = torch.tensor([min(length, max_length) for length in lengths])
        # Shape: (batch_size, length)
        shape = (len(shortened), int(shortened.max()))
        input_ids = torch.randint(num_pieces, shape, generator=generator)
        attention_mask = (torch.arange(shape[1]) < shortened.unsqueeze(1)).long()
        yield input_ids, attention_mask


@contextmanager
def _silence() -> Iterator[None]:
    """Leaves out the notes of the exporter and the quantiser, which are for their developers."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
