import copy
import json
import logging
import pickle
import random
import re
from typing import Any, cast

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.dataset_readers.dataset_reader import WorkerInfo
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.data.tokenizers import WhitespaceTokenizer

from dts_ee.corpora import read_documents, write_documents
from dts_ee.dataset_readers import AdeReader, Conll04Reader, SciercReader, SpertReader
from dts_ee.dataset_readers.document_field import DocumentField
from dts_ee.document import DocumentError, Entity
from dts_ee.tokenizers import SpacyRulesTokenizer, document_from_text
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS, document


def read(reader: DatasetReader, path: Any) -> list[Any]:
    return list(reader.read(path))


def words(instance):
    return [token.text for token in instance["tokens"]]


def test_instances_hold_tokens_tags_and_documents():
    instances = read(Conll04Reader(), TINY_NEWS)
    assert [instance["metadata"]["document"] for instance in instances] == read_documents(TINY_NEWS)
    second = instances[1]
    assert set(second.fields) == {"tokens", "tags", "metadata"}
    assert words(second) == second["metadata"]["words"]
    assert " ".join(words(second)) == (
        "The Orvane Shipping Company , based in Velmouth , hired Ilse Brandt and Tomas Reyl in "
        "1987 ."
    )
    assert list(second["tags"]) == (
        [
            "O",
            "B-Org",
            "I-Org",
            "I-Org",
            "O",
            "O",
            "O",
            "B-Loc",
            "O",
            "O",
            "B-Peop",
            "I-Peop",
            "O",
            "B-Peop",
            "I-Peop",
            "O",
            "B-Other",
            "O",
        ]
    )
    assert second["metadata"]["tagged_document"] is second["metadata"]["document"]
    assert isinstance(second["tokens"].token_indexers["tokens"], SingleIdTokenIndexer)


@pytest.mark.parametrize("path", [TINY_NEWS, str(TINY_NEWS)])
def test_reader_is_made_from_a_configuration(path):
    reader: Any = DatasetReader.from_params(
        Params(
            {
                "type": "conll04",
                "tag_encoding": "BIOUL",
                "token_indexers": {"characters": {"type": "characters", "min_padding_length": 3}},
                "tokenizer": "whitespace",
                "max_instances": 3,
            }
        )
    )
    instances = read(reader, path)
    assert len(instances) == 3
    assert list(instances[2]["tags"]) == ["U-Loc", *["O"] * 6, "U-Loc", "O"]
    assert list(instances[0]["tokens"].token_indexers) == ["characters"]
    assert isinstance(reader.tokenizer, WhitespaceTokenizer)


@pytest.mark.parametrize("parameter", ["tag_encoding", "on_overlap"])
def test_unknown_choice_is_refused(parameter):
    with pytest.raises(ConfigurationError, match="'last'"):
        SpertReader.from_params(Params({parameter: "last"}))


def test_vocabulary_has_all_labels_and_no_padding():
    vocab = Vocabulary.from_instances(Conll04Reader().read(TINY_NEWS))
    tags = vocab.get_token_to_index_vocabulary("labels")
    types = ("Peop", "Loc", "Org", "Other")
    assert set(tags) == {"O", *(f"{prefix}-{type}" for prefix in "BI" for type in types)}
    assert sorted(tags.values()) == list(range(9))
    relations = vocab.get_token_to_index_vocabulary("relation_labels")
    # Work_For 1 + 2 + 1, Live_In 1 + 1 + 1, OrgBased_In 1 + 1, Located_In 1, Kill 1.
    assert list(relations) == ["Work_For", "Live_In", "OrgBased_In", "Located_In", "Kill"]
    assert list(relations.values()) == list(range(5))


def test_labels_that_the_vocabulary_lacks_do_not_stop_indexing():
    vocab = Vocabulary.from_instances(AdeReader().read(TINY_CASE_REPORTS))
    first = read(Conll04Reader(), TINY_NEWS)[0]
    first.index_fields(vocab)
    outside = vocab.get_token_index("O", "labels")
    assert first.as_tensor_dict()["tags"].tolist() == [outside] * len(words(first))
    assert len(first["metadata"]["document"].entities) == 3


