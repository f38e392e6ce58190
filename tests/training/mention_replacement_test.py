import random
from dataclasses import replace

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader, DatasetReader, Vocabulary

from dts_ee.corpora import spert
from dts_ee.corpora.json_values import as_string
from dts_ee.corpora.spert import write_documents
from dts_ee.dataset_readers import SpertReader
from dts_ee.document import Document, Entity
from dts_ee.training.mention_replacement import mentions_by_type, with_other_mentions
from tests.documents import document, named_relations

LIVES = document("[Ann Lee|Peop] left [Rome|Loc] .", [("Live_In", 0, 1)], id="a")
WORKS = document("In [New York|Loc] [Bo|Peop] met [Ann Lee|Peop]", [("Live_In", 1, 0)], id="b")
NOTHING = document("Nothing happened .", id="c")


def always(source: Document, *others: Document) -> Document:
    mentions = mentions_by_type([source, *others])
    return with_other_mentions(source, mentions, 1.0, random.Random(0))


def test_mentions_are_listed_once_for_each_type():
    assert mentions_by_type([LIVES, WORKS, NOTHING]) == {
        "Peop": [("Ann", "Lee"), ("Bo",)],
        "Loc": [("Rome",), ("New", "York")],
    }


def test_entities_become_other_mentions_of_their_types_and_relations_stay():
    copy = always(LIVES, WORKS)
    assert copy == document("[Bo|Peop] left [New York|Loc] .", [("Live_In", 0, 1)], id="a")
    copy = always(WORKS, LIVES)
    assert copy == document(
        "In [Rome|Loc] [Ann Lee|Peop] met [Bo|Peop]", [("Live_In", 1, 0)], id="b"
    )
    assert named_relations(copy) == [("Live_In", "Ann Lee", "Rome")]


def test_the_order_of_entities_in_the_document_does_not_matter():
    reversed_entities = replace(
        LIVES,
        entities=LIVES.entities[::-1],
        relations=(replace(LIVES.relations[0], head=1, tail=0),),
    )
    copy = always(reversed_entities, WORKS)
    assert copy.tokens == ("Bo", "left", "New", "York", ".")
    assert copy.entities == (Entity("Loc", 2, 4), Entity("Peop", 0, 1))
    assert named_relations(copy) == [("Live_In", "Bo", "New York")]


def test_entities_that_overlap_others_are_kept_and_move():
    # "University of New York" has a place in it.
    nested = Document(
        tokens=("Ann", "Lee", "left", "the", "University", "of", "New", "York"),
        entities=(Entity("Peop", 0, 2), Entity("Org", 4, 8), Entity("Loc", 6, 8)),
    )
    copy = always(nested, WORKS, LIVES, document("[Acme|Org]"))
    assert copy.tokens == ("Bo", "left", "the", "University", "of", "New", "York")
    assert copy.entities == (Entity("Peop", 0, 1), Entity("Org", 3, 7), Entity("Loc", 5, 7))


def test_without_another_mention_an_entity_is_kept():
    assert always(LIVES) == LIVES
    assert always(NOTHING, LIVES, WORKS) == NOTHING


def test_the_probability_is_that_of_a_replacement():
    mentions = mentions_by_type([LIVES, WORKS])
    generator = random.Random(1)
    copies = [with_other_mentions(LIVES, mentions, 0.25, generator) for _ in range(2000)]
    for position, mention in ((0, "Ann Lee"), (1, "Rome")):
        kept = sum(copy.entity_text(copy.entities[position]) == mention for copy in copies)
        # Four standard deviations of a binomial distribution, sqrt(2000 * 0.25 * 0.75) = 19.4.
        assert abs(kept - 1500) < 78
    assert with_other_mentions(LIVES, mentions, 0.0, generator) == LIVES


def test_a_copy_has_no_text_but_its_tokens():
    text = "Ann Lee left Rome."
    offsets = ((0, 3), (4, 7), (8, 12), (13, 17), (17, 18))
    source = replace(
        LIVES,
        text=text,
        token_offsets=offsets,
        start_char=7,
        whole_text=f"Before {text}",
        windows=1,
    )
    copy = always(source, WORKS)
    assert (copy.text, copy.token_offsets, copy.start_char, copy.whole_text) == (None,) * 4
    assert copy.windows == 1


def test_a_sentence_with_values_of_further_tasks_is_copied_as_it_is():
    source = replace(LIVES, extra={"topic": "travel"})
    assert always(source, WORKS) == source


