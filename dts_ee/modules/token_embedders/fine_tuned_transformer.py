"""The embedder with a transformer whose top layers are trained."""

from pathlib import Path
from threading import get_ident
from typing import Any, List, Optional, Sequence, Tuple, Union, cast

import numpy
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.from_params import takes_arg
from allennlp.modules.token_embedders import TokenEmbedder
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel

from dts_ee.modules.frozen_encoders.encoder_files import (
    find_transformer,
    keep_files,
    transformer_files,
)
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_tokenizer
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder
from dts_ee.modules.frozen_encoders.transformer_encoder import TransformerEncoder
from dts_ee.modules.frozen_encoders.transformer_network import (
    drop_layers_above,
    load_network,
    position_limit,
    special_ids,
)
from dts_ee.modules.frozen_encoders.windows import windows_in_context

_ALL_LAYERS = {"output_hidden_states": True, "return_dict": True}


@TokenEmbedder.register("fine_tuned_transformer")
class FineTunedTransformerEmbedder(TokenEmbedder):
    """
    Embeds words by a pretrained transformer, and fine-tunes its top layers, or all of its layers.

    The layers below them are frozen: in training, their output is computed once for each sentence
    and cached (see `FrozenEmbedder`). The vector of a word is the mean over its word pieces and
    over the trained layers. A sentence that is longer than the encoder's limit is encoded in
    overlapping windows.

    The names of the trained parameters contain `trained_layers`. They need a smaller learning rate
    than the other parameters of the model: see `parameter_groups` of AllenNLP's optimizers.

    Registered as a `TokenEmbedder` with name "fine_tuned_transformer". Use it with the
    `word_pieces` indexer.

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub.
    num_trained_layers : `Union[int, str]`, optional (default = `3`)
        The number of layers to train, or `"all"` for all layers and the embeddings below them.
    highest_layer : `int`, optional (default = `None`)
        The highest layer to train, counted from 1. The layers above it are not computed. `None` for
        the encoder's last layer.
    cache_dir : `str`, optional (default = `None`)
        See `FrozenEmbedder`. The cached features have one vector for each word piece. With
        `num_trained_layers: "all"` there is nothing to cache.
    memory_limit_gib : `float`, optional (default = `4.0`)
        See `FeatureCache`.
    gradient_checkpointing : `bool`, optional (default = `False`)
        With `num_trained_layers: "all"`, whether the backward pass computes the layers' output
        again, which takes time and saves memory.
    serialization_dir : `str`, optional (default = `None`)
        See `FrozenTransformerEmbedder`. AllenNLP fills it in.

    # Raises

    `ConfigurationError`
        If the encoder is not found, its weights are not complete, it does not have these layers, or
        gradients of some layers alone are to be checkpointed.
    """

    def __init__(
        self,
        model_name: str,
        num_trained_layers: Union[int, str] = 3,
        highest_layer: Optional[int] = None,
        cache_dir: Optional[str] = None,
        memory_limit_gib: float = 4.0,
        gradient_checkpointing: bool = False,
        serialization_dir: Optional[str] = None,
    ) -> None:
        super().__init__()
        if gradient_checkpointing and num_trained_layers != "all":
            raise ConfigurationError('gradient_checkpointing needs num_trained_layers: "all".')
        folder = find_transformer(model_name, serialization_dir)
        network = load_network(folder)
        num_layers = network.config.num_hidden_layers
        highest = num_layers if highest_layer is None else highest_layer
        num_below = 0
        if isinstance(num_trained_layers, int):
            num_below = highest - num_trained_layers
        if (
            not (isinstance(num_trained_layers, int) or num_trained_layers == "all")
            or not 0 <= num_below < highest <= num_layers
        ):
            raise ConfigurationError(
                f"num_trained_layers is {num_trained_layers!r}, and the highest is {highest}; the "
                f"encoder has layers 1 to {num_layers}, and num_trained_layers can be a number or "
                '"all".'
            )
        drop_layers_above(network, highest)
        self._dim: int = network.config.hidden_size
        self._num_used_layers = highest
        tokenizer = load_tokenizer(str(folder))
        self._specials = special_ids(tokenizer)
        self._padding_id: int = tokenizer.pad_token_id or 0
        limit = min(position_limit(network), tokenizer.model_max_length)
        self._capacity = limit - sum(map(len, self._specials))
        self._below: Optional[FrozenEmbedder] = None
        self.trained_layers: Any = network
        if gradient_checkpointing:
            network.activation_checkpointing_enable({"use_reentrant": False})
        if num_trained_layers != "all":
            self.trained_layers, self._mask_is_additive = _layers_above(network, num_below, folder)
            self._below = FrozenEmbedder(
                TransformerEncoder(folder, layers=[num_below], with_specials=False),
                f"{Path(model_name).name}-pieces",
                cache_dir,
                memory_limit_gib,
            )
        if serialization_dir is not None:
            keep_files(model_name, transformer_files(folder), serialization_dir)

    def get_output_dim(self) -> int:
        return self._dim

    def forward(
        self,
        piece_ids: torch.LongTensor,
        piece_counts: torch.LongTensor,
        mask: torch.BoolTensor,
        context: Optional[torch.LongTensor] = None,
    ) -> torch.Tensor:
        """
        # Parameters

        piece_ids : `torch.LongTensor`
            Shape `(batch_size, num_pieces)`, the word pieces of a sentence without special tokens.
        piece_counts : `torch.LongTensor`
            Shape `(batch_size, num_words)`, the number of word pieces of each word.
        mask : `torch.BoolTensor`
            Shape `(batch_size, num_words)`.
        context : `torch.LongTensor`, optional (default = `None`)
            See `FrozenTransformerEmbedder`.

        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_words, dim)`, zero at padding.
        """
        counts = [
            row[:num_words]
            for row, num_words in zip(
                piece_counts.cpu().numpy(), mask.sum(dim=1).tolist(), strict=True
            )
        ]
        around = numpy.zeros((len(mask), 2), int) if context is None else context.cpu().numpy()
        windows, kept = self._windows(piece_ids.cpu().numpy(), counts, around)
        # Shape: (sum of piece counts, dim), the pieces of all sentences
        pieces = self._encode(windows, kept, mask.device)
        # Shape: (sum of word counts,)
        all_counts = torch.from_numpy(numpy.concatenate(counts)).to(mask.device)
        # Shape: (sum of piece counts,)
        words = torch.arange(len(all_counts), device=mask.device).repeat_interleave(all_counts)
        # Shape: (sum of word counts, dim)
        sums = pieces.new_zeros(len(all_counts), self._dim).index_add(0, words, pieces)
        # Shape: (batch_size, num_words, dim)
        embedded = sums.new_zeros(*mask.shape, self._dim)
        embedded[mask] = sums / all_counts.unsqueeze(1)
        return embedded

    def _windows(
        self, piece_ids: numpy.ndarray, counts: Sequence[numpy.ndarray], context: numpy.ndarray
    ) -> Tuple[List[numpy.ndarray], List[slice]]:
        """The word pieces of each window, with special tokens, and the range of those to use."""
        prefix, suffix = (numpy.array(ids, dtype=piece_ids.dtype) for ids in self._specials)
        windows, kept = [], []
        for ids, (before, after), sentence_counts in zip(
            piece_ids, context.tolist(), counts, strict=True
        ):
            # As with a frozen encoder.
            overlap = self._capacity // 4
            for window in windows_in_context(
                sentence_counts.tolist(), before, after, self._capacity, overlap
            ):
                windows.append(numpy.concatenate([prefix, ids[window.start : window.end], suffix]))
                shift = len(prefix) - window.start
                kept.append(slice(window.keep_start + shift, window.keep_end + shift))
        return windows, kept

    def _encode(
        self, windows: Sequence[numpy.ndarray], kept: Sequence[slice], device: torch.device
    ) -> torch.Tensor:
        """Shape: `(num_kept, dim)`, in the order of the windows."""
        if not windows:
            return torch.zeros(0, self._dim, device=device)
        lengths = torch.tensor([len(window) for window in windows], device=device)
        # Shape: (num_windows, num_pieces)
        mask = torch.arange(int(lengths.max()), device=device) < lengths.unsqueeze(1)
        if self._below is None:
            ids = [torch.from_numpy(window).to(device) for window in windows]
            # Shape: (num_windows, num_pieces)
            inputs = pad_sequence(ids, batch_first=True, padding_value=self._padding_id)
            outputs = self.trained_layers(
                input_ids=inputs, attention_mask=mask.long(), **_ALL_LAYERS
            )
            layers = outputs.hidden_states[1 : self._num_used_layers + 1]
        else:
            # Shape: (num_windows, num_pieces, dim)
            states = self._below.embed([(ids, numpy.ones_like(ids)) for ids in windows], mask)
            layers = _run_layers(self.trained_layers, states, mask, self._mask_is_additive)
        # Shape: (num_windows, num_pieces, dim)
        mean = sum(layers[1:], layers[0]) / len(layers)
        return torch.cat([row[pieces] for row, pieces in zip(mean, kept, strict=True)])