def test_overlapping_entities_are_kept_in_the_gold_document_alone(caplog):
    with caplog.at_level(logging.WARNING):
        third = read(AdeReader(), TINY_CASE_REPORTS)[2]
    assert list(third["tags"]) == (
        [
            "O",
            "O",
            "O",
            "B-Adverse-Effect",
            "I-Adverse-Effect",
            "I-Adverse-Effect",
            "O",
            "O",
            "O",
            "B-Drug",
            "O",
            "O",
            "O",
        ]
    )
    metadata = third["metadata"]
    assert len(metadata["document"].entities) == 3
    assert len(metadata["document"].relations) == 1
    assert metadata["tagged_document"].entities == (
        Entity("Adverse-Effect", 3, 6),
        Entity("Drug", 9, 10),
    )
    assert metadata["tagged_document"].relations == ()
    messages = [record.message for record in caplog.records if record.name.startswith("dts_ee")]
    # 2 + 3 + 3 + 0 + 3 + 1 + 2 entities and 1 + 2 + 1 + 0 + 2 + 0 + 1 relations.
    assert messages == [
        f"{TINY_CASE_REPORTS}: tags cannot express 1 of 14 entities and 1 of 7 relations, in 1 "
        "documents, because spans overlap (on_overlap: longest); these are not learned in "
        'training, and count as missed in evaluation; with tag_sequences "per_type" it would be 0 '
        "entities"
    ]


def test_nothing_is_logged_where_nothing_overlaps(caplog):
    with caplog.at_level(logging.WARNING):
        read(AdeReader(), TINY_NEWS)
    assert [record for record in caplog.records if record.name.startswith("dts_ee")] == []


def test_overlapping_entities_are_an_error_in_conll04():
    with pytest.raises(
        DocumentError, match="Drug 'lorvatine'.* overlaps .*'lorvatine rebound pain'"
    ):
        Conll04Reader().text_to_instance(read_documents(TINY_CASE_REPORTS)[2])
    with pytest.raises(DocumentError) as raised:
        read(Conll04Reader(), TINY_CASE_REPORTS)
    assert raised.value.path == str(TINY_CASE_REPORTS)
    assert raised.value.document_id == "case-3"


def test_scierc_keeps_the_longest_entity_and_words_with_hyphens():
    reader = SciercReader()
    third = read(reader, TINY_CASE_REPORTS)[2]
    assert third["metadata"]["tagged_document"].entities == (
        Entity("Adverse-Effect", 3, 6),
        Entity("Drug", 9, 10),
    )
    tokens = reader.tokenizer.tokenize("a cross-lingual model")
    assert [token.text for token in tokens] == ["a", "cross-lingual", "model"]


def test_missing_file_is_named():
    with pytest.raises(DocumentError, match="file no/such.json: there is no such file"):
        read(Conll04Reader(), "no/such.json")


