"""
Evaluating an archive on a split of a corpus, and keeping what it predicted.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Vocabulary
from allennlp.models import Model
from allennlp.models.archival import load_archive

from dts_ee.corpora.tags import tags_to_entities
from dts_ee.dataset_readers.corpus_files import DataPath, corpus_files
from dts_ee.dataset_readers.sampling import check_max_documents, sample_in_order
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document, DocumentError
from dts_ee.metrics import EntityF1, RelationF1
from dts_ee.metrics.document_f1 import DocumentF1
from dts_ee.metrics.names import with_underscores
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.predictors.length_batches import batches_by_length
from dts_ee.quiet_loading import quiet_loading
from dts_ee.runs.predictions import (
    Prediction,
    are_of,
    read_predictions,
    write_predictions,
)
from dts_ee.runs.run_folder import RunFolder, write_json

MAX_BATCH_TOKENS = 1024
"""As many as the predictor puts into a batch."""


def evaluate_archive(
    archive_file: Path, documents: Sequence[Document]
) -> tuple[dict[str, float], list[Prediction]]:
    """
    Predicts gold documents and compares.

    Each goes through the model once, on the processor, with sentences of about the same length.

    # Parameters

    archive_file : `Path`
        The archive of a `dts` model, or of a tagger that gives each sentence's tags, as AllenNLP's
        `crf_tagger` does.
    documents : `Sequence[Document]`
        The gold documents, all of them, whatever the reader's `max_instances` says.

    # Returns

    `tuple[dict[str, float], list[Prediction]]`
        The model's metrics, as `allennlp evaluate` names them, and the predictions in the order of
        the documents. The losses among the metrics are means over these batches.

    # Raises

    `ConfigurationError`
        If the archive's reader or model is another.
    `DocumentError`
        If a document has overlapping entities and the reader is to raise an error then.
    """
    model, reader = _load(archive_file)
    predictions = _predict(archive_file, model, reader, documents)
    metrics = model.get_metrics(reset=True)
    if not isinstance(model, DeeperTaskSpecificity):
        metrics = {**metrics, **score(predictions, EntityF1())}
    elif model.tasks == "joint" and "relations" not in model.heads:
        # There were no relations in the training data: those in these documents are missed.
        metrics = {**metrics, **score(predictions, RelationF1())}
    return metrics, predictions


def predict_candidates(
    archive_file: Path, documents: Sequence[Document], least_probability: float
) -> tuple[list[Prediction], Optional[float]]:
    """
    Predicts gold documents as `evaluate_archive` does, with relations that the model would not
    have, too.

    # Parameters

    archive_file : `Path`
        The archive.
    documents : `Sequence[Document]`
        The gold documents.
    least_probability : `float`
        Every relation between predicted entities is there that has at least this probability, or
        the model's Θ, if that is lower.

    # Returns

    `tuple[list[Prediction], Optional[float]]`
        The predictions in the order of the documents, and the model's Θ: what it predicts are the
        relations that have at least this probability. `None` for a model without relations.

    # Raises

    `ConfigurationError`
        If the archive's reader or model is another.
    `DocumentError`
        If a document has overlapping entities and the reader is to raise an error then.
    """
    model, reader = _load(archive_file)
    threshold = None
    if isinstance(model, DeeperTaskSpecificity) and "relations" in model.heads:
        threshold = model.heads["relations"].threshold
    options = {}
    if threshold is not None:
        options["thresholds"] = {"relations": min(threshold, least_probability)}
    return _predict(archive_file, model, reader, documents, **options), threshold


def _load(archive_file: Path) -> tuple[Model, SpertReader]:
    with quiet_loading():
        archive = load_archive(archive_file)
    reader = archive.validation_dataset_reader
    if not isinstance(reader, SpertReader):
        raise ConfigurationError(
            f"{archive_file} has a dataset reader {type(reader).__name__}, which is none of those "
            "that read documents"
        )
    return archive.model.eval(), reader


def _predict(
    archive_file: Path,
    model: Model,
    reader: SpertReader,
    documents: Sequence[Document],
    **options: Any,
) -> list[Prediction]:
    instances = [reader.text_to_instance(document) for document in documents]
    predicted: dict[int, Document] = {}
    lengths = [len(document.tokens) for document in documents]
    for positions in batches_by_length(lengths, MAX_BATCH_TOKENS):
        batch = Batch([instances[i] for i in positions])
        for instance in batch:
            reader.apply_token_indexers(instance)
        batch.index_instances(model.vocab)
        with torch.inference_mode():
            output = model(**batch.as_tensor_dict(), **options)
        if "documents" in output:
            found = output["documents"]
        elif "tags" in output:
            gold = [documents[i] for i in positions]
            found = _tagged_documents(model.vocab, output["tags"], gold, reader.tag_encoding)
        else:
            raise ConfigurationError(
                f"{archive_file} has a model {type(model).__name__}, which predicts neither "
                "documents nor tags"
            )
        predicted.update(zip(positions, found, strict=True))
    return [Prediction(predicted[i], document) for i, document in enumerate(documents)]


def score(predictions: Sequence[Prediction], *metrics: DocumentF1) -> dict[str, float]:
    """The numbers of metrics over predictions, by the names that the model `dts` gives them."""
    numbers: dict[str, float] = {}
    for metric in metrics:
        metric([each.predicted for each in predictions], [each.gold for each in predictions])
        numbers.update(with_underscores(metric.get_metric()))
    return numbers


def _tagged_documents(
    vocabulary: Vocabulary,
    tag_ids: Sequence[Sequence[int]],
    documents: Sequence[Document],
    tag_encoding: str,
) -> list[Document]:
    """What a tagger of AllenNLP's has found: entities alone."""
    names = vocabulary.get_index_to_token_vocabulary("labels")
    return [
        replace(
            document,
            entities=tuple(tags_to_entities([names[tag] for tag in tags], tag_encoding)),
            relations=(),
        )
        for document, tags in zip(documents, tag_ids, strict=True)
    ]


