"""Embeds tokens by spaCy's word vectors."""

from typing import Optional

import numpy
import torch
from allennlp.modules import TokenEmbedder

from dts_ee.modules.frozen_encoders.encoder_files import find_spacy_vectors, keep_files

# That of GloVe vectors, so that the layers above get inputs of the same scale with both.
_ROOT_MEAN_SQUARE = 0.5


@TokenEmbedder.register("spacy_vectors")
class SpacyVectorsEmbedder(TokenEmbedder):
    """
    Embeds words by spaCy's word vectors, which are cased and not trained.

    In spaCy's medium-sized pipelines, many words share a vector. All vectors are scaled by the same
    factor. A checkpoint does not contain them; an archive contains their files.

    Registered as a `TokenEmbedder` with name `"spacy_vectors"`. Use it with the indexer of the same
    name.

    # Parameters

    folder : `str`
        The `folder` of the indexer.
    serialization_dir : `str`, optional (default = `None`)
        The directory of a training run, or an extracted archive; AllenNLP fills it in. The files
        are copied into it for the archive, or read from it.

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
        # The first row is for padding and unknown words.
        # Shape: (num_vectors + 1, dim)
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
            Shape (batch_size, num_tokens): the output of the indexer.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, dim).
        """
        return torch.nn.functional.embedding(tokens, self._vectors)
