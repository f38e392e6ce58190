"""
The one data model: a sentence with its entities and relations.

Gold, predicted and converted data are all `Document`s, so that reading, evaluation, pages and
serving share one path. A `Document` that breaks its own rules cannot be built.
"""

from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from typing import Any, Callable, Mapping, Optional, TypeVar, Union

from dts_ee.characters import is_blank

Function = TypeVar("Function", bound=Callable[..., Any])


FieldParts = tuple[Union[str, int], ...]


class Field(FieldParts):
    """
    Where in a document something is: keys and indices, the outermost first. `("relations", 2,
    "head")` is printed as `relations[2].head`.
    """

    def __str__(self) -> str:
        parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in self]
        return "".join(parts).removeprefix(".")


class DocumentError(ValueError):
    """
    A document that cannot be built or read.

    The message names, as far as each is known, the file, the document and the field.

    # Parameters

    problem : `str`
        What is wrong, and with which value.
    field : `Union[str, FieldParts]`, optional
        Where in the document: a key, or keys and indices, as those of a `Field`.
    document_id : `str`, optional
        The document's own identifier, or its position in the file.
    path : `str`, optional
        The file that it was read from.
    """

    def __init__(
        self,
        problem: str,
        field: Union[str, FieldParts, None] = None,
        document_id: Optional[str] = None,
        path: Optional[str] = None,
    ) -> None:
        self.problem = problem
        self.field = Field((field,) if isinstance(field, str) else field) if field else None
        self.document_id = document_id
        self.path = path
        location = [
            f"{name} {value}"
            for name, value in (("file", path), ("document", document_id), ("field", self.field))
            if value is not None
        ]
        super().__init__(f"{', '.join(location)}: {problem}" if location else problem)

    def located(self, document_id: Optional[str], path: Optional[str]) -> "DocumentError":
        """The same error, with the document and the file that only the caller knows."""
        return DocumentError(
            self.problem, self.field, self.document_id or document_id, self.path or path
        )

    def __reduce__(self) -> Any:
        # Exceptions are pickled by their `args`, which hold only the message; data loaders with
        # worker processes need the whole.
        return DocumentError, (self.problem, self.field, self.document_id, self.path)


