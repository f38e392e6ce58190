"""
More training sentences out of few: copies in which entities are other mentions of their types.
"""

import logging
import random
from dataclasses import replace
from typing import Any, Iterable, Mapping, Sequence, cast

from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader, DatasetReader
from allennlp.data.data_loaders import MultiProcessDataLoader

from dts_ee.dataset_readers import DocumentField, SpertReader
from dts_ee.document import Document

logger = logging.getLogger(__name__)


@DataLoader.register("mention_replacement")
class MentionReplacementDataLoader(MultiProcessDataLoader):
    """
    AllenNLP's `multiprocess` loader, which adds copies of the sentences of a small corpus in which
    entities are replaced by other mentions of their types. The relations stay. For NER, this is the
    mention replacement of Dai and Adel (2020, *An analysis of simple data augmentation for named
    entity recognition*).

    All sentences have equally many copies: as many as `max_sentences` allows. The copies depend on
    the data and on `seed` alone, so that the features of a frozen encoder are computed once for all
    trainings. A sentence with a value of a further task (`Document.extra`) is copied as it is,
    because the value might not fit the new mentions; a warning gives the number of such sentences.

    It is for training only: an evaluation would count the copies.

    Registered as a `DataLoader` with name `"mention_replacement"`.

    # Parameters

    reader : `SpertReader`
        The dataset reader.
    data_path : `DataPath`
        The data.
    max_sentences : `int`
        The maximum number of sentences, with the copies. Data with more than half as many has none.
    probability : `float`, optional (default = `0.5`)
        The probability that an entity is replaced.
    seed : `int`, optional (default = `0`)
        The seed of the replacements. They do not depend on `random_seed`.
    kwargs : `Any`
        Further arguments of `multiprocess`, such as `batch_sampler`.

    # Raises

    `ConfigurationError`
        If the reader is not one of this package, `max_sentences` is less than 1, `probability` is
        not between 0 and 1, or `max_instances_in_memory` is set.
    """

    def __init__(
        self,
        reader: DatasetReader,
        data_path: Any,
        *,
        max_sentences: int,
        probability: float = 0.5,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        if not isinstance(reader, SpertReader):
            raise ConfigurationError(
                "the data loader mention_replacement needs a dataset reader of this package, such "
                f"as spert, not {type(reader).__name__}"
            )
        if max_sentences < 1:
            raise ConfigurationError(f"`max_sentences` is {max_sentences}, less than 1")
        if not 0.0 <= probability <= 1.0:
            raise ConfigurationError(f"`probability` is {probability}, not between 0 and 1")
        super().__init__(reader, data_path, **kwargs)
        if self._instances is None:
            raise ConfigurationError(
                "the data loader mention_replacement keeps all sentences in memory: leave "
                "`max_instances_in_memory` out"
            )
        # In distributed training, a process has some of the instances. All processes make as many
        # copies of each, with the mentions of all documents.
        documents = reader.documents(data_path)[: reader.max_instances]
        mentions = mentions_by_type(documents)
        copies_of_each = max_sentences // len(documents) - 1
        originals = [
            cast(DocumentField, instance["metadata"])["document"] for instance in self._instances
        ]
        num_unchanged = sum(bool(document.extra) for document in documents)
        if num_unchanged and copies_of_each > 0:
            logger.warning(
                "%d of %d training sentences have a value of a further task: their copies keep "
                "their entities (data_loader.max_sentences: 1 turns copies off)",
                num_unchanged,
                len(documents),
            )
        self.has_other_mentions = False
        for number in range(copies_of_each):
            for document in originals:
                generator = random.Random(f"{seed} {number} {document.tokens}")
                copy = with_other_mentions(document, mentions, probability, generator)
                if (copy.tokens, copy.entities) != (document.tokens, document.entities):
                    self.has_other_mentions = True
                instance = reader.text_to_instance(copy)
                reader.apply_token_indexers(instance)
                self._instances.append(instance)
        self.num_copies = len(self._instances) - len(originals)


def mentions_by_type(documents: Iterable[Document]) -> dict[str, list[tuple[str, ...]]]:
    """The different mentions of each entity type in documents, in the order of the documents."""
    # A dictionary keeps the order, which a set does not.
    mentions: dict[str, dict[tuple[str, ...], None]] = {}
    for document in documents:
        for entity in document.entities:
            mentions.setdefault(entity.type, {})[document.tokens[entity.start : entity.end]] = None
    return {type: list(of_type) for type, of_type in mentions.items()}


def with_other_mentions(
    document: Document,
    mentions: Mapping[str, Sequence[tuple[str, ...]]],
    probability: float,
    generator: random.Random,
) -> Document:
    """
    A copy of a document in which entities are replaced by other mentions of their types.

    Entities that overlap others are kept. The copy has tokens, but no text of its own.

    # Parameters

    document : `Document`
        The document.
    mentions : `Mapping[str, Sequence[tuple[str, ...]]]`
        The mentions to choose from, by type. An entity is kept if its type has no other one.
    probability : `float`
        The probability that an entity is replaced.
    generator : `random.Random`
        The source of random numbers.

    # Returns

    `Document`
        The copy; the document itself if it has values of further tasks.
    """
    if document.extra:
        return document
    new_mentions = {}
    for index, entity in enumerate(document.entities):
        mention = document.tokens[entity.start : entity.end]
        others = [other for other in mentions.get(entity.type, ()) if other != mention]
        overlaps = any(entity.overlaps(other) for other in document.entities if other is not entity)
        if others and not overlaps and generator.random() < probability:
            new_mentions[index] = generator.choice(others)

    tokens = list(document.tokens)
    growth = []
    for index in sorted(new_mentions, key=lambda i: document.entities[i].start, reverse=True):
        start, end = document.entities[index].span
        tokens[start:end] = new_mentions[index]
        growth.append((end, len(new_mentions[index]) - (end - start)))

    def moved(position: int) -> int:
        return position + sum(number for end, number in growth if end <= position)

    return replace(
        document,
        tokens=tuple(tokens),
        entities=tuple(
            replace(entity, start=moved(entity.start), end=moved(entity.end))
            for entity in document.entities
        ),
        text=None,
        token_offsets=None,
        start_char=None,
        whole_text=None,
    )
