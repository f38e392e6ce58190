"""
Label Studio's labelling configuration: the names that regions refer to.
"""

from dataclasses import dataclass
from typing import Iterable, Optional
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from dts_ee.document import DocumentError


@dataclass(frozen=True)
class LabelStudioConfig:
    """
    What a labelling configuration says about entities and relations.

    # Parameters

    from_name : `str`
        The name of the tag `Labels`.
    to_name : `str`
        The name of the tag `Text` that it labels.
    text_key : `str`
        The key of the text in the `data` of a task.
    entity_types : `frozenset[str]`
        The values of the labels.
    relation_types : `frozenset[str]`, optional
        The values of the relations; `None` if the configuration names none, which allows all.
    """

    from_name: str = "label"
    to_name: str = "text"
    text_key: str = "text"
    entity_types: frozenset[str] = frozenset()
    relation_types: Optional[frozenset[str]] = None


def parse_label_config(xml: str) -> LabelStudioConfig:
    """
    Reads a labelling configuration.

    # Raises

    `DocumentError`
        If it is not XML, or has no `Labels` for a `Text` whose value is a key of the task.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise DocumentError(f"it is no valid XML: {error}", "label_config") from None
    texts = {tag.get("name"): tag.get("value", "") for tag in root.iter("Text")}
    for labels in root.iter("Labels"):
        name, to_name = labels.get("name"), labels.get("toName")
        key = texts.get(to_name, "")
        if name and to_name and len(key) > 1 and key.startswith("$"):
            relations = [tag.get("value", "") for tag in root.iter("Relation")]
            return LabelStudioConfig(
                name,
                to_name,
                key[1:],
                frozenset(label.get("value", "") for label in labels.iter("Label")),
                frozenset(relations) if relations else None,
            )
    raise DocumentError(
        'there is no <Labels name="…" toName="NAME"> for a <Text name="NAME" value="$KEY">',
        "label_config",
    )


def label_config(entity_types: Iterable[str], relation_types: Iterable[str]) -> str:
    """
    A labelling configuration for types, with the names of `LabelStudioConfig()`.

    # Parameters

    entity_types, relation_types : `Iterable[str]`
        The types.
    """
    config = LabelStudioConfig()
    labels = "".join(f"    <Label value={quoteattr(type)}/>\n" for type in entity_types)
    relations = "".join(f"    <Relation value={quoteattr(type)}/>\n" for type in relation_types)
    return (
        "<View>\n"
        f"  <Relations>\n{relations}  </Relations>\n"
        f'  <Labels name="{config.from_name}" toName="{config.to_name}">\n{labels}  </Labels>\n'
        f'  <Text name="{config.to_name}" value="${config.text_key}"/>\n'
        "</View>"
    )
