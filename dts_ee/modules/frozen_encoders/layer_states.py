"""The hidden states of the layers that are used."""

import functools
from typing import Sequence, Tuple

import torch


class LayerStates(torch.nn.Module):
    """
    Runs a transformer for the hidden states of some of its layers, or for their mean.

    # Parameters

    network : `torch.nn.Module`
        A transformer of Hugging Face.
    layers : `Sequence[int]`
        The layers; 0 is the embedding layer.
    takes_mean : `bool`
        Whether the mean of the layers is returned in their place.
    """

    def __init__(self, network: torch.nn.Module, layers: Sequence[int], takes_mean: bool) -> None:
        super().__init__()
        self._network = network
        self._layers = tuple(layers)
        self._takes_mean = takes_mean

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor
    ) -> Tuple[torch.Tensor, ...]:
        """
        # Parameters

        input_ids : `torch.Tensor`
            Shape `(batch_size, length)`, word pieces.
        attention_mask : `torch.Tensor`
            Shape `(batch_size, length)`, 0 at padding and 1 elsewhere.

        # Returns

        `Tuple[torch.Tensor, ...]`
            One tensor for each layer, or one alone if it is the mean, of shape `(batch_size,
            length, dim)`, float32.
        """
        outputs = self._network(
            input_ids=input_ids,
            attention_mask=attention_mask,
            output_hidden_states=True,
            return_dict=True,
        )
        # A network whose layers are all removed has only its last state, the embeddings.
        hidden_states = outputs.hidden_states or (outputs.last_hidden_state,)
        selected = tuple(hidden_states[layer].float() for layer in self._layers)
        if not self._takes_mean:
            return selected
        # One by one, because a stack of all layers would not fit the processor's cache.
        return (functools.reduce(torch.add, selected) / len(selected),)
