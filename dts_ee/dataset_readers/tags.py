"""
Entities as a sequence of tags, and back.
"""

from typing import Iterable, Sequence

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