def _layers_above(
    network: PreTrainedModel, num_below: int, folder: Path
) -> Tuple[torch.nn.Module, bool]:
    """
    The layers above the first `num_below` layers, as a separate module, and whether it takes an
    additive mask.

    # Raises

    `ConfigurationError`
        If the separate module gives other results than the network.
    """
    stack: Any = getattr(network, "encoder", None)
    if isinstance(getattr(stack, "layer", None), torch.nn.ModuleList):
        # Shape: (2, 3)
        ids = torch.tensor([[5, 6, 7], [8, 9, 10]]) % network.config.vocab_size
        mask = torch.tensor([[True, True, True], [True, True, False]])
        with torch.no_grad():
            expected = network(
                input_ids=ids, attention_mask=mask.long(), **_ALL_LAYERS
            ).hidden_states[num_below:]
            del stack.layer[:num_below]
            # DeBERTa's layers take the mask itself, those of other models an additive mask.
            for is_additive in (True, False):
                try:
                    layers = _run_layers(stack, expected[0], mask, is_additive)
                except (AttributeError, IndexError, RuntimeError, TypeError, ValueError):
                    continue
                if all(
                    torch.allclose(layer[mask], other[mask], atol=1e-4, rtol=1e-3)
                    for layer, other in zip(layers, expected[1:], strict=True)
                ):
                    return stack, is_additive
    raise ConfigurationError(
        f"The encoder in {folder} ({network.config.model_type}) has no layers that can be trained "
        'apart from those below them: num_trained_layers has to be "all".'
    )


