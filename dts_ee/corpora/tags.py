"""
Conversion of entities to sequences of tags, and back.
"""

from typing import Iterable, List, Mapping, Optional, Sequence, Tuple

from dts_ee.document import Entity

OUTSIDE = "O"

TAG_PREFIXES = {"BIO": ("B", "I"), "BIOUL": ("B", "I", "L", "U")}
"""The prefixes of each tag encoding, without the outside tag."""

TAG_SEQUENCES = ("one", "per_type")
"""The tag sequences of a sentence: one for all entity types, or one for each type."""


def tag_layers(tags: Mapping[int, str], tag_sequences: str) -> List[List[int]]:
    """
    The tags of each tag sequence of a sentence.

    # Parameters

    tags : `Mapping[int, str]`
        The tag of each id, as in a vocabulary.
    tag_sequences : `str`
        `"one"` sequence, or one `"per_type"`, in alphabetical order.

    # Returns

    `List[List[int]]`
        The ids of each sequence's tags, in ascending order; with one sequence per type, the outside
        tag comes first.

    # Raises

    `ValueError`
        If `tag_sequences` is something else.
    """
    if tag_sequences not in TAG_SEQUENCES:
        raise ValueError(
            f"`tag_sequences` is {tag_sequences!r}: choose one of {', '.join(TAG_SEQUENCES)}"
        )
    if tag_sequences == "one":
        return [sorted(tags)]
    outside = [tag_id for tag_id, tag in tags.items() if tag == OUTSIDE]
    inside = sorted(tag_id for tag_id, tag in tags.items() if tag != OUTSIDE)
    types = sorted({tag_type(tags[tag_id]) for tag_id in inside})
    return [
        outside + [tag_id for tag_id in inside if tag_type(tags[tag_id]) == type] for type in types
    ] or [outside]


def tag_type(tag: str) -> str:
    """The entity type in a tag such as `B-Peop`."""
    return tag[2:]


def entities_to_tags(
    entities: Iterable[Entity], num_tokens: int, tag_encoding: str = "BIO"
) -> list[str]:
    """
    One tag for each token, such as `B-Peop`.

    # Parameters

    entities : `Iterable[Entity]`
        The entities, which must not overlap.
    num_tokens : `int`
        The number of the sentence's tokens.
    tag_encoding : `str`, optional (default = `"BIO"`)
        `"BIO"` or `"BIOUL"`.

    # Raises

    `ValueError`
        If there is no such tag encoding.
    """
    _check_tag_encoding(tag_encoding)
    tags = [OUTSIDE] * num_tokens
    for entity in entities:
        length = entity.end - entity.start
        prefixes = ["B"] + ["I"] * (length - 1)
        if tag_encoding == "BIOUL":
            prefixes = ["U"] if length == 1 else [*prefixes[:-1], "L"]
        tags[entity.start : entity.end] = [f"{prefix}-{entity.type}" for prefix in prefixes]
    return tags


def tags_to_entities(tags: Sequence[str], tag_encoding: str = "BIO") -> list[Entity]:
    """
    The entities in the tags of a sentence, from left to right.

    In `BIO`, an `I-` tag that continues no entity of its type begins one. `BIOUL` is strict.

    # Parameters

    tags : `Sequence[str]`
        A tag for each token.
    tag_encoding : `str`, optional (default = `"BIO"`)
        `"BIO"` or `"BIOUL"`.

    # Raises

    `ValueError`
        If there is no such tag encoding, a tag does not belong to it, or the tags are not a valid
        `BIOUL` sequence.
    """
    _check_tag_encoding(tag_encoding)
    pairs = [_split_tag(tags, index, tag_encoding) for index in range(len(tags))]
    return _bio_entities(pairs) if tag_encoding == "BIO" else _bioul_entities(pairs)


def _check_tag_encoding(tag_encoding: str) -> None:
    if tag_encoding not in TAG_PREFIXES:
        raise ValueError(
            f"there is no tag encoding {tag_encoding!r}: choose one of {', '.join(TAG_PREFIXES)}"
        )


def _split_tag(tags: Sequence[str], index: int, tag_encoding: str) -> Tuple[str, str]:
    """The prefix and the entity type of a tag."""
    prefix, _, type = tags[index].partition("-")
    if tags[index] != OUTSIDE and not (type and prefix in TAG_PREFIXES[tag_encoding]):
        raise ValueError(f"tags[{index}] is {tags[index]!r}, which is not a tag of {tag_encoding}")
    return prefix, type


def _bio_entities(tags: Sequence[Tuple[str, str]]) -> list[Entity]:
    entities: list[Entity] = []
    for index, (prefix, type) in enumerate(tags):
        if prefix == OUTSIDE:
            continue
        last = entities[-1] if entities else None
        if prefix == "I" and last is not None and last.end == index and last.type == type:
            entities[-1] = Entity(type, last.start, index + 1)
        else:
            entities.append(Entity(type, index, index + 1))
    return entities


def _bioul_entities(tags: Sequence[Tuple[str, str]]) -> list[Entity]:
    entities: list[Entity] = []
    # The entity that has begun, but not ended.
    start, open_type = 0, ""
    for index, (prefix, type) in enumerate(tags):
        if (type if prefix in ("I", "L") else "") != open_type:
            tag = f"{prefix}-{type}" if type else prefix
            begun = f"an entity {open_type!r}" if open_type else "no entity"
            raise ValueError(f"tags[{index}] is {tag!r}, but {begun} has begun before it")
        if prefix in ("B", "U"):
            start = index
        if prefix in ("L", "U"):
            entities.append(Entity(type, start, index + 1))
        open_type = type if prefix in ("B", "I") else ""
    if open_type:
        raise ValueError(f"the tags end before the entity {open_type!r}, begun at tags[{start}]")
    return entities


def tag_encoding_of(tags: Iterable[str]) -> Optional[str]:
    """
    The tag encoding of a vocabulary, in which each entity type has all its tags.

    # Parameters

    tags : `Iterable[str]`
        All tags of the vocabulary.

    # Returns

    `Optional[str]`
        `"BIO"` or `"BIOUL"`; `None` if there is only the outside tag, which both have.

    # Raises

    `ValueError`
        If a tag belongs to neither.
    """
    inside = [tag for tag in tags if tag != OUTSIDE]
    used = {tag[:2] for tag in inside}
    for encoding, prefixes in TAG_PREFIXES.items():
        unknown = used.difference(f"{prefix}-" for prefix in prefixes)
        if not unknown:
            return encoding if inside else None
    tag = next(tag for tag in inside if tag[:2] in unknown)
    raise ValueError(
        f"the vocabulary has the tag {tag!r}, which is none of {', '.join(TAG_PREFIXES)}"
    )
