"""
Evaluating an archive on a split of a corpus, and keeping what it predicted.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader
from allennlp.models import Model
from allennlp.models.archival import load_archive

from dts_ee.archives.trust import trusting_archives
from dts_ee.corpora.predictions import (
    Prediction,
    are_of,
    read_predictions,
    write_predictions,
)
from dts_ee.dataset_readers.corpus_files import DataPath
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document, DocumentError
from dts_ee.metrics import Scores
from dts_ee.models import DeeperTaskSpecificity, Thresholds
from dts_ee.predictors.prediction import predict_documents
from dts_ee.quiet_loading import quiet_loading
from dts_ee.runs.run_folder import RunFolder, write_json
from dts_ee.tasks import ENTITIES, RELATIONS, Task, flat_metrics


def evaluate_archive(
    archive_file: Path, documents: Sequence[Document]
) -> tuple[dict[str, float], list[Prediction]]:
    """
    Predicts gold documents, and computes the metrics.

    Each document goes through the model once, on the CPU, with sentences of about the same length.

    # Parameters

    archive_file : `Path`
        The archive of a `dts` model, or of a tagger that gives each sentence's tags, as AllenNLP's
        `crf_tagger` does.
    documents : `Sequence[Document]`
        The gold documents, as the archive's reader reads them. All are predicted: its
        `max_instances` is ignored.

    # Returns

    `tuple[dict[str, float], list[Prediction]]`
        The model's metrics, as `allennlp evaluate` names them, and the predictions in the order of
        the documents. The losses among the metrics are means over these batches.

    # Raises

    `ConfigurationError`
        If the archive has another kind of reader or model.
    `DocumentError`
        If a document has overlapping entities and the reader is to raise an error then.
    """
    model, reader = _load(archive_file)
    predictions = _predict(model, reader, documents)
    metrics = model.get_metrics(reset=True)
    if not isinstance(model, DeeperTaskSpecificity):
        metrics = {**metrics, **flat_metrics(score(predictions, ENTITIES))}
    elif model.tasks == "joint" and not model.extracts_relations:
        # There were no relations in the training data: those in these documents are missed.
        metrics = {**metrics, **flat_metrics(score(predictions, RELATIONS))}
    return metrics, predictions


def predict_candidates(
    archive_file: Path, data: DataPath, least_probability: float
) -> tuple[list[Prediction], Optional[float]]:
    """
    Predicts gold documents as `evaluate_archive` does, also relations below the model's threshold.

    The archive's reader reads the documents; all of them, even if it has `max_documents`.

    # Parameters

    archive_file : `Path`
        The archive.
    data : `DataPath`
        The files of the gold documents.
    least_probability : `float`
        Relations with at least this probability are predicted, or with at least the model's Θ,
        if that is lower.

    # Returns

    `tuple[list[Prediction], Optional[float]]`
        The predictions in the order of the documents, and the model's Θ, the probability from
        which on it predicts a relation; `None` for a model without relations.

    # Raises

    `ConfigurationError`
        If the archive has another kind of reader or model.
    `DocumentError`
        If the documents cannot be read, or one has overlapping entities and the reader is to raise
        an error then.
    """
    model, reader = _load(archive_file)
    reader.max_documents = None
    documents = reader.documents(data)
    threshold = None
    if isinstance(model, DeeperTaskSpecificity) and model.extracts_relations:
        threshold = model.heads[RELATIONS.name].threshold
    thresholds = {}
    if threshold is not None:
        thresholds[RELATIONS.name] = Thresholds(min(threshold, least_probability))
    return _predict(model, reader, documents, thresholds), threshold


def _predict(
    model: Model,
    reader: SpertReader,
    documents: Sequence[Document],
    thresholds: Mapping[str, Thresholds] = {},
) -> list[Prediction]:
    predicted = predict_documents(model, reader, documents, gold=True, thresholds=thresholds)
    return list(map(Prediction, predicted, documents))


def _load(archive_file: Path) -> tuple[Model, SpertReader]:
    with quiet_loading():
        archive = load_archive(archive_file)
    return archive.model.eval(), _checked_reader(archive.validation_dataset_reader, archive_file)


def _checked_reader(reader: DatasetReader, owner: Union[str, Path]) -> SpertReader:
    if not isinstance(reader, SpertReader):
        raise ConfigurationError(
            f"{owner} has a dataset reader {type(reader).__name__}, which does not read documents"
        )
    return reader


def score(predictions: Sequence[Prediction], *tasks: Task) -> Scores:
    """The scores of tasks over predictions."""
    scores: Scores = {}
    for task in tasks:
        metric = task.metric()
        metric(
            [prediction.predicted for prediction in predictions],
            [prediction.gold for prediction in predictions],
        )
        scores.update(metric.scores())
    return scores


def evaluate_run(folder: RunFolder, test_data: str, documents: Sequence[Document]) -> None:
    """
    Writes the metrics of a trained model on both splits, and its predictions on the test split.

    Nothing is predicted again for the same archive and the same documents.

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
        # The configuration is the user's own.
        with trusting_archives():
            metrics, predictions = evaluate_archive(folder.archive, documents)
    except DocumentError as error:
        raise error.located(None, test_data) from None
    # Metrics without their predictions must never remain.
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
    The gold documents of a test split, as its dataset reader reads them.

    # Parameters

    path : `DataPath`
        The configuration's `test_data_path`.
    reader : `Mapping[str, Any]`
        The settings of the dataset reader.

    # Raises

    `ConfigurationError`
        If the path is of a wrong type, or the dataset reader does not read documents or cannot be
        made.
    `DocumentError`
        If a file is missing or cannot be read.
    """
    # The indexers of encoders have large files, and are not needed to read documents.
    settings = {name: value for name, value in reader.items() if name != "token_indexers"}
    # AllenNLP takes what it has used out of the objects in it.
    made = DatasetReader.from_params(Params(deepcopy(settings)))
    return _checked_reader(made, "the experiment").documents(path)
