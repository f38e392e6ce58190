"""
A corpus that was read from a file, and remarks on the conversion.
"""

from dataclasses import dataclass, field
from typing import Any, Iterable, Optional, Union

from dts_ee.document import Document, Field

REPEATED_ENTITY = "entity is there twice"
REPEATED_RELATION = "relation is there twice"


@dataclass(frozen=True)
class Remark:
    """
    Something that was lost or changed in a conversion.

    # Parameters

    problem : `str`
        The kind of problem; all remarks of a kind have the same text.
    detail : `str`
        The details of this case.
    lost : `bool`, optional (default = `True`)
        Whether something of the source is lost. Otherwise a decision was taken, for example on the
        position of a mention in its sentence.
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
        """The remark as it is in reports, with the location as `place`."""
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
    The documents of a file, and remarks on reading it.

    # Parameters

    documents : `list[Document]`
        The sentences.
    groups : `list[str]`
        The text that each document comes from. Sentences of one text are not independent, and stay
        together when a corpus is divided.
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
        """A corpus of independent sentences: each is its own group."""
        sentences = list(documents)
        return cls(sentences, [str(i) for i in range(len(sentences))], list(remarks))
