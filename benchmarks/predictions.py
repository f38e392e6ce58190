"""Whole predictions by an archive, and what the encoder in it does by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel, AutoTokenizer, PreTrainedModel

import dts_ee  # noqa: F401  (registers what an archive names)
from benchmarks.encoder_clock import EncoderClock, find_encoder

Words = tuple[str, ...]


@dataclass
class Prediction:
    """
    Whole predictions by one archive, and how much of each is in the encoder.

    # Parameters

    predictor : `Predictor`
        The archive's.
    clock : `EncoderClock`
        That of its encoder.
    encoder_seconds : `dict[str, list[float]]`, optional (default = `{}`)
        By the name of what is predicted: the seconds of each run in the encoder's forward pass.
    """

    predictor: Predictor
    clock: EncoderClock
    encoder_seconds: dict[str, list[float]] = field(default_factory=dict)

    @classmethod
    def load(cls, archive: Path, encoder: str, sentence: Words, precision: str) -> "Prediction":
        """The first sentence is predicted, to find the encoder."""
        embedder = f"model.text_field_embedder.token_embedders.{encoder}"
        overrides = {f"{embedder}.precision": precision, f"{embedder}.cache_dir": None}
        predictor = Predictor.from_archive(load_archive(archive, overrides=overrides))
        network = find_encoder(lambda: predictor.predict_batch_json([{"tokens": list(sentence)}]))
        return cls(predictor, EncoderClock(network))

    def of(self, name: str, batches: Sequence[Sequence[Words]]) -> Callable[[], None]:
        """A call that predicts the batches, one after the other."""
        inputs = [[{"tokens": list(words)} for words in batch] for batch in batches]
        # In a batch, what is one sentence to an encoder that knows no case is encoded once.
        expected = sum(len({tuple(map(str.lower, words)) for words in batch}) for batch in batches)
        seconds = self.encoder_seconds.setdefault(name, [])

        def predict() -> None:
            self.clock.reset()
            for batch in inputs:
                self.predictor.predict_batch_json(batch)
            if self.clock.num_sequences < expected:
                raise RuntimeError(
                    f"the encoder saw {self.clock.num_sequences} of {expected} sentences: features "
                    "came from a cache"
                )
            seconds.append(self.clock.seconds)

        return predict


class BareEncoder:
    """
    What a user of the encoder alone would do: tokenised batches through the network.

    # Parameters

    folder : `Path`
        The Hugging Face folder.
    """

    def __init__(self, folder: Path) -> None:
        config = AutoConfig.from_pretrained(str(folder))
        self._network: PreTrainedModel = AutoModel.from_config(config, add_pooling_layer=False)
        # Not by `from_pretrained`: older versions of transformers cannot read safetensors.
        weights = load_file(str(folder / "model.safetensors"))
        missing = self._network.load_state_dict(weights, strict=False).missing_keys
        if missing:
            raise RuntimeError(f"{folder} has no weights for {missing}")
        self._network.eval()
        self._tokenizer = AutoTokenizer.from_pretrained(str(folder))

    def of(self, batches: Sequence[Sequence[Words]]) -> Callable[[], None]:
        """A call that encodes the batches, each padded to its longest, one after the other."""
        inputs = [self._pad(batch) for batch in batches]

        def encode() -> None:
            with torch.inference_mode():
                for batch in inputs:
                    self._network(**batch)

        return encode

    def num_pieces(self, words: Words) -> int:
        """The length of a sentence, as the encoder sees it."""
        return len(self._ids([words])[0])

    def _ids(self, batch: Sequence[Words]) -> list[list[int]]:
        sentences = [list(words) for words in batch]
        return self._tokenizer(sentences, is_split_into_words=True)["input_ids"]

    def _pad(self, batch: Sequence[Words]) -> dict[str, torch.Tensor]:
        ids = [torch.tensor(sentence) for sentence in self._ids(batch)]
        padded = torch.nn.utils.rnn.pad_sequence(
            ids, batch_first=True, padding_value=self._tokenizer.pad_token_id
        )
        lengths = torch.tensor([len(sentence) for sentence in ids])
        mask = torch.arange(padded.shape[1]) < lengths.unsqueeze(1)
        # Shape of each: (batch_size, num_pieces)
        return {"input_ids": padded, "attention_mask": mask.long()}
