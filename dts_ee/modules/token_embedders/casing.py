"""Embeds tokens by their casing."""

import torch
from allennlp.modules import TokenEmbedder


@TokenEmbedder.register("casing")
class CasingEmbedder(TokenEmbedder):
    """
    One-hot vectors of the classes of the indexer `casing`, without trained parameters.

    Registered as a `TokenEmbedder` with name `"casing"`.
    """

    num_classes = 7

    def get_output_dim(self) -> int:
        return self.num_classes

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        tokens : `torch.Tensor`
            Shape (batch_size, num_tokens): 1 to 7, and 0 for padding.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, 7), zero at padding.
        """
        # Shape: (batch_size, num_tokens, num_classes + 1)
        one_hot = torch.nn.functional.one_hot(tokens, self.num_classes + 1)
        return one_hot[..., 1:].float()