def _run_layers(
    stack: torch.nn.Module, states: torch.Tensor, mask: torch.Tensor, is_additive: bool
) -> Sequence[torch.Tensor]:
    """
    Runs a stack of transformer layers.

    # Parameters

    stack : `torch.nn.Module`
        The layers.
    states : `torch.Tensor`
        Shape `(num_windows, num_pieces, dim)`: the input of the first layer.
    mask : `torch.Tensor`
        Shape `(num_windows, num_pieces)`, boolean.
    is_additive : `bool`
        Whether the layers add the mask to their attention scores.

    # Returns

    `Sequence[torch.Tensor]`
        The output of each layer, of the shape of `states`.
    """
    # Shape: (num_windows, num_pieces)
    attention_mask = mask.long()
    if is_additive:
        # Shape: (num_windows, 1, 1, num_pieces)
        attention_mask = (~mask)[:, None, None, :] * torch.finfo(states.dtype).min
    if takes_arg(stack.forward, "output_hidden_states"):
        outputs = stack(states, attention_mask=attention_mask, **_ALL_LAYERS)
        return outputs.hidden_states[1:]
    # Since transformers 5, most stacks do not return the output of each layer.
    kept: List[torch.Tensor] = []
    thread = get_ident()

    def keep(layer: torch.nn.Module, inputs: Any, output: Any) -> None:
        # Other threads may run the same layers.
        if get_ident() == thread:
            kept.append(output if isinstance(output, torch.Tensor) else output[0])

    hooks = [layer.register_forward_hook(keep) for layer in cast(Any, stack).layer]
    try:
        stack(states, attention_mask=attention_mask)
    finally:
        for hook in hooks:
            hook.remove()
    return kept
