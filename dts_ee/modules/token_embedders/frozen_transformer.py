"""The embedder with a frozen transformer."""

from pathlib import Path
from typing import List, Optional, Union

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules.token_embedders import TokenEmbedder

from dts_ee.modules.frozen_encoders.encoder_files import (
    find_transformer,
    keep_files,
    transformer_files,
)
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder
from dts_ee.modules.frozen_encoders.frozen_encoder import Sentence
from dts_ee.modules.frozen_encoders.onnx_export import OnnxExport
from dts_ee.modules.frozen_encoders.transformer_encoder import TransformerEncoder


@TokenEmbedder.register("frozen_transformer")
class FrozenTransformerEmbedder(FrozenEmbedder):
    """
    Embeds words by a frozen pretrained transformer, with a mix of its layers.

    In training, a sentence is encoded once, and its features are cached (see `FrozenEmbedder`). A
    sentence that is longer than the encoder's limit is encoded in overlapping windows.

    Registered as a `TokenEmbedder` with name "frozen_transformer". Use it with the `word_pieces`
    indexer.

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub.
    pooling : `str`, optional (default = `"mean"`)
        How the vectors of word pieces are pooled to the vector of a word: their `"mean"`, or the
        `"first"` one.
    layers : `Union[str, List[int]]`, optional (default = `"all"`)
        The layers to mix: 0 is the embedding layer, and negative numbers count from the last layer.
        The layers above the highest of them are not computed.
    layer_mix : `str`, optional (default = `"trained"`)
        How the layers are mixed: with `"trained"` weights, or by their `"mean"`. With the mean, the
        cached features are as small as those of one layer, and training is faster.
    max_length : `int`, optional (default = `None`)
        The largest number of word pieces in a window, special tokens included. `None` for the
        encoder's own limit.
    window_overlap : `int`, optional (default = `None`)
        The number of word pieces that neighbouring windows share. `None` for a quarter of a window.
    batch_size : `int`, optional (default = `32`)
        The largest number of windows that are encoded together.
    precision : `str`, optional (default = `"float32"`)
        The encoder's numerical precision: `"float32"`; `"bfloat16"`, if the processor supports it;
        or `"int8"`, on the CPU only. The latter two are faster and less exact. An archive can be
        used with another precision than it was trained with.
    cache_dir : `str`, optional (default = `None`)
        See `FrozenEmbedder`.
    memory_limit_gib : `float`, optional (default = `4.0`)
        See `FeatureCache`.
    serialization_dir : `str`, optional (default = `None`)
        The directory of a training run, or an extracted archive; AllenNLP fills it in. The
        encoder's files are copied into it for the archive, or read from it.

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
        self._transformer = encoder
        if serialization_dir is not None:
            keep_files(model_name, transformer_files(folder), serialization_dir)

    def export_onnx(self, folder: Path, int8: bool = False) -> OnnxExport:
        """Writes the encoder as an ONNX file: see `TransformerEncoder.export_onnx`."""
        return self._transformer.export_onnx(folder, int8)

    def use_onnx(self, folder: Path) -> None:
        """Runs the encoder in onnxruntime from now on: see `TransformerEncoder.use_onnx`."""
        self._transformer.use_onnx(folder)
        self._forget_features()

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
            Shape `(batch_size, 2)`, how many of the pieces are before the sentence, and after it.

        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_words, dim)`, zero at padding.
        """
        # Without context, a sentence is a pair, so that features cached before are found.
        around = [[]] * len(mask) if context is None else [[row] for row in context.cpu().numpy()]
        sentences: List[Sentence] = [
            (ids[: counts.sum() + sum(row.sum() for row in pair)], *pair, counts[:num_words])
            for ids, pair, counts, num_words in zip(
                piece_ids.cpu().numpy(),
                around,
                piece_counts.cpu().numpy(),
                mask.sum(dim=1).tolist(),
                strict=True,
            )
        ]
        return self.embed(sentences, mask)


def frozen_transformer_of(model: torch.nn.Module) -> FrozenTransformerEmbedder:
    """
    The frozen transformer of a model.

    # Raises

    `ConfigurationError`
        If it has none, or several.
    """
    found = [part for part in model.modules() if isinstance(part, FrozenTransformerEmbedder)]
    if len(found) != 1:
        raise ConfigurationError(
            f"--onnx is for models with one embedder `frozen_transformer`, and this one has "
            f"{len(found) or 'none'}"
        )
    return found[0]
