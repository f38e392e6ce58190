"""Predicts sentences with what a model says about its own predictions of them."""

from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence

import numpy
import torch
from allennlp.nn.util import move_to_device

from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.predictors.prediction import MAX_BATCH_TOKENS, prepare_batches


@dataclass(frozen=True)
class Examination:
    """
    Predicted sentences.

    # Parameters

    documents : `List[Document]`
        The sentences, with the predicted entities and relations.
    expected_errors : `numpy.ndarray`
        Shape (num_sentences,): the expected number of wrong decisions, see
        `TaskHead.expected_errors`.
    vectors : `numpy.ndarray`
        Shape (num_sentences, dim), in single precision: see `DeeperTaskSpecificity.forward`.
    """

    documents: List[Document]
    expected_errors: numpy.ndarray
    vectors: numpy.ndarray

    @property
    def uncertainties(self) -> numpy.ndarray:
        """Shape (num_sentences,): the expected number of wrong decisions for each token."""
        return self.expected_errors / [len(document.tokens) for document in self.documents]


def examine_documents(
    model: DeeperTaskSpecificity,
    reader: SpertReader,
    documents: Sequence[Document],
    entities_given: Optional[Sequence[bool]] = None,
    max_batch_tokens: int = MAX_BATCH_TOKENS,
    on_batch: Callable[[int], object] = lambda num_sentences: None,
) -> Examination:
    """
    Predicts sentences with the model's own thresholds, and examines the predictions.

    # Parameters

    model, reader, entities_given, max_batch_tokens
        As for `predict_documents`.
    documents : `Sequence[Document]`
        The sentences; at least one.
    on_batch : `Callable[[int], object]`, optional
        Called with the number of sentences of each batch after it.
    """
    predicted = list(documents)
    errors = numpy.zeros(len(predicted))
    vectors: Optional[numpy.ndarray] = None
    device = model._get_prediction_device()
    for batch in prepare_batches(
        model.vocab, reader, documents, entities_given, max_batch_tokens=max_batch_tokens
    ):
        with torch.inference_mode():
            output = model(**move_to_device(batch.tensors, device), examine=True)
        if vectors is None:
            vectors = numpy.empty((len(predicted), output["vectors"].shape[1]), numpy.float32)
        errors[batch.indices] = output["expected_errors"].cpu().numpy()
        vectors[batch.indices] = output["vectors"].cpu().numpy()
        for i, document in zip(batch.indices, output["documents"], strict=True):
            predicted[i] = document
        on_batch(len(batch.indices))
    assert vectors is not None
    return Examination(predicted, errors, vectors)
