import json
from dataclasses import replace
from pathlib import Path

import pytest
from allennlp.commands.evaluate import evaluate_from_archive
from allennlp.common.checks import ConfigurationError

from dts_ee.corpora.predictions import Prediction
from dts_ee.dataset_readers import SpertReader
from dts_ee.runs import pipeline
from dts_ee.runs.evaluation import evaluate_run, predict_candidates, read_test_data
from dts_ee.runs.run_folder import SEED, Run, RunFolder
from tests.documents import TINY_NEWS
from tests.training_with_context import train_with_context


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    return train_with_context(tmp_path_factory.mktemp("context"))


@pytest.fixture
def test_data(tmp_path):
    """Sentences that are short enough for the tiny encoder to read their neighbours too."""
    path = tmp_path / "test.json"
    entity = {"type": "Peop", "start": 0, "end": 1}
    records = [
        {"tokens": [name, "left", "."], "entities": [entity], "relations": []}
        for name in ("Ann", "Bo", "Ann")
    ]
    path.write_text(json.dumps(records))
    return str(path)


@pytest.fixture
def documents(training, test_data):
    settings = json.loads((training / "config.json").read_text())
    return read_test_data(test_data, settings["dataset_reader"])


def test_the_test_split_is_evaluated_with_the_neighbouring_sentences(
    training, test_data, documents
):
    folder = RunFolder(Run(SEED, 1), training)
    evaluate_run(folder, test_data, documents)
    # All sentences are one batch, so that the means of the losses are the same.
    expected = evaluate_from_archive(
        archive_file=training / "model.tar.gz", input_file=test_data, batch_size=3
    )
    metrics = json.loads(folder.test_metrics.read_text())
    assert metrics["ner_loss"] == pytest.approx(expected["ner_loss"], rel=1e-4)
    folder.test_predictions.unlink()
    alone = [replace(document, tokens_before=(), tokens_after=()) for document in documents]
    evaluate_run(folder, test_data, alone)
    metrics = json.loads(folder.test_metrics.read_text())
    assert metrics["ner_loss"] != pytest.approx(expected["ner_loss"], rel=1e-4)


def test_documents_have_their_context(training, test_data, documents):
    contexts = [(document.tokens_before, document.tokens_after) for document in documents]
    ann, bo = ("Ann", "left", "."), ("Bo", "left", ".")
    assert contexts == [((), bo), (ann, ann), (bo, ())]
    predictions, _ = predict_candidates(training, test_data, 0.0)
    assert [
        (prediction.gold.tokens_before, prediction.gold.tokens_after) for prediction in predictions
    ] == contexts


def test_the_second_model_of_a_pipeline_reads_it_too(documents, monkeypatch):
    found = [replace(document, tokens_before=(), tokens_after=()) for document in documents]
    evaluated = []

    def evaluate(archive, documents):
        evaluated.extend(documents)
        return {}, list(map(Prediction, documents, documents))

    monkeypatch.setattr(pipeline, "evaluate_archive", evaluate)
    pipeline.evaluate_pipeline(Path("model.tar.gz"), list(map(Prediction, found, found)), documents)
    assert evaluated == found
    assert [document.tokens_after for document in evaluated] == [
        document.tokens_after for document in documents
    ]


def test_a_sample_of_the_test_split_is_that_of_the_reader():
    settings = {"type": "spert", "max_documents": 2, "sampling_seed": 3}
    reader = SpertReader(max_documents=2, sampling_seed=3)
    documents = read_test_data(str(TINY_NEWS), settings)
    assert len(documents) == 2
    assert documents == reader.documents(TINY_NEWS)


def test_the_settings_stay_as_they_are():
    settings = {"type": "spert", "tokenizer": {"type": "spacy_rules", "split_hyphens": False}}
    read_test_data(str(TINY_NEWS), settings)
    assert settings["tokenizer"] == {"type": "spacy_rules", "split_hyphens": False}


def test_a_reader_of_something_else_is_an_error():
    with pytest.raises(
        ConfigurationError,
        match="the experiment has a dataset reader SequenceTaggingDatasetReader, which",
    ):
        read_test_data(str(TINY_NEWS), {"type": "sequence_tagging"})
