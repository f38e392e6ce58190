"""
How well relations are extracted.
"""

from typing import Set, Tuple

from allennlp.training.metrics import Metric

from dts_ee.document import Document, Relation
from dts_ee.metrics.counts import Item
from dts_ee.metrics.document_f1 import DocumentF1, ItemSets

SpanPair = Tuple[Tuple[int, int], Tuple[int, int]]


@Metric.register("relation_f1")
class RelationF1(DocumentF1):
    """
    Precision, recall and F1 of relations.

    Registered as a `Metric` with name `"relation_f1"`.

    - strict: a relation is right if its type is, and span and type of its head and of its tail.
      `relation_f1` is the micro average (the counts of all types together), `relation_macro_f1`
      the mean of the relation types' F1s, unweighted, over the types that occur in gold or
      predictions; `_relation_Kill_f1` is that of one type. This is the number to quote.
    - boundaries: as strict, but without the types of the entities: `relation_boundaries_f1`,
      `relation_boundaries_macro_f1`.
    - gold_pairs: as strict, but a predicted relation is left out unless some gold relation, of
      whatever type, has the same span as head and the same as tail: `relation_gold_pairs_f1`,
      `relation_gold_pairs_macro_f1`. Relations that were invented between other entities then cost
      nothing, so the precision is too high to be compared with that of any other protocol. It is
      here because published figures were counted in this way.

    For each there are `precision` and `recall` in place of `f1`. What has nothing to divide by
    is 0.
    """

    name = "relation"
    protocols = ("strict", "boundaries", "gold_pairs")

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