def evaluate_run(folder: RunFolder, test_data: str, documents: Sequence[Document]) -> None:
    """
    Writes the metrics of a trained model on both splits, and its predictions on the test split.

    Nothing is predicted again where it has been for the same archive and the same documents.

    # Parameters

    folder : `RunFolder`
        A run whose training came to its end.
    test_data : `str`
        The file that the documents are from, for errors.
    documents : `Sequence[Document]`
        The test split.
    """
    development = folder.development()
    if development:
        write_json(folder.development_metrics, development)
    if is_evaluated(folder, documents):
        return
    try:
        metrics, predictions = evaluate_archive(folder.archive, documents)
    except DocumentError as error:
        raise error.located(None, test_data) from None
    # Together they are there, or the metrics are not.
    folder.test_metrics.unlink(missing_ok=True)
    write_predictions(folder.test_predictions, predictions)
    write_json(folder.test_metrics, metrics)


def is_evaluated(folder: RunFolder, documents: Sequence[Document]) -> bool:
    """Whether a run's folder has metrics and predictions of its archive for these documents."""
    if not (folder.test_metrics.is_file() and folder.test_predictions.is_file()):
        return False
    if folder.test_predictions.stat().st_mtime_ns < folder.archive.stat().st_mtime_ns:
        return False
    return are_of(read_predictions(folder.test_predictions), documents)


def read_test_data(path: DataPath, reader: Mapping[str, Any]) -> list[Document]:
    """
    The gold documents of a test split.

    # Parameters

    path : `DataPath`
        What the configuration has as `test_data_path`.
    reader : `Mapping[str, Any]`
        The settings of its dataset reader; where they ask for a sample (`max_documents`), this is
        the same one.

    # Raises

    `ConfigurationError`
        If the path is none.
    `DocumentError`
        If a file is missing or cannot be read.
    """
    documents = [document for file in corpus_files(path) for document in file.read()]
    max_documents = check_max_documents(reader.get("max_documents"))
    return sample_in_order(documents, max_documents, reader.get("sampling_seed", 0))
