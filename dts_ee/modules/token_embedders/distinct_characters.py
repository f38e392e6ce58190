"""Character-based token embeddings that encode each distinct word of a batch once."""

from typing import Tuple

import numpy
import torch
from allennlp.modules.token_embedders import TokenCharactersEncoder, TokenEmbedder


@TokenEmbedder.register("distinct_character_encoding")
class DistinctCharactersEncoder(TokenCharactersEncoder):
    """
    AllenNLP's `character_encoding`, which encodes a word once for all its occurrences in the batch.

    Parameters, weights and values are the same. Only dropout differs: all occurrences of a word in
    a batch have the same dropout mask.

    Registered as a `TokenEmbedder` with name "distinct_character_encoding". Use it with AllenNLP's
    `characters` indexer.

    # Parameters

    embedding : `Embedding`
        Embeds characters.
    encoder : `Seq2VecEncoder`
        Encodes the characters of a word as a vector.
    dropout : `float`, optional (default = `0.0`)
        Dropout on the vectors of the distinct words.
    """

    def forward(self, token_characters: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        token_characters : `torch.Tensor`
            Shape (batch_size, num_tokens, num_characters): character ids, 0 for padding.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, encoding_dim).
        """
        words, indices = _distinct_rows(token_characters.flatten(0, 1))
        # Shape: (1, num_words, encoding_dim)
        encoded = super().forward(words.unsqueeze(0))
        # Shape: (batch_size * num_tokens, encoding_dim)
        tokens = encoded.squeeze(0).index_select(0, indices)
        return tokens.view(*token_characters.shape[:2], -1)


def _distinct_rows(rows: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """
    `torch.unique(rows, return_inverse=True, dim=0)`, but faster.

    # Parameters

    rows : `torch.Tensor`
        Shape (num_rows, num_columns), integers.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor]`
        The distinct rows, of shape (num_distinct, num_columns), and for each row the index of its
        distinct row, of shape (num_rows,).
    """
    array = rows.cpu().contiguous().numpy()
    # Rows as strings of bytes are sorted much faster than rows of numbers.
    strings = array.view(numpy.dtype((numpy.void, array.shape[1] * array.itemsize))).squeeze(1)
    _, first, indices = numpy.unique(strings, return_index=True, return_inverse=True)
    distinct = rows.index_select(0, torch.from_numpy(first).to(rows.device))
    return distinct, torch.from_numpy(indices).to(rows.device)
