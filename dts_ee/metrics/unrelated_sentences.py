"""False relations in sentences where entities only occur together."""

from dataclasses import dataclass

from dts_ee.document import Document


@dataclass
class UnrelatedSentences:
    """
    The sentences that have several gold entities and no gold relation.

    # Parameters

    number : `int`, optional (default = `0`)
        How many there are.
    with_relations : `int`, optional (default = `0`)
        In how many of them a relation is predicted, which is false then.
    """

    number: int = 0
    with_relations: int = 0

    def count(self, predicted: Document, gold: Document) -> None:
        """Counts the sentence of a document, if it is one of them."""
        if len(gold.entities) > 1 and not gold.relations:
            self.number += 1
            self.with_relations += bool(predicted.relations)

    def add(self, other: "UnrelatedSentences") -> None:
        """Adds other counts."""
        self.number += other.number
        self.with_relations += other.with_relations

    def __str__(self) -> str:
        rate = 100 * self.with_relations / max(self.number, 1)
        return (
            f"Sentences with several entities and no relation: {self.number:,}; with a predicted "
            f"relation: {self.with_relations:,} ({rate:.1f} %)"
        )
