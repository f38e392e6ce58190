"""The metric of named entity recognition."""

from allennlp.training.metrics import Metric

from dts_ee.document import Document
from dts_ee.metrics.document_f1 import DocumentF1, ItemSets


@Metric.register("entity_f1")
class EntityF1(DocumentF1):
    """
    Precision, recall and F1 of entities.

    Registered as a `Metric` with name `"entity_f1"`.

    - strict: an entity is correct if its span and its type are. `entity_f1` is the micro average,
      over the counts of all types together. `entity_macro_f1` is the unweighted mean over the types
      that occur in gold or predictions. `_entity_Peop_f1` is the score of one type.
    - boundaries: an entity is correct if its span is. `entity_boundaries_f1` is the micro average.
      Types are ignored, so there is no macro average.

    The names of precision and recall have `precision` and `recall` instead of `f1`. A score with a
    division by 0 is 0.
    """

    name = "entity"
    protocols = ("strict", "boundaries")
    untyped_protocols = ("boundaries",)

    def items(self, protocol: str, predicted: Document, gold: Document) -> ItemSets:
        if protocol == "strict":
            return (
                {(entity.type, entity.span) for entity in predicted.entities},
                {(entity.type, entity.span) for entity in gold.entities},
            )
        return (
            {("entity", entity.span) for entity in predicted.entities},
            {("entity", entity.span) for entity in gold.entities},
        )
