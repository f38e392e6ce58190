"""A transformer that reads the sentence of a pair with markers around both entities."""

from typing import Any, List, Optional, Tuple

import numpy
import torch
from allennlp.common.checks import ConfigurationError
from torch.nn.utils.rnn import pad_sequence
from torch.utils.checkpoint import checkpoint

from dts_ee.modules.entity_batch import EntityBatch
from dts_ee.modules.frozen_encoders.encoder_files import (
    find_transformer,
    keep_files,
    transformer_files,
)
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_tokenizer
from dts_ee.modules.frozen_encoders.transformer_network import (
    load_network,
    position_limit,
    special_ids,
)
from dts_ee.modules.pair_features.pair_feature import PairFeature

_NUM_MARKERS = 4


@PairFeature.register("entity_markers")
class EntityMarkersFeature(PairFeature):
    """
    A transformer encodes the sentence of a pair with markers before and after both entities, and
    the feature is its last vectors of the two markers before them, head first (Zhong and Chen
    2021, PURE, arXiv 2010.12812, §3.2; the markers have no types here).

    The transformer is fine-tuned, and is another one than that of the embedded tokens. It runs once
    for every unordered pair of entities, which is several times as much work as one run for each
    sentence: it is for a GPU. Of a sentence that is too long for it, the word pieces that are
    farthest from both entities are left out.

    The names of its parameters contain `trained_layers`; see `FineTunedTransformerEmbedder`.

    Registered as a `PairFeature` with name "entity_markers".

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub.
    indexer : `str`
        The name of the token indexer `word_pieces` that has the same `model_name`.
    gradient_checkpointing : `bool`, optional (default = `False`)
        Whether the backward pass computes the layers' output again, which takes time and saves
        memory.
    max_pairs_at_once : `int`, optional (default = `64`)
        The largest number of pairs that are encoded together. Of more, the backward pass computes
        the output again.
    serialization_dir : `str`, optional (default = `None`)
        See `FrozenTransformerEmbedder`. AllenNLP fills it in.

    # Raises

    `ConfigurationError`
        If the encoder is not found, or its weights are not complete; and in `forward`, if there is
        no such indexer.
    """

    def __init__(
        self,
        model_name: str,
        indexer: str,
        gradient_checkpointing: bool = False,
        max_pairs_at_once: int = 64,
        serialization_dir: Optional[str] = None,
    ) -> None:
        super().__init__()
        if max_pairs_at_once < 1:
            raise ConfigurationError(f"max_pairs_at_once is {max_pairs_at_once}, less than 1.")
        folder = find_transformer(model_name, serialization_dir)
        network: Any = load_network(folder)
        tokenizer = load_tokenizer(str(folder))
        self._prefix, self._suffix = special_ids(tokenizer)
        self._padding_id: int = tokenizer.pad_token_id or 0
        limit = min(position_limit(network), tokenizer.model_max_length)
        self._capacity = limit - len(self._prefix) - len(self._suffix) - _NUM_MARKERS
        # Those before and after the first entity of the sentence, and before and after the second.
        self._first_marker: int = network.get_input_embeddings().num_embeddings
        network.resize_token_embeddings(self._first_marker + _NUM_MARKERS, mean_resizing=False)
        if gradient_checkpointing:
            network.activation_checkpointing_enable({"use_reentrant": False})
        self.trained_layers = network
        self._dim: int = network.config.hidden_size
        self._indexer = indexer
        self._max_pairs = max_pairs_at_once
        if serialization_dir is not None:
            keep_files(model_name, transformer_files(folder), serialization_dir)

    def get_output_dim(self) -> int:
        return 2 * self._dim

    def forward(
        self, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor, prepared: Any
    ) -> torch.Tensor:
        ids, word_starts = self._pieces(entities)
        keys = torch.stack([torch.minimum(heads, tails), torch.maximum(heads, tails)], dim=1)
        # Shape: (num_unordered_pairs, 2), and (num_pairs,)
        pairs, indices = torch.unique(keys, dim=0, return_inverse=True)
        sequences, places = [], []
        for pair in pairs.tolist():
            spans = [self._piece_span(entities, word_starts, entity) for entity in pair]
            sequence, place = self._marked(ids[int(entities.sentences[pair[0]])], spans)
            sequences.append(torch.from_numpy(sequence).to(heads.device))
            places.append(place)
        # Shape: (num_unordered_pairs, 2, dim)
        states = self._encode(sequences, torch.tensor(places, device=heads.device))[indices]
        # Whether a pair's head is the second entity of its unordered pair.
        swapped = (heads > tails).view(-1, 1, 1)
        return torch.where(swapped, states.flip(1), states).flatten(1)

    def _pieces(self, entities: EntityBatch) -> Tuple[List[numpy.ndarray], List[numpy.ndarray]]:
        """
        The word pieces of each sentence and those around it, and the index of each word's first one
        and of the sentence's end.
        """
        found = (entities.text or {}).get(self._indexer, {})
        if "piece_ids" not in found:
            raise ConfigurationError(
                f"entity_markers: there is no token indexer {self._indexer!r} of type "
                f"`word_pieces`; the indexers are {', '.join(entities.text or ['none'])}"
            )
        counts = found["piece_counts"].cpu().numpy()
        around = numpy.zeros((len(counts), 2), dtype=numpy.int64)
        if "context" in found:
            around = found["context"].cpu().numpy()
        starts = [
            before + numpy.concatenate([[0], row.cumsum()])
            for (before, _), row in zip(around, counts, strict=True)
        ]
        all_ids = found["piece_ids"].cpu().numpy()
        ids = [
            row[: words[-1] + after]
            for row, words, (_, after) in zip(all_ids, starts, around, strict=True)
        ]
        return ids, starts

    @staticmethod
    def _piece_span(
        entities: EntityBatch, word_starts: List[numpy.ndarray], entity: int
    ) -> Tuple[int, int]:
        starts = word_starts[int(entities.sentences[entity])]
        return int(starts[entities.starts[entity]]), int(starts[entities.ends[entity]])

    def _marked(
        self, ids: numpy.ndarray, spans: List[Tuple[int, int]]
    ) -> Tuple[numpy.ndarray, List[int]]:
        """
        The word pieces with markers and special tokens, and the places of the markers before the
        two spans.
        """
        pieces = numpy.arange(len(ids))
        distances = numpy.min(
            [
                numpy.maximum(numpy.maximum(start - pieces, pieces - end + 1), 0)
                for start, end in spans
            ],
            axis=0,
        )
        kept = numpy.sort(numpy.argsort(distances, kind="stable")[: self._capacity])
        # The markers of the entity that begins first; of two that begin together, the longer one.
        first = min((0, 1), key=lambda index: (spans[index][0], -spans[index][1]))
        before: List[Tuple[int, int, int]] = []
        for rank, index in enumerate((first, 1 - first)):
            start, end = numpy.searchsorted(kept, spans[index])
            marker = self._first_marker + 2 * rank
            # At one place, ends come before beginnings, and inner ends before outer ones.
            before.append((int(start), 1 + rank, marker))
            before.append((int(end), -rank, marker + 1))
        sequence = list(self._prefix)
        last = 0
        for place, _, marker in sorted(before):
            sequence += [*ids[kept[last:place]].tolist(), marker]
            last = place
        sequence += [*ids[kept[last:]].tolist(), *self._suffix]
        ranks = (0, 1) if first == 0 else (1, 0)
        places = [sequence.index(self._first_marker + 2 * rank) for rank in ranks]
        return numpy.array(sequence, dtype=numpy.int64), places

    def _encode(self, sequences: List[torch.Tensor], places: torch.Tensor) -> torch.Tensor:
        """Shape: (num_sequences, 2, dim)"""
        if not sequences:
            return self.trained_layers.get_input_embeddings().weight.new_zeros(0, 2, self._dim)
        parts = []
        for start in range(0, len(sequences), self._max_pairs):
            chunk = sequences[start : start + self._max_pairs]
            inputs = pad_sequence(chunk, batch_first=True, padding_value=self._padding_id)
            lengths = torch.tensor([len(sequence) for sequence in chunk], device=inputs.device)
            # Shape: (num_sequences, num_pieces)
            mask = torch.arange(inputs.shape[1], device=inputs.device) < lengths.unsqueeze(1)
            arguments = (inputs, mask, places[start : start + self._max_pairs])
            if torch.is_grad_enabled() and len(sequences) > self._max_pairs:
                parts.append(checkpoint(self._states, *arguments, use_reentrant=False))
            else:
                parts.append(self._states(*arguments))
        return torch.cat(parts)

    def _states(
        self, inputs: torch.Tensor, mask: torch.Tensor, places: torch.Tensor
    ) -> torch.Tensor:
        # Shape: (num_sequences, num_pieces, dim)
        states = self.trained_layers(input_ids=inputs, attention_mask=mask.long())[0]
        return states[torch.arange(len(states), device=states.device).unsqueeze(1), places]
