"""Predicts sentences with what a model says about its own predictions of them."""

from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence

import numpy
import torch

from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.predictors.prediction import MAX_BATCH_TOKENS, model_batches


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
    for indices, tensors in model_batches(
        model, reader, documents, entities_given, max_batch_tokens=max_batch_tokens
    ):
        with torch.inference_mode():
            output = model(**tensors, examine=True)
        if vectors is None:
            vectors = numpy.empty((len(predicted), output["vectors"].shape[1]), numpy.float32)
        errors[indices] = output["expected_errors"].cpu().numpy()
        vectors[indices] = output["vectors"].cpu().numpy()
        for i, document in zip(indices, output["documents"], strict=True):
            predicted[i] = document
        on_batch(len(indices))
    assert vectors is not None
    return Examination(predicted, errors, vectors)
