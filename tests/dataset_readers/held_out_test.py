import pickle
from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.data_loaders import MultiProcessDataLoader

from dts_ee.corpora import read_documents, write_documents
from dts_ee.dataset_readers import AdeReader, Conll04Reader
from dts_ee.dataset_readers.corpus_files import corpus_files
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS, document


@pytest.fixture
def corpus(tmp_path):
    """A file with 100 documents, of which ten are there twice."""
    path = tmp_path / "corpus.jsonl"
    texts = [f"[Ann|Peop] saw {i % 90} ." for i in range(100)]
    write_documents(path, [document(text, id=f"d{i}") for i, text in enumerate(texts)])
    return path


def part_of(path, part, held_out=0.1, seed=0):
    return {"path": str(path), "part": part, "held_out": held_out, "seed": seed}


def read(path, reader=None) -> list[Any]:
    instances: list[Any] = list((reader or Conll04Reader()).read(path))
    return [instance["metadata"]["document"] for instance in instances]


@pytest.mark.parametrize("held_out", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_the_two_parts_are_the_file(corpus, held_out, seed):
    documents = read_documents(corpus)
    rest = read(part_of(corpus, "rest", held_out, seed))
    development = read(part_of(corpus, "held_out", held_out, seed))
    assert len(development) == round(100 * held_out)
    assert sorted(rest + development, key=documents.index) == documents
    for part in (rest, development):
        positions = [documents.index(document) for document in part]
        assert positions == sorted(positions)
    assert not {document.tokens for document in rest} & {
        document.tokens for document in development
    }


def test_a_part_is_always_the_same_and_another_for_another_seed(corpus):
    parts = [read(part_of(corpus, "held_out", seed=seed)) for seed in (0, 0, 1)]
    assert parts[0] == parts[1]
    assert parts[0] != parts[2]
    # They come from everywhere.
    documents = read_documents(corpus)
    positions = [documents.index(document) for document in read(part_of(corpus, "held_out", 0.5))]
    assert all(5 <= sum(i // 20 == fifth for i in positions) <= 15 for fifth in range(5))


def test_a_list_of_both_parts_is_the_whole_file(corpus):
    both = read([part_of(corpus, "rest"), part_of(corpus, "held_out"), str(TINY_NEWS)])
    documents = read_documents(corpus)
    assert sorted(both[:100], key=documents.index) == documents
    assert both[100:] == read_documents(TINY_NEWS)


def test_allennlp_hands_on_what_a_configuration_has(corpus):
    params = Params(
        {
            "one": part_of(corpus, "held_out"),
            "several": [part_of(corpus, "rest"), str(TINY_NEWS)],
        }
    )
    one, several = params.pop("one"), params.pop("several")
    assert isinstance(one, Params)
    assert read(one) == read(part_of(corpus, "held_out"))
    assert read(several) == read([part_of(corpus, "rest"), TINY_NEWS])
    # A data loader keeps it, and gives it to its processes.
    again: Any = pickle.loads(pickle.dumps(one))
    assert read(again) == read(part_of(corpus, "held_out"))


def test_a_data_loader_takes_it(corpus):
    loader: Any = MultiProcessDataLoader(Conll04Reader(), part_of(corpus, "rest"), batch_size=90)
    assert len(list(loader.iter_instances())) == 90


def test_the_warning_of_overlaps_names_the_file(caplog):
    read(part_of(TINY_CASE_REPORTS, "rest", 0.2), AdeReader())
    read(part_of(TINY_CASE_REPORTS, "held_out", 0.2), AdeReader())
    (message,) = [record.message for record in caplog.records if record.name.startswith("dts_ee")]
    assert message.startswith(f"{TINY_CASE_REPORTS}: tags cannot express 1 of ")


def test_a_part_is_described():
    (whole, part) = corpus_files(["a.json", part_of("b.json", "held_out")])
    assert str(whole) == "a.json"
    assert str(part) == "b.json (held out: 0.1, seed 0)"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"held_out": 0}, "`held_out` is 0, but"),
        ({"held_out": 1}, "`held_out` is 1, but"),
        ({"held_out": "0.1"}, "`held_out` is '0.1', but"),
        ({"held_out": True}, "`held_out` is True, but"),
        ({"part": "train"}, "`part` is 'train'; it can be 'rest' or 'held_out'"),
        ({"seed": 1.5}, "`seed` is 1.5, which is not a whole number"),
        ({"fold": 3}, "has 'fold', which is unknown"),
        ({"seed": None}, "`seed` is None"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_files_name(changes, message):
    with pytest.raises(ConfigurationError) as raised:
        read({**part_of(TINY_NEWS, "rest"), **changes})
    assert raised.value.message.startswith(f"the data path of {TINY_NEWS}: {message}")


@pytest.mark.parametrize("name", ["part", "held_out", "seed"])
def test_what_is_missing_is_named(name):
    settings = part_of(TINY_NEWS, "rest")
    del settings[name]
    with pytest.raises(ConfigurationError, match=f"has no '{name}'"):
        read([settings])


@pytest.mark.parametrize("changes", [{"path": 1}, {"path": ""}])
def test_a_part_is_one_of_a_file(changes):
    with pytest.raises(ConfigurationError, match="has a `path`, the name of a file"):
        read({**part_of(TINY_NEWS, "rest"), **changes})


@pytest.mark.parametrize("part", ["rest", "held_out"])
@pytest.mark.parametrize("held_out", [0.01, 0.99])
def test_no_part_is_empty(part, held_out):
    with pytest.raises(ConfigurationError) as raised:
        read(part_of(TINY_CASE_REPORTS, part, held_out), AdeReader())
    assert raised.value.message == (
        f"{TINY_CASE_REPORTS}: `held_out` is {held_out}: of 7 documents, that leaves one of the "
        "two parts empty"
    )