@dataclass(frozen=True)
class Entity:
    """
    A typed span: tokens `start` up to, and without, `end`.

    `probability`, between 0 and 1, is the model's, and `None` in gold data. Two entities are equal
    whatever theirs is.
    """

    type: str
    start: int
    end: int
    probability: Optional[float] = dataclass_field(default=None, compare=False)

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    def overlaps(self, other: "Entity") -> bool:
        """Whether the two share a token."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Relation:
    """
    A typed, directed pair: `head` and `tail` are indices into the document's entities.

    `probability`, between 0 and 1, is the model's, and `None` in gold data.
    """

    type: str
    head: int
    tail: int
    probability: Optional[float] = None


def check_entity(
    entity: Entity, num_tokens: int, field: FieldParts, document_id: Optional[str] = None
) -> None:
    """Raises a `DocumentError` if an entity cannot stand in a sentence of `num_tokens` tokens."""
    if not entity.type:
        raise DocumentError("the type is empty", (*field, "type"), document_id)
    if not 0 <= entity.start < entity.end <= num_tokens:
        raise DocumentError(
            f"tokens {entity.start} to {entity.end} (exclusive) are no span of a sentence of "
            f"{num_tokens} tokens",
            field,
            document_id,
        )
    _check_probability(entity.probability, field, document_id)


def check_relation(
    relation: Relation, num_entities: int, field: FieldParts, document_id: Optional[str] = None
) -> None:
    """Raises a `DocumentError` if a relation cannot join two of `num_entities` entities."""
    if not relation.type:
        raise DocumentError("the type is empty", (*field, "type"), document_id)
    for end in ("head", "tail"):
        index = getattr(relation, end)
        if not 0 <= index < num_entities:
            raise DocumentError(
                f"there is no entity {index}: the document has {num_entities}",
                (*field, end),
                document_id,
            )
    if relation.head == relation.tail:
        raise DocumentError(
            f"head and tail are the same entity, {relation.head}", field, document_id
        )
    _check_probability(relation.probability, field, document_id)


def _check_probability(
    probability: Optional[float], field: FieldParts, document_id: Optional[str]
) -> None:
    if probability is not None and not 0.0 <= probability <= 1.0:
        raise DocumentError(
            f"{probability} is not between 0 and 1", (*field, "probability"), document_id
        )


@dataclass(frozen=True)
class Document:
    """
    One sentence: its tokens, its entities and the relations between them.

    `id` is the identifier that the document has in its file (or its position there), and `text` the
    sentence as it was written; where it is not known the tokens joined by spaces stand in.
    `token_offsets` holds each token's first character and the one after its last, in `text`; it is
    there exactly when `text` is. Around and between the tokens the text has only white space and
    invisible characters, such as zero-width spaces. Of a sentence that was taken from a longer
    text, `start_char` is the index of its first character there.

    Other modules add methods (see `document_method`): `to_displacy`, `to_brat`, `to_networkx`, and
    what a Jupyter notebook shows.

    `extra` has what further tasks know of the sentence, by the keys of its JSON: see
    `dts_ee.tasks.register_task`.

    # Raises

    `DocumentError`
        If there are no tokens, a token is empty, a span is empty or out of range, an entity or a
        relation is there twice, a relation points to no entity or joins an entity with itself, a
        probability is not between 0 and 1, the offsets do not fit the tokens and the text, or
        `start_char` is negative.
    """

    tokens: tuple[str, ...]
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    id: Optional[str] = None
    text: Optional[str] = None
    token_offsets: Optional[tuple[tuple[int, int], ...]] = None
    start_char: Optional[int] = None
    extra: Mapping[str, Any] = dataclass_field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        self._check_tokens()
        self._check_entities()
        self._check_relations()

    def _check_tokens(self) -> None:
        if not self.tokens:
            raise DocumentError("there are no tokens", "tokens", self.id)
        for i, token in enumerate(self.tokens):
            if not token.strip():
                raise DocumentError("the token is empty", ("tokens", i), self.id)
        if self.start_char is not None and self.start_char < 0:
            raise DocumentError(f"{self.start_char} is negative", "start_char", self.id)
        if (self.text is None) != (self.token_offsets is None):
            raise DocumentError("`text` and `token_offsets` go together", "text", self.id)
        if self.text is None or self.token_offsets is None:
            return
        if len(self.token_offsets) != len(self.tokens):
            raise DocumentError(
                f"{len(self.token_offsets)} offsets for {len(self.tokens)} tokens",
                "token_offsets",
                self.id,
            )
        previous_end = 0
        for i, (start, end) in enumerate(self.token_offsets):
            field = ("token_offsets", i)
            if not previous_end <= start < end <= len(self.text):
                raise DocumentError(
                    f"characters {start} to {end} are out of order, or not in the text of "
                    f"{len(self.text)} characters",
                    field,
                    self.id,
                )
            if self.text[start:end] != self.tokens[i]:
                raise DocumentError(
                    f"characters {start} to {end} of the text are {self.text[start:end]!r}, but "
                    f"the token is {self.tokens[i]!r}",
                    field,
                    self.id,
                )
            self._check_gap(previous_end, start)
            previous_end = end
        self._check_gap(previous_end, len(self.text))

    def _check_gap(self, start: int, end: int) -> None:
        gap = (self.text or "")[start:end]
        if not is_blank(gap):
            raise DocumentError(f"{gap.strip()!r} is in the text, but in no token", "text", self.id)

    def to_json(self) -> dict[str, Any]:
        """All fields as they are: AllenNLP asks for them where it writes what is in a batch."""
        return asdict(self)

    def _check_entities(self) -> None:
        seen: dict[Entity, int] = {}
        for i, entity in enumerate(self.entities):
            field = ("entities", i)
            check_entity(entity, len(self.tokens), field, self.id)
            if entity in seen:
                raise DocumentError(
                    f"{entity.type} {entity.start}-{entity.end} is entities[{seen[entity]}] again",
                    field,
                    self.id,
                )
            seen[entity] = i

    def _check_relations(self) -> None:
        seen: dict[tuple[str, int, int], int] = {}
        for i, relation in enumerate(self.relations):
            field = ("relations", i)
            check_relation(relation, len(self.entities), field, self.id)
            key = (relation.type, relation.head, relation.tail)
            if key in seen:
                raise DocumentError(
                    f"{relation.type} from entity {relation.head} to entity {relation.tail} is "
                    f"relations[{seen[key]}] again",
                    field,
                    self.id,
                )
            seen[key] = i

    def character_span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of tokens `start` to `end` (exclusive): first, and one after the last."""
        if self.token_offsets is not None:
            return self.token_offsets[start][0], self.token_offsets[end - 1][1]
        first = sum(len(token) + 1 for token in self.tokens[:start])
        return first, first + len(" ".join(self.tokens[start:end]))

    def entity_text(self, entity: Entity) -> str:
        """The entity as it is written in the sentence."""
        if self.text is None:
            return " ".join(self.tokens[entity.start : entity.end])
        start, end = self.character_span(entity.start, entity.end)
        return self.text[start:end]


def document_method(name: str) -> Callable[[Function], Function]:
    """
    Makes a function that takes a document a method of `Document` too.

    Modules that write documents in a format, or show them, register the method which users call:
    this one knows no format. Importing `dts_ee` imports these modules.

    # Parameters

    name : `str`
        The method's name.

    # Returns

    `Callable[[Function], Function]`
        A decorator that leaves the function as it is.

    # Raises

    `ValueError`
        If `Document` has an attribute of this name.
    """

    def register(function: Function) -> Function:
        # `tokens` has no default, and is no attribute of the class.
        if hasattr(Document, name) or name in Document.__dataclass_fields__:
            raise ValueError(f"Document has an attribute {name!r} already")
        setattr(Document, name, function)
        return function

    return register
