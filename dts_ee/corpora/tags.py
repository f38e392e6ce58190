"""
Entities as a sequence of tags, and back.
"""

from typing import Iterable, List, Mapping, Optional, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_utils import bio_tags_to_spans, bioul_tags_to_spans

from dts_ee.document import Entity

OUTSIDE = "O"

TAG_PREFIXES = {"BIO": ("B", "I"), "BIOUL": ("B", "I", "L", "U")}
"""The prefixes of each tag encoding, beside the outside tag."""


def check_tag_encoding(tag_encoding: str) -> str:
    """Returns the tag encoding, or raises a `ConfigurationError` if there is no such."""
    if tag_encoding not in TAG_PREFIXES:
        raise ConfigurationError(
            f"there is no tag encoding {tag_encoding!r}: choose one of {', '.join(TAG_PREFIXES)}"
        )
    return tag_encoding


TAG_SEQUENCES = ("one", "per_type")
"""How many sequences of tags a sentence can have: one for all entity types, or one for each."""


def check_tag_sequences(tag_sequences: str) -> str:
    """Returns the value, or raises a `ConfigurationError` if there is no such."""
    if tag_sequences not in TAG_SEQUENCES:
        raise ConfigurationError(
            f"`tag_sequences` is {tag_sequences!r}: choose one of {', '.join(TAG_SEQUENCES)}"
        )
    return tag_sequences


def tag_layers(tags: Mapping[int, str], tag_sequences: str) -> List[List[int]]:
    """
    Which tags there are in each of a sentence's tag sequences.

    # Parameters

    tags : `Mapping[int, str]`
        The tag of each id, as a vocabulary has them.
    tag_sequences : `str`
        `"one"` sequence, or one `"per_type"`, in alphabetical order.

    # Returns

    `List[List[int]]`
        The ids of each sequence's tags, in ascending order, but of several sequences that of the
        outside tag comes first.
    """
    if check_tag_sequences(tag_sequences) == "one":
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
    One tag per token, such as `B-Peop`.

    The entities must not overlap.
    """
    check_tag_encoding(tag_encoding)
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
    The entities that the tags say, from left to right.

    In `BIO` an entity that begins with `I-` counts.

    # Raises

    `InvalidTagSequence`
        If the tags are no `BIOUL` sequence.
    """
    check_tag_encoding(tag_encoding)
    to_spans = bio_tags_to_spans if tag_encoding == "BIO" else bioul_tags_to_spans
    entities = [Entity(type, start, last + 1) for type, (start, last) in to_spans(list(tags))]
    return sorted(entities, key=lambda entity: entity.start)


def tag_encoding_of(tags: Iterable[str]) -> Optional[str]:
    """
    The tag encoding of a vocabulary, in which each entity type has all its tags.

    # Parameters

    tags : `Iterable[str]`
        All tags of the vocabulary.

    # Returns

    `Optional[str]`
        `"BIO"` or `"BIOUL"`; `None` where there are no tags but the outside tag, which both have.

    # Raises

    `ConfigurationError`
        If a tag is of neither.
    """
    inside = [tag for tag in tags if tag != OUTSIDE]
    for encoding, prefixes in TAG_PREFIXES.items():
        others = [tag for tag in inside if not tag.startswith(tuple(f"{p}-" for p in prefixes))]
        if not others:
            return encoding if inside else None
    raise ConfigurationError(
        f"the vocabulary has the tag {others[0]!r}, which is none of {', '.join(TAG_PREFIXES)}"
    )
