from pathlib import Path
from typing import List, Optional, Union

import torch
from allennlp.modules.token_embedders import TokenEmbedder

from dts_ee.modules.frozen_encoders.encoder_files import (
    find_transformer,
    keep_files,
    transformer_files,
)
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder
from dts_ee.modules.frozen_encoders.transformer_encoder import TransformerEncoder


@TokenEmbedder.register("frozen_transformer")
class FrozenTransformerEmbedder(FrozenEmbedder):
    """
    Embeds words by a pretrained transformer that stays as it is, by several of its layers.

    In training a sentence is encoded once, and its features are kept (see `FrozenEmbedder`). One
    that is longer than the encoder's limit is encoded in overlapping windows. It goes with the
    `word_pieces` indexer.

    Registered as a `TokenEmbedder` with name "frozen_transformer".

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub.
    pooling : `str`, optional (default = `"mean"`)
        What a word takes from its pieces: their `"mean"`, or the `"first"`.
    layers : `Union[str, List[int]]`, optional (default = `"all"`)
        Which layers are mixed: 0 is the layer of the embeddings, and negative numbers count from
        the last. What comes after the highest of them is not computed.
    layer_mix : `str`, optional (default = `"trained"`)
        How they are mixed: with weights that are `"trained"`, or by their `"mean"`. Of a mean, the
        features that are kept are as small as those of one layer, and training is faster.
    max_length : `int`, optional (default = `None`)
        The most pieces that are encoded together, with special tokens. `None` is the encoder's own
        limit.
    window_overlap : `int`, optional (default = `None`)
        How many pieces neighbouring windows share. `None` is a quarter of a window.
    batch_size : `int`, optional (default = `32`)
        How many windows are encoded together, at most.
    precision : `str`, optional (default = `"float32"`)
        What the encoder computes in: `"float32"`; `"bfloat16"`, where the processor has it; or
        `"int8"`, on the CPU alone. The other two are faster, and their features are less exact. A
        trained archive can be used with another precision than it was trained with.
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
        layer_mix: str = "trained",
        max_length: Optional[int] = None,
        window_overlap: Optional[int] = None,
        batch_size: int = 32,
        precision: str = "float32",
        cache_dir: Optional[str] = None,
        memory_limit_gib: float = 4.0,
        serialization_dir: Optional[str] = None,
    ) -> None:
        folder = find_transformer(model_name, serialization_dir)
        encoder = TransformerEncoder(
            folder,
            pooling,
            layers,
            layer_mix,
            max_length,
            window_overlap,
            batch_size,
            precision,
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
