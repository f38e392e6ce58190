import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.dataset_readers.overlap import resolve_overlaps
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.documents import documents

# Entities 0 and 1 share `b`, 1 and 2 share `d`; 3 stands alone.
CHAIN = Document(
    tokens=tuple("abcdefgh"),
    entities=(Entity("A", 0, 2), Entity("B", 1, 4), Entity("A", 3, 5), Entity("A", 6, 7)),
    relations=(
        Relation("R", 0, 3),
        Relation("R", 3, 1),
        Relation("S", 2, 3),
        Relation("S", 0, 2),
    ),
    id="chain",
)


def test_longest_keeps_the_entity_with_most_tokens():
    resolved = resolve_overlaps(CHAIN, "longest")
    assert resolved.entities == (Entity("B", 1, 4), Entity("A", 6, 7))
    assert resolved.relations == (Relation("R", 1, 0),)
    assert (resolved.tokens, resolved.id) == (CHAIN.tokens, "chain")


def test_first_keeps_the_entity_that_starts_first():
    resolved = resolve_overlaps(CHAIN, "first")
    assert resolved.entities == (Entity("A", 0, 2), Entity("A", 3, 5), Entity("A", 6, 7))
    assert resolved.relations == (Relation("R", 0, 2), Relation("S", 1, 2), Relation("S", 0, 1))


@pytest.mark.parametrize("policy", ["longest", "error"])
def test_with_a_sequence_for_each_type_only_the_same_type_is_in_the_way(policy):
    nested = Document(tuple("abcd"), (Entity("A", 0, 3), Entity("B", 1, 2), Entity("B", 3, 4)))
    assert resolve_overlaps(nested, policy, "per_type") is nested
    doubled = Document(tuple("abcd"), (Entity("A", 0, 3), Entity("B", 1, 2), Entity("A", 1, 2)))
    if policy == "error":
        with pytest.raises(DocumentError, match="A 'b' .* overlaps A 'a b c'"):
            resolve_overlaps(doubled, policy, "per_type")
    else:
        resolved = resolve_overlaps(doubled, policy, "per_type")
        assert resolved.entities == (Entity("A", 0, 3), Entity("B", 1, 2))


def test_kept_entities_stay_in_the_order_of_the_document():
    unordered = Document(
        tuple("abcdefgh"),
        (Entity("A", 6, 7), Entity("B", 0, 2), Entity("C", 1, 4)),
        (Relation("R", 0, 2),),
    )
    resolved = resolve_overlaps(unordered, "longest")
    assert resolved.entities == (Entity("A", 6, 7), Entity("C", 1, 4))
    assert resolved.relations == (Relation("R", 0, 1),)


def test_error_names_both_entities_and_the_remedy():
    with pytest.raises(DocumentError) as raised:
        resolve_overlaps(CHAIN, "error")
    assert str(raised.value).startswith(
        "document chain, field entities[1]: B 'b c d' (tokens 1 to 4, exclusive) overlaps "
        "A 'a b' (tokens 0 to 2, exclusive)"
    )
    assert '`on_overlap` of the dataset reader to "longest" or "first"' in str(raised.value)


@pytest.mark.parametrize(
    ("policy", "entities", "kept"),
    [
        ("longest", [("A", 1, 3), ("B", 0, 2)], [("B", 0, 2)]),
        ("first", [("A", 0, 1), ("B", 0, 2)], [("B", 0, 2)]),
        ("longest", [("A", 0, 2), ("B", 0, 2)], [("A", 0, 2)]),
        ("first", [("B", 0, 2), ("A", 0, 2)], [("B", 0, 2)]),
    ],
)
def test_ties(policy, entities, kept):
    tied = Document(tuple("abc"), tuple(Entity(*entity) for entity in entities))
    assert resolve_overlaps(tied, policy).entities == tuple(Entity(*entity) for entity in kept)


@given(documents(), st.sampled_from(["longest", "first"]))
def test_what_is_left_does_not_overlap_and_what_is_gone_did(document, policy):
    resolved = resolve_overlaps(document, policy)
    kept = resolved.entities
    assert not any(one.overlaps(other) for one in kept for other in kept if one is not other)
    for entity in document.entities:
        assert entity in kept or any(entity.overlaps(other) for other in kept)

    def named(whole, relations):
        return [
            (relation.type, whole.entities[relation.head], whole.entities[relation.tail])
            for relation in relations
        ]

    assert named(resolved, resolved.relations) == [
        item for item in named(document, document.relations) if {item[1], item[2]} <= set(kept)
    ]


@given(documents(overlaps=False), st.sampled_from(["error", "longest", "first"]))
def test_document_without_overlaps_stays_as_it_is(document, policy):
    assert resolve_overlaps(document, policy) is document
