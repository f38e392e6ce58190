"""The metric of relation extraction."""

from typing import Any, List, Set, Tuple

from allennlp.training.metrics import Metric

from dts_ee.document import Document, Relation
from dts_ee.metrics.counts import Item
from dts_ee.metrics.document_f1 import DocumentF1, ItemSets
from dts_ee.metrics.unrelated_sentences import UnrelatedSentences

SpanPair = Tuple[Tuple[int, int], Tuple[int, int]]


@Metric.register("relation_f1")
class RelationF1(DocumentF1):
    """
    Precision, recall and F1 of relations.

    Registered as a `Metric` with name `"relation_f1"`.

    - strict: a relation is correct if its type is, and the spans and types of its head and tail.
      `relation_f1` is the micro average, over the counts of all types together.
      `relation_macro_f1` is the unweighted mean over the relation types that occur in gold or
      predictions. `_relation_Kill_f1` is the score of one type. Report this protocol.
    - boundaries: as strict, but the types of the entities are ignored: `relation_boundaries_f1`,
      `relation_boundaries_macro_f1`.
    - gold_pairs: as strict, but a predicted relation counts only if a gold relation of any type has
      the same spans as head and tail: `relation_gold_pairs_f1`, `relation_gold_pairs_macro_f1`.
      False relations between other entities do not count, so the precision cannot be compared with
      that of other protocols. It exists because published results were counted in this way.

    The names of precision and recall have `precision` and `recall` instead of `f1`. A score with a
    division by 0 is 0.

    `unrelated` counts the sentences since the last reset in which entities only occur together.
    """

    name = "relation"
    protocols = ("strict", "boundaries", "gold_pairs")

    def __call__(  # type: ignore[override]
        self, predictions: List[Document], gold: List[Document]
    ) -> None:
        super().__call__(predictions, gold)
        for predicted_document, gold_document in zip(predictions, gold, strict=True):
            self.unrelated.count(predicted_document, gold_document)

    def addable_counts(self) -> List[Any]:
        return [*super().addable_counts(), self.unrelated]

    def reset(self) -> None:
        super().reset()
        self.unrelated = UnrelatedSentences()

    def items(self, protocol: str, predicted: Document, gold: Document) -> ItemSets:
        predicted_relations = predicted.relations
        if protocol == "gold_pairs":
            pairs = {_spans(gold, relation) for relation in gold.relations}
            predicted_relations = tuple(
                relation for relation in predicted_relations if _spans(predicted, relation) in pairs
            )
        with_entity_types = protocol != "boundaries"
        return (
            _items(predicted, predicted_relations, with_entity_types),
            _items(gold, gold.relations, with_entity_types),
        )


def _spans(document: Document, relation: Relation) -> SpanPair:
    return document.entities[relation.head].span, document.entities[relation.tail].span


def _items(
    document: Document, relations: Tuple[Relation, ...], with_entity_types: bool
) -> Set[Item]:
    if not with_entity_types:
        return {(relation.type, *_spans(document, relation)) for relation in relations}
    return {
        (relation.type, document.entities[relation.head], document.entities[relation.tail])
        for relation in relations
    }
