"""
What a reader makes of a file, and what is to be said about it.
"""

from dataclasses import dataclass, field
from typing import Any, Iterable, Optional, Union

from dts_ee.document import Document, Field

REPEATED_ENTITY = "entity is there twice"
REPEATED_RELATION = "relation is there twice"


@dataclass(frozen=True)
class Remark:
    """
    Something that a conversion could not carry over as it was.

    # Parameters

    problem : `str`
        What kind of thing it is, the same words for all of its kind.
    detail : `str`
        What it is in this case.
    lost : `bool`, optional (default = `True`)
        Whether something of the source is not in the target. Otherwise everything is there, but a
        decision was taken, for example where a mention stands in its sentence.
    document : `str`, optional (default = `None`)
        The identifier of the document that it is about.
    location : `Union[str, Field]`, optional (default = `None`)
        Where it is in the source, for example `line 12`.
    """

    problem: str
    detail: str
    lost: bool = True
    document: Optional[str] = None
    location: Union[str, Field, None] = None

    def to_json(self) -> dict[str, Any]:
        """What reports have; the location is their `place`."""
        return {
            "problem": self.problem,
            "detail": self.detail,
            "lost": self.lost,
            "document": self.document,
            "place": None if self.location is None else str(self.location),
        }

    def __str__(self) -> str:
        parts = [f"document {self.document}"] if self.document else []
        parts += [str(self.location)] if self.location else []
        return f"{', '.join(parts)}: {self.problem}: {self.detail}" if parts else self.detail


@dataclass(frozen=True)
class Corpus:
    """
    The documents of a file, and what reading it could not carry over.

    # Parameters

    documents : `list[Document]`
        The sentences.
    groups : `list[str]`
        For each document, the text which it comes from: sentences of one text are not independent,
        and stay together where a corpus is divided.
    remarks : `list[Remark]`, optional (default = `[]`)
        What was lost or decided.
    """

    documents: list[Document]
    groups: list[str]
    remarks: list[Remark] = field(default_factory=list)

    @classmethod
    def of_sentences(
        cls, documents: Iterable[Document], remarks: Iterable[Remark] = ()
    ) -> "Corpus":
        """A corpus of sentences that have nothing to do with each other."""
        sentences = list(documents)
        return cls(sentences, [str(i) for i in range(len(sentences))], list(remarks))