def test_bad_document_is_named_with_its_file(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text('[{"tokens": [], "entities": []}]')
    with pytest.raises(DocumentError, match=rf"file {path}, document #1, field tokens: "):
        read(Conll04Reader(), path)


def documents_of(reader: DatasetReader, path: Any) -> list[Any]:
    return [instance["metadata"]["document"] for instance in read(reader, path)]


@pytest.fixture
def corpus(tmp_path):
    """A file with 200 documents."""
    path = tmp_path / "corpus.jsonl"
    write_documents(path, [document(f"[Ann|Peop] saw {i} .", id=f"d{i}") for i in range(200)])
    return path


@pytest.mark.parametrize("sequence", [list, tuple])
def test_several_files_are_read_one_after_the_other(sequence):
    paths = sequence([TINY_CASE_REPORTS, str(TINY_NEWS)])
    expected = read_documents(TINY_CASE_REPORTS) + read_documents(TINY_NEWS)
    assert documents_of(AdeReader(), paths) == expected
    first = documents_of(AdeReader(max_instances=10), paths)
    assert first == expected[:10]


def test_of_several_files_the_one_in_question_is_named(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text('[{"tokens": [], "entities": []}]')
    with pytest.raises(DocumentError, match=rf"file {path}, document #1, field tokens: "):
        read(Conll04Reader(), [TINY_NEWS, path])
    with pytest.raises(DocumentError, match="file no/such.json: there is no such file"):
        read(Conll04Reader(), [str(TINY_NEWS), "no/such.json"])
    with pytest.raises(DocumentError) as raised:
        read(Conll04Reader(), [TINY_NEWS, TINY_CASE_REPORTS])
    assert raised.value.path == str(TINY_CASE_REPORTS)
    assert raised.value.document_id == "case-3"


def test_each_of_several_files_has_its_own_warning(tmp_path, caplog):
    more = tmp_path / "more.json"
    write_documents(more, [read_documents(TINY_CASE_REPORTS)[2]])
    with caplog.at_level(logging.WARNING):
        read(AdeReader(), [TINY_CASE_REPORTS, TINY_NEWS, more])
    messages = [record.message for record in caplog.records if record.name.startswith("dts_ee")]
    assert [message.partition(", in ")[0] for message in messages] == [
        f"{TINY_CASE_REPORTS}: tags cannot express 1 of 14 entities and 1 of 7 relations",
        f"{more}: tags cannot express 1 of 3 entities and 1 of 1 relations",
    ]


@pytest.mark.parametrize("path", ["$NEWS", "${NEWS}", "$TINY/news.json"])
def test_a_path_may_name_an_environment_variable(path, monkeypatch):
    monkeypatch.setenv("NEWS", str(TINY_NEWS))
    monkeypatch.setenv("TINY", str(TINY_NEWS.parent))
    documents = [
        cast(DocumentField, instance["metadata"]).metadata["document"]
        for instance in SpertReader().read(path)
    ]
    assert documents == read_documents(TINY_NEWS)


@pytest.mark.parametrize("path", ["$NO_SUCH_FILE", {"path": "${NO_SUCH_FILE}"}])
def test_an_environment_variable_that_is_not_set_is_named(path, monkeypatch):
    monkeypatch.delenv("NO_SUCH_FILE", raising=False)
    if isinstance(path, dict):
        path = {**path, "part": "rest", "held_out": 0.1, "seed": 0}
    with pytest.raises(ConfigurationError, match="environment variable NO_SUCH_FILE, which is not"):
        list(SpertReader().read(path))


def test_no_file_at_all_is_an_error():
    with pytest.raises(ConfigurationError, match="the list of paths is empty"):
        read(Conll04Reader(), [])


def test_a_sample_is_random_in_order_and_always_the_same(corpus, caplog):
    documents = read_documents(corpus)
    with caplog.at_level(logging.INFO):
        sample = documents_of(Conll04Reader(max_documents=50, sampling_seed=1), corpus)
    positions = [documents.index(document) for document in sample]
    assert len(set(positions)) == 50
    assert positions == sorted(positions)
    # They come from everywhere: of each quarter of the file there are about 12.
    assert all(5 <= sum(i // 50 == quarter for i in positions) <= 20 for quarter in range(4))
    assert f"{corpus}: a sample of 50 of 200 documents (sampling_seed: 1)" in caplog.messages
    random.seed(7)
    assert documents_of(Conll04Reader(max_documents=50, sampling_seed=1), corpus) == sample
    assert documents_of(Conll04Reader(max_documents=50, sampling_seed=2), corpus) != sample


def test_a_sample_is_of_all_files_of_a_split(corpus):
    documents = read_documents(TINY_NEWS) + read_documents(corpus)
    sample = documents_of(Conll04Reader(max_documents=60), [TINY_NEWS, corpus])
    assert len(sample) == 60
    positions = [documents.index(document) for document in sample]
    assert positions == sorted(positions)
    assert 0 < sum(document in documents[:-200] for document in sample) < len(documents) - 200


@pytest.mark.parametrize("number", [7, 8, None])
def test_a_sample_of_more_than_there_are_is_all(number, caplog):
    documents = read_documents(TINY_CASE_REPORTS)
    assert len(documents) == 7
    with caplog.at_level(logging.INFO):
        reader = AdeReader(max_documents=number, sampling_seed=3)
        assert documents_of(reader, TINY_CASE_REPORTS) == documents
    assert "sample" not in caplog.text


def test_workers_share_one_sample(corpus, caplog):
    settings = {"type": "conll04", "max_documents": 20, "sampling_seed": 5}
    whole = documents_of(DatasetReader.from_params(Params(dict(settings))), corpus)
    shares = []
    caplog.clear()
    with caplog.at_level(logging.INFO):
        for worker in range(2):
            reader = DatasetReader.from_params(Params(dict(settings)))
            reader._set_worker_info(WorkerInfo(2, worker))
            shares.append(documents_of(reader, corpus))
    assert shares == [whole[::2], whole[1::2]]
    assert caplog.text.count("a sample of 20") == 1


@pytest.mark.parametrize("number", [0, -1])
def test_a_sample_of_nothing_is_refused(number):
    with pytest.raises(ConfigurationError, match=f"`max_documents` is {number}"):
        Conll04Reader(max_documents=number)


def test_what_a_predictor_asks_for_is_not_sampled():
    reader = Conll04Reader(max_documents=1)
    documents = read_documents(TINY_NEWS)
    instances: list[Any] = [reader.text_to_instance(document, gold=False) for document in documents]
    assert [instance["metadata"]["document"] for instance in instances] == documents


def test_document_without_gold_has_no_tags():
    text = "Ann  left Rome."
    instance: Any = Conll04Reader().text_to_instance(
        document_from_text(text, Conll04Reader().tokenizer), gold=False
    )
    assert set(instance.fields) == {"tokens", "metadata"}
    assert "tagged_document" not in instance["metadata"]
    assert [text[token.idx : token.idx_end] for token in instance["tokens"]] == [
        "Ann",
        "left",
        "Rome",
        ".",
    ]


def test_corpora_differ_in_hyphens():
    sentence = "The Oslo-based firm"
    assert [str(token) for token in Conll04Reader().tokenizer.tokenize(sentence)] == [
        "The",
        "Oslo-based",
        "firm",
    ]
    assert [str(token) for token in AdeReader().tokenizer.tokenize(sentence)] == [
        "The",
        "Oslo",
        "-",
        "based",
        "firm",
    ]


def test_data_without_relations_is_read(tmp_path):
    path = tmp_path / "entities.jsonl"
    write_documents(path, [document("[Ann|Peop] left .")])
    vocab = Vocabulary.from_instances(Conll04Reader().read(path))
    assert vocab.get_vocab_size("relation_labels") == 0


def test_workers_share_the_documents_and_the_first_warns(caplog):
    shares, warnings = [], []
    for worker in range(3):
        reader = AdeReader()
        reader._set_worker_info(WorkerInfo(3, worker))
        caplog.clear()
        shares.append(
            [instance["metadata"]["document"].id for instance in read(reader, TINY_CASE_REPORTS)]
        )
        warnings.append(len(caplog.records))
    assert shares == [["case-1", "case-4", "case-7"], ["case-2", "case-5"], ["case-3", "case-6"]]
    assert warnings == [1, 0, 0]


def test_worker_processes_deliver_every_document_once():
    loader: Any = MultiProcessDataLoader(
        AdeReader(), str(TINY_CASE_REPORTS), batch_size=2, num_workers=2
    )
    loader.index_with(Vocabulary.from_instances(AdeReader().read(TINY_CASE_REPORTS)))
    loaded = [metadata["document"] for batch in loader for metadata in batch["metadata"]]
    assert sorted(loaded, key=lambda item: item.id) == read_documents(TINY_CASE_REPORTS)


def test_documents_of_another_tokenizer_are_refused(tmp_path):
    path = tmp_path / "train.jsonl"
    note = {"type": "spacy_rules", "language": "de", "split_hyphens": True}
    record = {"tokens": ["Ann"], "entities": [], "relations": [], "orig_id": "a"}
    path.write_text(json.dumps({**record, "tokenizer": note}))
    (document,) = SpertReader(tokenizer=SpacyRulesTokenizer("de")).documents(path)
    assert document.tokenizer == note
    message = (
        f"{path}, document a: the tokens were made by the tokenizer {json.dumps(note)}, but text "
        'would be predicted with that of {"type": "spacy_rules", "language": "en", '
        '"split_hyphens": true}: set "dataset_reader.tokenizer" to the former (TOKENIZER=rules '
        "TEXT_LANGUAGE=de for own.jsonnet)"
    )
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        SpertReader().documents(path)
    path.write_text(json.dumps(record))
    assert SpertReader().documents(path)[0].tokenizer is None


def test_documents_of_another_number_of_sentences_are_refused(tmp_path):
    path = tmp_path / "train.jsonl"
    record = {"tokens": ["Ann"], "entities": [], "relations": [], "orig_id": "a"}
    path.write_text(json.dumps({**record, "windows": 3}))
    (document,) = SpertReader(windows=3).documents(path)
    assert document.windows == 3
    for windows in (1, 2):
        message = (
            f"{path}, document a: documents were made of 3 sentences, but text would be predicted "
            f'by {windows}: set "dataset_reader.windows" to 3 (WINDOWS=3 for own.jsonnet)'
        )
        with pytest.raises(ConfigurationError, match=re.escape(message)):
            SpertReader(windows=windows).documents(path)
    path.write_text(json.dumps(record))
    assert SpertReader(windows=3).documents(path)[0].windows is None
    with pytest.raises(ConfigurationError, match="windows is 0, but must be at least 1"):
        SpertReader(windows=0)


def test_neighbouring_sentences_are_the_context(tmp_path):
    path = tmp_path / "train.json"
    records = [{"tokens": [word, "."], "entities": []} for word in ("Ann", "Bo", "Cy", "Di")]
    path.write_text(json.dumps(records))
    reader = SpertReader(context_sentences=1)
    contexts = [
        (instance["tokens"].tokens.before, instance["tokens"].tokens.after)
        for instance in read(reader, path)
    ]
    assert contexts == [
        ((), ("Bo", ".")),
        (("Ann", "."), ("Cy", ".")),
        (("Bo", "."), ("Di", ".")),
        (("Cy", "."), ()),
    ]
    # Their words are not in the vocabulary, whose counts would be wrong.
    vocabulary = Vocabulary.from_instances(read(reader, path)[:1])
    assert set(vocabulary.get_token_to_index_vocabulary("tokens")) >= {"Ann"}
    assert "Bo" not in vocabulary.get_token_to_index_vocabulary("tokens")
    # The neighbours of a sample, or of a part of a file, are those of the whole file.
    sample = SpertReader(context_sentences=1, max_documents=1)
    held_out = {"path": str(path), "part": "held_out", "held_out": 0.25, "seed": 0}
    for documents in (sample.documents(path), reader.documents(held_out)):
        (document,) = documents
        index = ["Ann", "Bo", "Cy", "Di"].index(document.tokens[0])
        assert (document.tokens_before, document.tokens_after) == contexts[index]
    (first, *_) = read(SpertReader(), path)
    assert type(first["tokens"].tokens) is list


def test_the_number_of_context_sentences_is_not_negative():
    with pytest.raises(ConfigurationError, match="context_sentences is -1, less than 0"):
        SpertReader(context_sentences=-1)


def test_a_copy_of_an_instance_and_a_pickled_one_keep_the_context(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps([{"tokens": [word], "entities": []} for word in ("Ann", "Bo")]))
    instance = read(SpertReader(context_sentences=1), path)[0]
    for copied in (copy.deepcopy(instance), pickle.loads(pickle.dumps(instance))):
        assert words(copied) == ["Ann"]
        assert copied["tokens"].tokens.after == ("Bo",)


def test_how_text_becomes_sentences_is_a_setting():
    reader = DatasetReader.from_params(Params({"type": "spert", "sentences": "lines"}))
    assert isinstance(reader, SpertReader)
    assert reader.sentences.split_sentences("Ann\nleft.") == ["Ann", "left."]
    assert SpertReader().sentences.split_sentences("Ann\nleft.") == ["Ann\nleft."]
