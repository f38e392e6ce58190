"""Runs an encoder in onnxruntime, from the folder that `export --onnx` wrote."""

import hashlib
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Tuple

import torch
from allennlp.common.checks import ConfigurationError

ONNX_FILE = "encoder.onnx"

RECORD_FILE = "encoder.json"
"""What the ONNX file was made from, and its SHA-256."""

CHECKSUM = "onnx_sha256"

INPUTS = ("input_ids", "attention_mask")

_MAX_RECORD_BYTES = 1 << 16


class OnnxNetwork:
    """
    The hidden states of an encoder's layers, computed by onnxruntime on the CPU.

    It takes and returns what `LayerStates` does. The number of threads is torch's at the first
    call. A process that is forked makes a session of its own, because it lacks the threads of the
    other one.

    # Parameters

    folder : `Path`
        A folder that `export --onnx` wrote.
    made_from : `Mapping[str, Any]`
        What the record in the folder has to say about the encoder.

    # Raises

    `ConfigurationError`
        If a package is missing, or the files in the folder are missing, damaged, made from another
        encoder, or refer to further files.
    """

    def __init__(self, folder: Path, made_from: Mapping[str, Any]) -> None:
        require_packages("onnx", "onnxruntime")
        self._path = folder / ONNX_FILE
        self.checksum = _checksum_in_record(folder, made_from)
        """The SHA-256 of the ONNX file."""
        self._sessions: Dict[int, Any] = {}
        # What is wrong with the file is said before the first sentence.
        self._read()

    def __call__(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> Tuple[torch.Tensor, ...]:
        if input_ids.device.type != "cpu":
            raise ConfigurationError(
                "onnxruntime is used on the CPU, and the device is "
                f"{str(input_ids.device)!r}: choose the GPU or --onnx."
            )
        arrays = (input_ids.numpy(), attention_mask.numpy())
        outputs = self._session().run(None, dict(zip(INPUTS, arrays, strict=True)))
        return tuple(map(torch.from_numpy, outputs))

    def _session(self) -> Any:
        # A session of the process that this one was forked from is kept: its end would wait for
        # its threads, which are not here.
        if os.getpid() not in self._sessions:
            self._sessions[os.getpid()] = open_session(self._read(), self._path)
        return self._sessions[os.getpid()]

    def _read(self) -> bytes:
        content = _content(self._path)
        if hashlib.sha256(content).hexdigest() != self.checksum:
            raise ConfigurationError(
                f"{self._path}: the file is damaged, or not the one that {RECORD_FILE} is about"
            )
        check_self_contained(content, self._path)
        return content


def require_packages(*packages: str) -> None:
    """
    Checks that packages of the extra `onnx` are installed.

    # Raises

    `ConfigurationError`
        If one is missing; it names the extra to install.
    """
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ConfigurationError(
            f"--onnx needs {' and '.join(missing)}: pip install 'dts_ee[onnx]'"
        )


def open_session(content: bytes, path: Path) -> Any:
    """
    An `onnxruntime.InferenceSession` with as many threads as torch.

    # Parameters

    content : `bytes`
        An ONNX file.
    path : `Path`
        Its name in errors.

    # Raises

    `ConfigurationError`
        If onnxruntime cannot run it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Threads that spin would hold up torch's, which run the other layers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        # Its classes of errors are not public.
        raise ConfigurationError(f"{path}: onnxruntime cannot run it: {error}") from error
    names = tuple(given.name for given in session.get_inputs())
    if names != INPUTS:
        raise ConfigurationError(f"{path}: its inputs are {names}, not {INPUTS}")
    return session


def check_self_contained(content: bytes, path: Path) -> None:
    """
    Checks that an ONNX file refers to no other files, which it may do by any path.

    # Raises

    `ConfigurationError`
        If it does, or is no ONNX file.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ConfigurationError(f"{path}: this is no ONNX file: {error}") from error
    for message in _messages(model):
        if isinstance(message, onnx.TensorProto) and (
            message.external_data or message.data_location == onnx.TensorProto.EXTERNAL
        ):
            raise ConfigurationError(
                f"{path}: the weights {message.name!r} are in another file, which is not read"
            )


def _messages(message: Any) -> Iterator[Any]:
    """A message of protobuf, and all inside it."""
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from _messages(inner)


def _checksum_in_record(folder: Path, made_from: Mapping[str, Any]) -> str:
    path = folder / RECORD_FILE
    if path.is_file() and path.stat().st_size > _MAX_RECORD_BYTES:
        raise ConfigurationError(f"{path}: the file is too large")
    try:
        record = json.loads(_content(path))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: this is no JSON: {error}") from error
    if not isinstance(record, dict) or not isinstance(record.get(CHECKSUM), str):
        raise ConfigurationError(f"{path}: there is no {CHECKSUM}")
    for name, value in made_from.items():
        if record.get(name) != value:
            raise ConfigurationError(
                f"{folder}: it was made from another encoder than the model's (another {name}): "
                "`dts-ee export` makes one from this model"
            )
    return record[CHECKSUM]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise ConfigurationError(
            f"{path}: there is no such file: --onnx is for a folder that `dts-ee export` wrote"
        ) from error
