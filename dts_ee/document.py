"""
The data model: a sentence with its entities and relations.

Gold, predicted and converted data are all `Document`s, so that readers, evaluation, pages and the
server share the same code. The constructor checks a `Document`.
"""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any, Callable, Mapping, Optional, TypeVar, Union

from dts_ee.characters import is_blank

Function = TypeVar("Function", bound=Callable[..., Any])


FieldParts = tuple[Union[str, int], ...]


class Field(FieldParts):
    """
    The path of a value in a document's JSON: keys and indices, the outermost first. `("relations",
    2, "head")` is printed as `relations[2].head`.
    """

    def __str__(self) -> str:
        parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in self]
        return "".join(parts).removeprefix(".")


class DocumentError(ValueError):
    """
    An error in a document.

    The message names the file, the document and the field, as far as they are known.

    # Parameters

    problem : `str`
        The problem, with the wrong value.
    field : `Union[str, FieldParts]`, optional
        The field: a key, or the parts of a `Field`.
    document_id : `str`, optional
        The document's identifier, or its index in the file.
    path : `str`, optional
        The file.
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
        """A copy of the error, with the document and the file if it does not have them."""
        return DocumentError(
            self.problem, self.field, self.document_id or document_id, self.path or path
        )

    def __reduce__(self) -> Any:
        # Exceptions are pickled with their `args`, which only have the message. Workers of data
        # loaders pickle exceptions.
        return DocumentError, (self.problem, self.field, self.document_id, self.path)


@dataclass(frozen=True)
class Entity:
    """
    A typed span of tokens, from `start` to `end` (exclusive).

    `probability` is the model's, between 0 and 1, and `None` in gold data. It is ignored when
    entities are compared.
    """

    type: str
    start: int
    end: int
    probability: Optional[float] = dataclass_field(default=None, compare=False)

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end

    @property
    def position(self) -> tuple[int, int, str]:
        """A key to sort entities by where they are."""
        return self.start, self.end, self.type

    def overlaps(self, other: "Entity") -> bool:
        """Whether the two share a token."""
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True)
class Relation:
    """
    A typed, directed relation: `head` and `tail` are indices of the document's entities.

    `probability` is the model's, between 0 and 1, and `None` in gold data.
    """

    type: str
    head: int
    tail: int
    probability: Optional[float] = None


def check_entity(
    entity: Entity, num_tokens: int, field: FieldParts, document_id: Optional[str] = None
) -> None:
    """Raises a `DocumentError` if an entity is invalid in a sentence of `num_tokens` tokens."""
    if not entity.type:
        raise DocumentError("the type is empty", (*field, "type"), document_id)
    if not 0 <= entity.start < entity.end <= num_tokens:
        raise DocumentError(
            f"tokens {entity.start} to {entity.end} (exclusive) are not a span in a sentence of "
            f"{num_tokens} tokens",
            field,
            document_id,
        )
    _check_probability(entity.probability, field, document_id)


def check_relation(
    relation: Relation, num_entities: int, field: FieldParts, document_id: Optional[str] = None
) -> None:
    """Raises a `DocumentError` if a relation is invalid for `num_entities` entities."""
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
    A sentence with its tokens, its entities and the relations between them.

    `id` is the document's identifier in its file (or its index). `text` is the original sentence;
    if it is `None`, the tokens joined by spaces are used. `token_offsets` has the start and end
    character of each token in `text` (end exclusive), and is `None` if `text` is. Between the
    tokens, the text only has white space and invisible characters, such as zero-width spaces. If
    the sentence comes from a longer text, `start_char` is the index of its first character in that
    text. `extra` has the values of further tasks, by their keys in JSON: see
    `dts_ee.tasks.register_task`. `tokenizer` is the configuration of the tokenizer that made the
    tokens, and `windows` the number of neighbouring sentences that were joined to one document, if
    they are known. `whole_text` is the longer text, and `tokens_before` and `tokens_after` are the
    tokens of neighbouring sentences, which an encoder may read too: see
    `dts_ee.corpora.context.with_context`. These do not count when documents are compared.

    Other modules add methods (see `document_method`): `to_json`, `to_displacy`, `to_brat`,
    `to_networkx`, and the representation in a Jupyter notebook.

    # Raises

    `DocumentError`
        If there are no tokens, a token is empty, a span is empty or out of range, there are
        duplicate entities or relations, a relation has a missing entity or the same one twice, a
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
    tokenizer: Optional[Mapping[str, Any]] = dataclass_field(default=None, compare=False)
    windows: Optional[int] = dataclass_field(default=None, compare=False)
    whole_text: Optional[str] = dataclass_field(default=None, compare=False, repr=False)
    tokens_before: tuple[str, ...] = dataclass_field(default=(), compare=False, repr=False)
    tokens_after: tuple[str, ...] = dataclass_field(default=(), compare=False, repr=False)

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
        """Converts a span of tokens to a span of characters (ends exclusive)."""
        if self.token_offsets is not None:
            return self.token_offsets[start][0], self.token_offsets[end - 1][1]
        first = sum(len(token) + 1 for token in self.tokens[:start])
        return first, first + len(" ".join(self.tokens[start:end]))

    def entity_text(self, entity: Entity) -> str:
        """The text of an entity."""
        if self.text is None:
            return " ".join(self.tokens[entity.start : entity.end])
        start, end = self.character_span(entity.start, entity.end)
        return self.text[start:end]


def document_method(name: str) -> Callable[[Function], Function]:
    """
    A decorator that adds a function as a method to `Document`.

    Modules for a format or for display add their methods in this way, so that this module does not
    depend on them. `import dts_ee` imports these modules.

    # Parameters

    name : `str`
        The method's name.

    # Returns

    `Callable[[Function], Function]`
        The decorator, which does not change the function.

    # Raises

    `ValueError`
        If `Document` has an attribute of this name.
    """

    def register(function: Function) -> Function:
        # Fields without a default are not attributes of the class.
        if hasattr(Document, name) or name in Document.__dataclass_fields__:
            raise ValueError(f"Document has an attribute {name!r} already")
        setattr(Document, name, function)
        return function

    return register
