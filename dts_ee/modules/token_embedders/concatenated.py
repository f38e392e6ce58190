from typing import Any, List

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.token_embedders import TokenEmbedder


@TokenEmbedder.register("concatenated")
class ConcatenatedEmbedder(TokenEmbedder):
    """
    Several embedders of the same input, one after the other in the result.

    AllenNLP's `basic` text field embedder concatenates too, but gives every input to one embedder.

    Registered as a `TokenEmbedder` with name "concatenated".

    # Parameters

    embedders : `List[TokenEmbedder]`
        Each takes the same arguments.

    # Raises

    `ConfigurationError`
        If there is none.
    """

    def __init__(self, embedders: List[TokenEmbedder]) -> None:
        super().__init__()
        if not embedders:
            raise ConfigurationError("A `concatenated` embedder must have at least one embedder.")
        self._dim = sum(embedder.get_output_dim() for embedder in embedders)
        self._embedders = torch.nn.ModuleList(embedders)

    def get_output_dim(self) -> int:
        return self._dim

    def forward(self, *inputs: Any, **named_inputs: Any) -> torch.Tensor:
        """
        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_tokens, dim)`, where `dim` is the sum of those of the embedders.
        """
        return torch.cat(
            [embedder(*inputs, **named_inputs) for embedder in self._embedders], dim=-1
        )