def loader(path, reader=None, **settings):
    settings = {"type": "mention_replacement", "batch_size": 2, **settings}
    return DataLoader.from_params(
        Params(settings), reader=reader or SpertReader(), data_path=str(path)
    )


def documents_of(data_loader):
    return [instance["metadata"]["document"] for instance in data_loader.iter_instances()]


@pytest.fixture
def path(tmp_path):
    write_documents(tmp_path / "train.json", [LIVES, WORKS, NOTHING])
    return tmp_path / "train.json"


# 3 sentences; the copies of all of them must fit.
@pytest.mark.parametrize(
    "max_sentences, number", [(1, 3), (5, 3), (6, 6), (8, 6), (9, 9), (300, 300)]
)
def test_all_sentences_have_as_many_copies_as_the_maximum_allows(path, max_sentences, number):
    with_copies = loader(path, max_sentences=max_sentences)
    documents = documents_of(with_copies)
    assert documents[:3] == [LIVES, WORKS, NOTHING]
    assert [document.id for document in documents] == ["a", "b", "c"] * (number // 3)
    assert with_copies.num_copies == number - 3


def test_copies_are_batched_and_have_their_own_tags(path):
    with_copies = loader(path, max_sentences=6, probability=1.0, batch_size=6)
    vocabulary = Vocabulary.from_instances(with_copies.iter_instances())
    with_copies.index_with(vocabulary)
    (batch,) = with_copies
    tags = [
        [vocabulary.get_token_from_index(int(tag), "labels") for tag in row]
        for row in batch["tags"]
    ]
    # "Bo left New York ."
    assert batch["metadata"][3]["words"] == ["Bo", "left", "New", "York", "."]
    assert tags[3][:5] == ["B-Peop", "O", "B-Loc", "I-Loc", "O"]


def test_copies_depend_on_the_data_and_the_seed_alone(path):
    random.seed(1)
    first = documents_of(loader(path, max_sentences=60))
    random.seed(2)
    assert documents_of(loader(path, max_sentences=60)) == first
    assert documents_of(loader(path, max_sentences=60, seed=1)) != first


def test_processes_of_distributed_training_make_the_same_copies(path, monkeypatch):
    whole = documents_of(loader(path, max_sentences=9))
    parts = []
    for rank in range(2):
        monkeypatch.setattr(
            SpertReader, "shard_iterable", lambda self, pairs, rank=rank: pairs[rank::2]
        )
        parts += documents_of(loader(path, max_sentences=9))
    assert sorted(map(repr, parts)) == sorted(map(repr, whole))


def test_a_warning_counts_sentences_whose_entities_are_kept(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(spert, "_EXTRA_KEYS", {})
    spert.register_extra_key("topic", as_string)
    with_topic = replace(LIVES, extra={"topic": "travel"})
    write_documents(tmp_path / "train.json", [with_topic, WORKS])
    loader(tmp_path / "train.json", max_sentences=3)
    assert not caplog.messages
    documents = documents_of(loader(tmp_path / "train.json", max_sentences=4, probability=1.0))
    assert documents[2] == with_topic
    assert documents[3] != WORKS
    (message,) = caplog.messages
    assert message.startswith("1 of 2 training sentences have a value of a further task: ")


def test_sentences_that_are_not_read_give_no_mentions(path):
    reader = SpertReader(max_instances=1)
    assert documents_of(loader(path, reader, max_sentences=3, probability=1.0)) == [LIVES] * 3


@pytest.mark.parametrize(
    "documents, has_others",
    [([LIVES, WORKS], True), ([LIVES] * 3, False), ([NOTHING] * 3, False)],
)
def test_whether_any_copy_has_another_mention(tmp_path, documents, has_others):
    write_documents(tmp_path / "train.json", documents)
    with_copies = loader(tmp_path / "train.json", max_sentences=9, probability=1.0)
    assert with_copies.has_other_mentions == has_others


@DatasetReader.register("another_reader")
class AnotherReader(DatasetReader):
    def _read(self, file_path):
        yield from ()


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"max_sentences": 0}, "`max_sentences` is 0, less than 1"),
        ({"max_sentences": 9, "probability": 1.5}, "`probability` is 1.5, not between 0 and 1"),
        ({"max_sentences": 9, "max_instances_in_memory": 2}, "leave `max_instances_in_memory` out"),
        ({"max_sentences": 9, "reader": AnotherReader()}, "such as spert, not AnotherReader"),
    ],
)
def test_errors(path, settings, message):
    with pytest.raises(ConfigurationError, match=message):
        loader(path, **settings)
