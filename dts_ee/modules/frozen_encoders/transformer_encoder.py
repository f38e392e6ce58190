"""Frozen pretrained transformers."""

import hashlib
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Union, cast

import numpy
import torch
from allennlp.common.checks import ConfigurationError
from torch.nn.functional import embedding_bag

from dts_ee.modules.frozen_encoders.encoder_precision import check_precision, convert_to_precision
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_tokenizer
from dts_ee.modules.frozen_encoders.frozen_encoder import EncodedWords, FrozenEncoder, Sentence
from dts_ee.modules.frozen_encoders.layer_states import LayerStates
from dts_ee.modules.frozen_encoders.onnx_export import OnnxExport, export_onnx
from dts_ee.modules.frozen_encoders.onnx_network import OnnxNetwork
from dts_ee.modules.frozen_encoders.padded_batches import split_into_padded_batches
from dts_ee.modules.frozen_encoders.transformer_network import (
    architecture,
    drop_layers_above,
    load_network,
    position_limit,
    special_ids,
)
from dts_ee.modules.frozen_encoders.windows import Window, windows_in_context

_POOLINGS = ("mean", "first")
_LAYER_MIXES = ("trained", "mean")
_NO_LIMIT = 1 << 30


class TransformerEncoder(FrozenEncoder):
    """
    A pretrained transformer as a `FrozenEncoder`, which encodes long sentences in windows.

    A `Sentence` is a pair of arrays: the ids of all word pieces, and the number of pieces of each
    word. With the pieces of other sentences around it, there is an array between the two: the
    number of pieces before the sentence and after it.

    # Parameters

    folder : `Path`
        A Hugging Face folder with config.json, safetensors weights and tokenizer.
    pooling, layers, layer_mix, max_length, window_overlap, batch_size, precision
        See `FrozenTransformerEmbedder`.
    with_specials : `bool`, optional (default = `True`)
        Whether to put special tokens around each window. If not, the pieces must include them.
    """

    def __init__(
        self,
        folder: Path,
        pooling: str = "mean",
        layers: Union[str, List[int]] = "all",
        layer_mix: str = "trained",
        max_length: Optional[int] = None,
        window_overlap: Optional[int] = None,
        batch_size: int = 32,
        precision: str = "float32",
        with_specials: bool = True,
    ) -> None:
        if pooling not in _POOLINGS:
            raise ConfigurationError(f"pooling is {pooling!r}; it can be {' or '.join(_POOLINGS)}.")
        if layer_mix not in _LAYER_MIXES:
            raise ConfigurationError(
                f"layer_mix is {layer_mix!r}; it can be {' or '.join(_LAYER_MIXES)}."
            )
        if batch_size < 1:
            raise ConfigurationError(f"batch_size is {batch_size}, less than 1.")
        network = load_network(folder)
        config = network.config
        tokenizer = load_tokenizer(str(folder))
        self._prefix, self._suffix = special_ids(tokenizer) if with_specials else ((), ())
        self._padding_id: int = tokenizer.pad_token_id or 0
        embeddings = cast(torch.nn.Embedding, network.get_input_embeddings())
        self._num_pieces = embeddings.num_embeddings
        self._layers = _select_layers(layers, config.num_hidden_layers + 1)
        drop_layers_above(network, max(self._layers))
        takes_mean = layer_mix == "mean"
        self._layer_mix = layer_mix
        self._pooling = pooling
        self._batch_size = batch_size
        self._precision = precision

        limit = min(position_limit(network), tokenizer.model_max_length)
        if max_length is None:
            max_length = limit
        elif max_length > limit:
            raise ConfigurationError(
                f"max_length is {max_length}, but the encoder in {folder} takes {limit} pieces."
            )
        self._capacity = max_length - len(self._prefix) - len(self._suffix)
        if self._capacity < 1:
            raise ConfigurationError(
                f"max_length {max_length} leaves no room beside the special tokens."
            )
        self._overlap = self._capacity // 4 if window_overlap is None else window_overlap
        if not 0 <= self._overlap < self._capacity:
            raise ConfigurationError(
                f"window_overlap is {self._overlap}; it must be at least 0, and less than the "
                f"{self._capacity} pieces of a window."
            )
        converted = convert_to_precision(network, precision)
        self._layer_states: Callable[..., Tuple[torch.Tensor, ...]] = LayerStates(
            converted, self._layers, takes_mean
        )
        super().__init__(
            converted,
            num_layers=1 if takes_mean else len(self._layers),
            dim=config.hidden_size,
            settings={
                "architecture": architecture(config),
                "special_ids": (self._prefix, self._suffix),
                "layers": self._layers,
                "layer_mix": layer_mix,
                "pooling": pooling,
                "window": (self._capacity, self._overlap),
                "precision": precision,
            },
        )

    def export_onnx(self, folder: Path, int8: bool = False) -> OnnxExport:
        """
        Writes the network, with the selection of its layers, as an ONNX file.

        # Parameters

        folder : `Path`
            A new or empty folder.
        int8 : `bool`, optional (default = `False`)
            Whether to quantise the matrix products to 8-bit integers.

        # Raises

        `ConfigurationError`
            If a package is missing, the precision is not float32, or the network cannot be
            exported.
        `FileExistsError`
            If the folder is not empty.
        """
        made_from = self._made_from()
        assert isinstance(self._layer_states, LayerStates)
        max_length = self._capacity + len(self._prefix) + len(self._suffix)
        return export_onnx(
            self._layer_states, made_from, self._num_pieces, max_length, folder, int8
        )

    def use_onnx(self, folder: Path) -> None:
        """
        Runs the network in onnxruntime from now on, and gives up the one in torch.

        # Parameters

        folder : `Path`
            What `export_onnx` wrote for the same weights and layers.

        # Raises

        `ConfigurationError`
            If a package is missing, the precision is not float32, or the folder is of another
            encoder or damaged.
        """
        network = OnnxNetwork(folder, self._made_from())
        self._layer_states = network
        self._replace_network(torch.nn.Module(), {"onnx": network.checksum})

    def _made_from(self) -> Dict[str, Any]:
        if self._precision != "float32":
            raise ConfigurationError(
                f"precision is {self._precision!r}, and an ONNX file is made from and used in the "
                "place of an encoder in 'float32': --overrides can set it."
            )
        digest = hashlib.sha256()
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(f"{name} {tuple(tensor.shape)}".encode())
            digest.update(tensor.cpu().contiguous().numpy())
        return {
            "weights_sha256": digest.hexdigest(),
            "layers": self._layers,
            "layer_mix": self._layer_mix,
        }

    def _encode(
        self, sentences: Sequence[Sentence], device: torch.device
    ) -> Iterator[EncodedWords]:
        check_precision(self._precision, device)
        piece_ids = numpy.concatenate([sentence[0] for sentence in sentences])
        if piece_ids.max() >= self._num_pieces:
            raise ConfigurationError(
                f"There is a word piece {piece_ids.max()}, but the encoder has {self._num_pieces}: "
                "the `word_pieces` indexer and the `frozen_transformer` embedder must name the "
                "same model."
            )
        # Shape: (num_pieces,), each
        words = _words_of_pieces(sentences)
        continues = numpy.diff(words, prepend=-1) == 0
        is_pooled = words >= 0
        if self._pooling == "first":
            is_pooled &= ~continues
        windows = [
            window
            for window in self._windows(sentences)
            if is_pooled[window.keep_start : window.keep_end].any()
        ]
        parts = self._encode_parts(windows, piece_ids, words, is_pooled, device)
        # Words that are longer than a window are in several windows.
        cut = [words[w.keep_start] for w in windows if continues[w.keep_start]]
        return _join_parts(parts, torch.from_numpy(numpy.unique(cut))) if cut else parts

    def _windows(self, sentences: Sequence[Sentence]) -> List[Window]:
        """The windows of all sentences, as indices into the word pieces of all sentences."""
        windows = []
        offset = 0
        for ids, *context, counts in sentences:
            before, after = context[0].tolist() if context else (0, 0)
            for window in windows_in_context(
                counts.tolist(), before, after, self._capacity, self._overlap
            ):
                windows.append(window.shifted(offset))
            offset += len(ids)
        return windows

    def _encode_parts(
        self,
        windows: Sequence[Window],
        piece_ids: numpy.ndarray,
        words: numpy.ndarray,
        is_pooled: numpy.ndarray,
        device: torch.device,
    ) -> Iterator[EncodedWords]:
        """
        Encodes windows, and averages the vectors of the pieces of each word. If the pieces of a
        word are in several windows, each window gives a part of the average.
        """
        num_pooled = torch.from_numpy(numpy.bincount(words[is_pooled])).to(device).float()
        lengths = [self._padded_length(window.end - window.start) for window in windows]
        for indices in split_into_padded_batches(lengths, self._batch_size, *_batch_costs(device)):
            batch = [windows[i] for i in indices]
            length = lengths[indices[0]]
            kept = [numpy.arange(window.keep_start, window.keep_end) for window in batch]
            kept = [pieces[is_pooled[pieces]] for pieces in kept]
            # Shape: (num_kept,), each
            pieces = numpy.concatenate(kept)
            rows = numpy.repeat(numpy.arange(len(batch)), [len(pieces) for pieces in kept])
            window_starts = numpy.array([window.start for window in batch])
            columns = pieces - window_starts[rows] + len(self._prefix)
            # Whether a word, or its part in a window, begins at the piece.
            begins = (numpy.diff(words[pieces], prepend=-1) != 0) | (
                numpy.diff(rows, prepend=-1) != 0
            )
            # Shape: (num_words,)
            batch_words = torch.from_numpy(words[pieces[begins]])
            flat = torch.from_numpy(rows * length + columns).to(device)
            starts = torch.from_numpy(numpy.flatnonzero(begins)).to(device)
            # Shape: (num_words, 1)
            divisors = num_pooled[batch_words].unsqueeze(1)
            hidden_states = self._run(batch, length, piece_ids, device)
            yield (
                batch_words,
                [
                    embedding_bag(flat, states.flatten(0, 1), starts, mode="sum") / divisors
                    for states in hidden_states
                ],
            )

    def _padded_length(self, num_pieces: int) -> int:
        """
        The length to which a window is padded at least.

        The last bits of what a processor computes depend on how the length fills its registers, and
        so, without this, on the sentences with which a sentence happens to be encoded.
        """
        specials = len(self._prefix) + len(self._suffix)
        length = max(-(-(num_pieces + specials) // 8) * 8, 16)
        return min(length, self._capacity + specials)

    def _run(
        self,
        windows: Sequence[Window],
        length: int,
        piece_ids: numpy.ndarray,
        device: torch.device,
    ) -> Tuple[torch.Tensor, ...]:
        """
        The hidden states of each layer, or only their mean. Shape of each: `(num_windows, length,
        dim)`.
        """
        inputs = numpy.full((len(windows), length), self._padding_id, dtype=numpy.int64)
        attention = numpy.zeros((len(windows), length), dtype=numpy.int64)
        for row, window in enumerate(windows):
            ids = (*self._prefix, *piece_ids[window.start : window.end], *self._suffix)
            inputs[row, : len(ids)] = ids
            attention[row, : len(ids)] = 1
        return self._layer_states(
            torch.from_numpy(inputs).to(device), torch.from_numpy(attention).to(device)
        )


def _words_of_pieces(sentences: Sequence[Sentence]) -> numpy.ndarray:
    """
    The index of the word of each piece among the words of all sentences, and -1 for pieces around a
    sentence. Shape: (num_pieces,)
    """
    parts = []
    num_words = 0
    for _, *context, counts in sentences:
        words = numpy.repeat(numpy.arange(num_words, num_words + len(counts)), counts)
        if context:
            words = numpy.pad(words, context[0], constant_values=-1)
        parts.append(words)
        num_words += len(counts)
    return numpy.concatenate(parts)


def _join_parts(parts: Iterator[EncodedWords], cut: torch.Tensor) -> Iterator[EncodedWords]:
    """Yields all words of the parts; the parts of words in `cut` (sorted) are added up last."""
    sums: List[torch.Tensor] = []
    for words, layers in parts:
        is_cut = torch.isin(words, cut)
        indices = torch.searchsorted(cut, words[is_cut])
        if not sums:
            sums = [layer.new_zeros(len(cut), layer.shape[1]) for layer in layers]
        for total, layer in zip(sums, layers, strict=True):
            total.index_add_(0, indices.to(layer.device), layer[is_cut])
        yield words[~is_cut], [layer[~is_cut] for layer in layers]
    yield cut, sums


def _batch_costs(device: torch.device) -> Tuple[int, int]:
    """`max_tokens` and `call_cost` of `split_into_padded_batches`."""
    if device.type == "cpu":
        # Measured with MiniLM and MPNet on one thread. Larger batches are not faster.
        return 1024, 40
    # As few batches as possible.
    return _NO_LIMIT, _NO_LIMIT


def _select_layers(layers: Union[str, List[int]], num_layers: int) -> List[int]:
    if layers == "all":
        return list(range(num_layers))
    if isinstance(layers, str) or not layers:
        raise ConfigurationError(f'layers is {layers!r}; it can be "all" or a list of numbers.')
    for layer in layers:
        if not -num_layers <= layer < num_layers:
            raise ConfigurationError(
                f"There is no layer {layer}: the encoder has layers 0 to {num_layers - 1}."
            )
    selected = [layer % num_layers for layer in layers]
    if len(set(selected)) < len(selected):
        raise ConfigurationError(f"layers {layers} has a layer twice.")
    return selected
