"""
Word vectors of spaCy's, as they are.
"""

from typing import Optional

import numpy
import torch
from allennlp.modules import TokenEmbedder

from dts_ee.modules.frozen_encoders.encoder_files import find_spacy_vectors, keep_files

# As large as those of GloVe, so that the layers above need not tell the two apart.
_ROOT_MEAN_SQUARE = 0.5


@TokenEmbedder.register("spacy_vectors")
class SpacyVectorsEmbedder(TokenEmbedder):
    """
    Embeds words by spaCy's vectors, many words by the same one; nothing is learned.

    spaCy's medium-sized pipelines have few vectors for many words, which are written in upper and
    lower case. They are scaled, all by the same factor. They are no part of a checkpoint: an
    archive holds the files themselves.

    Registered as a `TokenEmbedder` with name `"spacy_vectors"`.

    # Parameters

    folder : `str`
        That of the indexer `spacy_vectors`.
    serialization_dir : `str`, optional (default = `None`)
        Where the training run keeps its files, or where an archive was extracted. The files are put
        in there for the archive, and taken from there where they are. AllenNLP fills it in.

    # Raises

    `ConfigurationError`
        If the files are not found.
    """

    _vectors: torch.Tensor

    def __init__(self, folder: str, serialization_dir: Optional[str] = None) -> None:
        super().__init__()
        files = find_spacy_vectors(folder, serialization_dir)
        # Shape: (num_vectors, dim)
        vectors = torch.from_numpy(numpy.load(files["vectors"]))
        vectors *= _ROOT_MEAN_SQUARE / vectors.square().mean().sqrt()
        # Shape: (num_vectors + 1, dim); the first row is of padding and of unknown words
        vectors = torch.cat([vectors.new_zeros(1, vectors.shape[1]), vectors])
        self.register_buffer("_vectors", vectors, persistent=False)
        if serialization_dir is not None:
            keep_files(folder, files, serialization_dir)

    def get_output_dim(self) -> int:
        return self._vectors.shape[1]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        tokens : `torch.Tensor`
            Shape (batch_size, num_tokens): what the indexer gave.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, dim).
        """
        return torch.nn.functional.embedding(tokens, self._vectors)
