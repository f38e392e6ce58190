"""
Words by their characters, each distinct word of a batch once.
"""

from typing import Tuple

import numpy
import torch
from allennlp.modules.token_embedders import TokenCharactersEncoder, TokenEmbedder


@TokenEmbedder.register("distinct_character_encoding")
class DistinctCharactersEncoder(TokenCharactersEncoder):
    """
    AllenNLP's `character_encoding` with the same parameters, weights and values, which encodes a
    word once for all its occurrences in the batch.

    What differs is dropout: a word gets one mask for a batch, the same for each occurrence.

    Registered as a `TokenEmbedder` with name "distinct_character_encoding". It goes with AllenNLP's
    `characters` indexer.

    # Parameters

    embedding : `Embedding`
        What a character is.
    encoder : `Seq2VecEncoder`
        Makes a word's vector of those of its characters.
    dropout : `float`, optional (default = `0.0`)
        Dropout over the vectors of the distinct words.
    """

    def forward(self, token_characters: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        token_characters : `torch.Tensor`
            Shape (batch_size, num_tokens, num_characters): 0 where there is no character.

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
    # Parameters

    rows : `torch.Tensor`
        Shape (num_rows, num_columns), integers.

    # Returns

    `Tuple[torch.Tensor, torch.Tensor]`
        The distinct rows, of shape (num_distinct, num_columns), and which of them each row is, of
        shape (num_rows,).
    """
    array = rows.cpu().contiguous().numpy()
    # Rows as strings of bytes, which are sorted in a fraction of the time that `torch.unique` takes
    # for rows of numbers.
    strings = array.view(numpy.dtype((numpy.void, array.shape[1] * array.itemsize))).squeeze(1)
    _, first, indices = numpy.unique(strings, return_index=True, return_inverse=True)
    distinct = rows.index_select(0, torch.from_numpy(first).to(rows.device))
    return distinct, torch.from_numpy(indices).to(rows.device)
