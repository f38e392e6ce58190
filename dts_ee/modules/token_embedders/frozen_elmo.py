"""The embedder with a frozen ELMo."""

import json
from pathlib import Path
from typing import Iterator, Optional, Sequence

import numpy
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.elmo import _ElmoBiLm
from allennlp.modules.token_embedders import TokenEmbedder

from dts_ee.archives.size_limit import limited_parameters
from dts_ee.modules.frozen_encoders.encoder_files import elmo_name, find_elmo, keep_files
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder
from dts_ee.modules.frozen_encoders.frozen_encoder import EncodedWords, FrozenEncoder, Sentence


class ElmoEncoder(FrozenEncoder):
    """
    AllenNLP's ELMo as a `FrozenEncoder`.

    AllenNLP's ELMo keeps its LSTM states between batches, so its output depends on earlier batches.
    Here the states are reset before each batch.

    A `Sentence` is one array: the character ids of each word, of shape `(num_words, 50)`.

    # Parameters

    options_file : `Path`
        ELMo's options, JSON.
    weight_file : `Path`
        ELMo's weights, HDF5.
    batch_size : `int`, optional (default = `32`)
        The number of sentences that are encoded together.
    """

    def __init__(self, options_file: Path, weight_file: Path, batch_size: int = 32) -> None:
        if batch_size < 1:
            raise ConfigurationError(f"batch_size is {batch_size}, less than 1.")
        try:
            options = json.loads(options_file.read_text())
            with limited_parameters(weight_file.stat().st_size):
                network = _ElmoBiLm(str(options_file), str(weight_file))
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            raise ConfigurationError(
                f"ELMo could not be built from {options_file} and {weight_file}: {error!r}"
            ) from error
        self._lstm = network._elmo_lstm
        self._batch_size = batch_size
        super().__init__(
            network,
            num_layers=network.num_layers,
            dim=network.get_output_dim(),
            settings={"options": json.dumps(options, sort_keys=True)},
        )

    def _encode(
        self, sentences: Sequence[Sentence], device: torch.device
    ) -> Iterator[EncodedWords]:
        word_counts = numpy.array([len(characters) for (characters,) in sentences])
        starts = word_counts.cumsum() - word_counts
        # Sorted, so that the sentences of a batch have similar lengths.
        order = numpy.argsort(-word_counts, kind="stable")
        for first in range(0, len(order), self._batch_size):
            batch = order[first : first + self._batch_size]
            # Shape: (batch_size, num_words, num_characters)
            inputs = numpy.zeros(
                (len(batch), word_counts[batch[0]], sentences[0][0].shape[1]), dtype=numpy.int64
            )
            for row, i in enumerate(batch):
                inputs[row, : word_counts[i]] = sentences[i][0]
            self._lstm.reset_states()
            activations = self.network(torch.from_numpy(inputs).to(device))["activations"]
            words = [starts[i] + numpy.arange(word_counts[i]) for i in batch]
            # The first and the last vector of a row are those of the boundary tokens.
            vectors = [
                row * (inputs.shape[1] + 2) + 1 + numpy.arange(word_counts[i])
                for row, i in enumerate(batch)
            ]
            flat = torch.from_numpy(numpy.concatenate(vectors)).to(device)
            yield (
                torch.from_numpy(numpy.concatenate(words)),
                [layer.flatten(0, 1)[flat] for layer in activations],
            )


@TokenEmbedder.register("frozen_elmo")
class FrozenElmoEmbedder(FrozenEmbedder):
    """
    Embeds words by a frozen ELMo ([Peters et al., 2018](https://arxiv.org/abs/1802.05365)), with a
    trained mix of its layers.

    In training, a sentence is encoded once, and its features are cached (see `FrozenEmbedder`).
    Unlike with AllenNLP's `elmo_token_embedder`, they do not depend on earlier sentences.

    Registered as a `TokenEmbedder` with name "frozen_elmo". Use it with AllenNLP's
    `elmo_characters` indexer.

    # Parameters

    options_file : `str`
        ELMo's options, JSON: a path or a URL.
    weight_file : `str`
        ELMo's weights, HDF5: a path or a URL.
    batch_size : `int`, optional (default = `32`)
        The number of sentences that are encoded together.
    cache_dir : `str`, optional (default = `None`)
        See `FrozenEmbedder`.
    memory_limit_gib : `float`, optional (default = `4.0`)
        See `FeatureCache`.
    serialization_dir : `str`, optional (default = `None`)
        The directory of a training run, or an extracted archive; AllenNLP fills it in. ELMo's files
        are copied into it for the archive, or read from it.

    # Raises

    `ConfigurationError`
        If a file is not found, or the two files do not fit together.
    """

    def __init__(
        self,
        options_file: str,
        weight_file: str,
        batch_size: int = 32,
        cache_dir: Optional[str] = None,
        memory_limit_gib: float = 4.0,
        serialization_dir: Optional[str] = None,
    ) -> None:
        files = find_elmo(options_file, weight_file, serialization_dir)
        encoder = ElmoEncoder(files["options.json"], files["weights.hdf5"], batch_size)
        super().__init__(encoder, "elmo", cache_dir, memory_limit_gib)
        if serialization_dir is not None:
            keep_files(elmo_name(options_file, weight_file), files, serialization_dir)

    def forward(self, elmo_tokens: torch.LongTensor) -> torch.Tensor:
        """
        # Parameters

        elmo_tokens : `torch.LongTensor`
            Shape `(batch_size, num_words, 50)`, the character ids of each word, 0 for padding.

        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_words, dim)`, zero at padding.
        """
        # Shape: (batch_size, num_words)
        mask = (elmo_tokens > 0).any(dim=2)
        sentences = [
            (characters[:num_words],)
            for characters, num_words in zip(
                elmo_tokens.cpu().numpy(), mask.sum(dim=1).tolist(), strict=True
            )
        ]
        return self.embed(sentences, mask)
