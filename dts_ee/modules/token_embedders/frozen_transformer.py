from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

import numpy
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.from_params import takes_arg
from allennlp.modules.token_embedders import TokenEmbedder
from safetensors.torch import load_file
from transformers import (
    MODEL_MAPPING,
    AutoConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from dts_ee.encoder_files import find_transformer, keep_files, load_tokenizer, transformer_files
from dts_ee.modules.token_embedders.frozen_embedder import (
    FrozenEmbedder,
    FrozenEncoder,
    Sentence,
)
from dts_ee.modules.windows import Window, split_into_windows

_POOLINGS = ("mean", "first")


class TransformerEncoder(FrozenEncoder):
    """
    A pretrained transformer as a `FrozenEncoder`: windows in, vectors of words out.

    A `Sentence` is a pair of arrays: the ids of all pieces, and the number of pieces of each word.

    # Parameters

    folder : `Path`
        A Hugging Face folder with config.json, safetensors weights and tokenizer.
    pooling, layers, max_length, window_overlap, batch_size
        See `FrozenTransformerEmbedder`.
    """

    def __init__(
        self,
        folder: Path,
        pooling: str = "mean",
        layers: Union[str, List[int]] = "all",
        max_length: Optional[int] = None,
        window_overlap: Optional[int] = None,
        batch_size: int = 32,
    ) -> None:
        if pooling not in _POOLINGS:
            raise ConfigurationError(f"pooling is {pooling!r}; it can be {' or '.join(_POOLINGS)}.")
        if batch_size < 1:
            raise ConfigurationError(f"batch_size is {batch_size}, less than 1.")
        network = _load_network(folder)
        config = network.config
        tokenizer = load_tokenizer(str(folder))
        self._prefix, self._suffix = _special_ids(tokenizer)
        self._padding_id: int = tokenizer.pad_token_id or 0
        self._num_pieces: int = network.get_input_embeddings().num_embeddings
        self._layers = _select_layers(layers, config.num_hidden_layers + 1)
        self._pooling = pooling
        self._batch_size = batch_size

        limit = min(_position_limit(network), tokenizer.model_max_length)
        if max_length is None:
            max_length = limit
        elif max_length > limit:
            raise ConfigurationError(
                f"max_length is {max_length}, but the encoder in {folder} takes {limit} pieces."
            )
        self._capacity = max_length - len(self._prefix) - len(self._suffix)
        if self._capacity < 1:
            raise ConfigurationError(f"max_length {max_length} leaves no room beside the specials.")
        self._overlap = self._capacity // 4 if window_overlap is None else window_overlap
        if not 0 <= self._overlap < self._capacity:
            raise ConfigurationError(
                f"window_overlap is {self._overlap}; it must be at least 0, and less than the "
                f"{self._capacity} pieces of a window."
            )
        super().__init__(
            network,
            num_layers=len(self._layers),
            dim=config.hidden_size,
            settings={
                "architecture": _architecture(config),
                "special_ids": (self._prefix, self._suffix),
                "layers": self._layers,
                "pooling": pooling,
                "window": (self._capacity, self._overlap),
            },
        )

    def _encode(self, sentences: Sequence[Sentence], device: torch.device) -> List[torch.Tensor]:
        piece_ids = numpy.concatenate([ids for ids, _ in sentences])
        piece_counts = numpy.concatenate([counts for _, counts in sentences])
        if piece_ids.max() >= self._num_pieces:
            raise ConfigurationError(
                f"There is a piece {piece_ids.max()}, but the encoder knows {self._num_pieces}: "
                "the `word_pieces` indexer and the `frozen_transformer` embedder must name the "
                "same model."
            )
        # Shape: (num_layers, num_pieces, dim)
        states = torch.empty(self.num_layers, len(piece_ids), self.dim, device=device)
        # The longest come first, so that one batch holds windows of about the same length.
        windows = sorted(self._windows(sentences), key=lambda w: w.end - w.start, reverse=True)
        for first in range(0, len(windows), self._batch_size):
            self._encode_windows(windows[first : first + self._batch_size], piece_ids, states)
        # Shape: (num_layers, num_words, dim)
        pooled = self._pool(states, torch.from_numpy(piece_counts).to(device))
        return list(pooled.split([len(counts) for _, counts in sentences], dim=1))

    def _windows(self, sentences: Sequence[Sentence]) -> List[Window]:
        """The windows of all sentences, as places in the pieces of all."""
        windows = []
        offset = 0
        for ids, counts in sentences:
            for window in split_into_windows(counts.tolist(), self._capacity, self._overlap):
                windows.append(window.shifted(offset))
            offset += len(ids)
        return windows

    def _encode_windows(
        self, windows: Sequence[Window], piece_ids: numpy.ndarray, states: torch.Tensor
    ) -> None:
        """Encodes `windows` in one batch and puts what is kept of them in its place in `states`."""
        specials = len(self._prefix) + len(self._suffix)
        length = max(window.end - window.start for window in windows) + specials
        # Shape: (num_windows, length)
        inputs = numpy.full((len(windows), length), self._padding_id, dtype=numpy.int64)
        attention = numpy.zeros((len(windows), length), dtype=numpy.int64)
        for row, window in enumerate(windows):
            ids = (*self._prefix, *piece_ids[window.start : window.end], *self._suffix)
            inputs[row, : len(ids)] = ids
            attention[row, : len(ids)] = 1
        hidden_states = self.network(
            input_ids=torch.from_numpy(inputs).to(states.device),
            attention_mask=torch.from_numpy(attention).to(states.device),
            output_hidden_states=True,
            return_dict=True,
        ).hidden_states

        kept = [numpy.arange(window.keep_start, window.keep_end) for window in windows]
        places = torch.from_numpy(numpy.concatenate(kept)).to(states.device)
        rows = numpy.repeat(numpy.arange(len(windows)), [len(each) for each in kept])
        columns = numpy.concatenate(
            [
                each - window.start + len(self._prefix)
                for each, window in zip(kept, windows, strict=True)
            ]
        )
        flat = torch.from_numpy(rows * length + columns).to(states.device)
        for i, layer in enumerate(self._layers):
            # Shape: (num_kept, dim)
            states[i, places] = hidden_states[layer].flatten(0, 1)[flat]

    def _pool(self, states: torch.Tensor, piece_counts: torch.Tensor) -> torch.Tensor:
        if self._pooling == "first":
            return states[:, piece_counts.cumsum(0) - piece_counts]
        # Shape: (num_pieces,)
        words = torch.repeat_interleave(piece_counts)
        sums = states.new_zeros(self.num_layers, len(piece_counts), self.dim)
        return sums.index_add_(1, words, states) / piece_counts.view(1, -1, 1)


@TokenEmbedder.register("frozen_transformer")
class FrozenTransformerEmbedder(FrozenEmbedder):
    """
    Embeds words by a pretrained transformer that stays as it is, with a learned mix of its layers.

    A sentence is encoded once, and its features are kept (see `FrozenEmbedder`). One that is longer
    than the encoder's limit is encoded in overlapping windows. It goes with the `word_pieces`
    indexer.

    Registered as a `TokenEmbedder` with name "frozen_transformer".

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model with safetensors weights, or `hf://` and its name on the
        Hugging Face hub.
    pooling : `str`, optional (default = `"mean"`)
        What a word takes from its pieces: their `"mean"`, or the `"first"`.
    layers : `Union[str, List[int]]`, optional (default = `"all"`)
        Which layers are mixed: 0 is the layer of the embeddings, and negative numbers count from
        the last.
    max_length : `int`, optional (default = `None`)
        The most pieces that are encoded together, with special tokens. `None` is the encoder's own
        limit.
    window_overlap : `int`, optional (default = `None`)
        How many pieces neighbouring windows share. `None` is a quarter of a window.
    batch_size : `int`, optional (default = `32`)
        How many windows are encoded together.
    cache_dir : `str`, optional (default = `None`)
        See `FrozenEmbedder`.
    memory_limit_gib : `float`, optional (default = `4.0`)
        See `FeatureCache`.
    serialization_dir : `str`, optional (default = `None`)
        Where the training run keeps its files, or where an archive was extracted. The encoder's
        files are put in there for the archive, and taken from there where they are. AllenNLP fills
        it in.

    # Raises

    `ConfigurationError`
        If the encoder is not found, its weights are not complete, or an argument does not fit it.
    """

    def __init__(
        self,
        model_name: str,
        pooling: str = "mean",
        layers: Union[str, List[int]] = "all",
        max_length: Optional[int] = None,
        window_overlap: Optional[int] = None,
        batch_size: int = 32,
        cache_dir: Optional[str] = None,
        memory_limit_gib: float = 4.0,
        serialization_dir: Optional[str] = None,
    ) -> None:
        folder = find_transformer(model_name, serialization_dir)
        encoder = TransformerEncoder(
            folder, pooling, layers, max_length, window_overlap, batch_size
        )
        super().__init__(encoder, Path(model_name).name, cache_dir, memory_limit_gib)
        if serialization_dir is not None:
            keep_files(model_name, transformer_files(folder), serialization_dir)

    def forward(
        self, piece_ids: torch.LongTensor, piece_counts: torch.LongTensor, mask: torch.BoolTensor
    ) -> torch.Tensor:
        """
        # Parameters

        piece_ids : `torch.LongTensor`
            Shape `(batch_size, num_pieces)`, the pieces of each sentence without special tokens.
        piece_counts : `torch.LongTensor`
            Shape `(batch_size, num_words)`, the number of pieces of each word.
        mask : `torch.BoolTensor`
            Shape `(batch_size, num_words)`.

        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_words, dim)`, with zeros where there is no word.
        """
        sentences = [
            (ids[: counts.sum()], counts[:num_words])
            for ids, counts, num_words in zip(
                piece_ids.cpu().numpy(),
                piece_counts.cpu().numpy(),
                mask.sum(dim=1).tolist(),
                strict=True,
            )
        ]
        return self.embed(sentences, mask)


def _load_network(folder: Path) -> PreTrainedModel:
    config = AutoConfig.from_pretrained(str(folder))
    if config.is_encoder_decoder or type(config) not in MODEL_MAPPING:
        raise ConfigurationError(
            f"The model in {folder} is no encoder: its type is {config.model_type}."
        )
    files = [folder / "model.safetensors"]
    if not files[0].is_file():
        files = sorted(folder.glob("model-*.safetensors"))
    if not files:
        raise ConfigurationError(f"There are no safetensors weights in {folder}.")
    weights = {}
    for file in files:
        weights.update(load_file(str(file)))
    model_class = MODEL_MAPPING[type(config)]
    options = {}
    if takes_arg(model_class, "add_pooling_layer"):
        # It would be for the whole sentence; the files of some encoders have no weights for it.
        options["add_pooling_layer"] = False
        weights = {name: each for name, each in weights.items() if ".pooler." not in f".{name}"}
    # With the weights at hand, as older versions of transformers cannot read safetensors.
    network, loading = model_class.from_pretrained(
        None, config=config, state_dict=weights, output_loading_info=True, **options
    )
    if loading["missing_keys"] or loading["mismatched_keys"]:
        raise ConfigurationError(
            f"The weights in {folder} do not fit its config.json. Missing: "
            f"{loading['missing_keys']}; of another size: {loading['mismatched_keys']}."
        )
    return network


def _architecture(config: PretrainedConfig) -> str:
    """The configuration without what the encoder's output does not depend on."""
    settings = config.to_dict()
    for name in ("_name_or_path", "transformers_version", "architectures", "torch_dtype"):
        settings.pop(name, None)
    return repr(sorted(settings.items()))


def _position_limit(network: PreTrainedModel) -> int:
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa and its kin (MPNet is one) count positions from behind the padding's index.
            reserved = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - reserved
    return getattr(network.config, "max_position_embeddings", 512)


def _special_ids(tokenizer: PreTrainedTokenizerFast) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """What the tokenizer puts before a text, and what behind it."""
    with_specials = tokenizer("a", add_special_tokens=True)["input_ids"]
    without = tokenizer("a", add_special_tokens=False)["input_ids"]
    for start in range(len(with_specials) - len(without) + 1):
        end = start + len(without)
        if with_specials[start:end] == without:
            return tuple(with_specials[:start]), tuple(with_specials[end:])
    raise ConfigurationError(f"The special tokens of {tokenizer.name_or_path} are not around it.")


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
