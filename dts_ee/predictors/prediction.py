"""Predicts documents with a model, in batches."""

from dataclasses import dataclass, replace
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import lazy_groups_of
from allennlp.data import Batch, TensorDict, Vocabulary
from allennlp.models import Model
from allennlp.nn.util import move_to_device

from dts_ee.corpora.tags import tags_to_entities
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document
from dts_ee.models import DeeperTaskSpecificity, Thresholds
from dts_ee.predictors.calibration import Calibration
from dts_ee.predictors.length_batches import batches_by_length

MAX_BATCH_TOKENS = 1024
"""The default for the largest number of tokens in a batch, padding included."""

SENTENCES_AT_A_TIME = 1024
"""The number of sentences that are grouped by length together."""


def predict_documents(
    model: Model,
    reader: SpertReader,
    documents: Sequence[Document],
    entities_given: Optional[Sequence[bool]] = None,
    gold: bool = False,
    thresholds: Mapping[str, Thresholds] = {},
    calibration: Optional[Calibration] = None,
    max_batch_tokens: int = MAX_BATCH_TOKENS,
) -> List[Document]:
    """
    Predicts the entities and relations of sentences.

    All predictions use this function. Sentences are predicted in batches of similar length. A
    prediction does not depend on the other sentences, apart from rounding errors.

    # Parameters

    model : `Model`
        A `dts` model, or a model whose output has `tags`, such as AllenNLP's `crf_tagger`.
    reader : `SpertReader`
        The reader that it was trained with.
    documents : `Sequence[Document]`
        The sentences.
    entities_given : `Sequence[bool]`, optional (default = `None`)
        For each sentence, whether to keep its entities and to predict only relations; `None` for no
        sentence.
    gold : `bool`, optional (default = `False`)
        Whether the entities and relations of the sentences are gold. If so, the model's metrics
        count the predictions.
    thresholds : `Mapping[str, Thresholds]`, optional (default = `{}`)
        The least probabilities, after calibration, by the name of the task; without them, the
        model's own thresholds. Those of a task that the model does not have are ignored.
    calibration : `Calibration`, optional (default = `None`)
        Calibrates the probabilities.
    max_batch_tokens : `int`, optional (default = `MAX_BATCH_TOKENS`)
        The largest number of tokens in a batch, padding included. A longer sentence is a batch of
        its own.

    # Returns

    `List[Document]`
        The predicted documents, in the order of the sentences.

    # Raises

    `ConfigurationError`
        If the model predicts neither documents nor tags.
    `DocumentError`
        If gold entities overlap and the reader's `on_overlap` is `"error"`.
    """
    vocab = model.vocab
    batches = prepare_batches(vocab, reader, documents, entities_given, gold, max_batch_tokens)
    return predict_batches(model, reader, batches, len(documents), thresholds, calibration)


@dataclass(frozen=True)
class PreparedBatch:
    """
    Sentences of similar length that are ready for a model. Making it takes Python's time alone, and
    no model.

    # Parameters

    indices : `List[int]`
        The indices of the sentences among all.
    documents : `List[Document]`
        The sentences.
    tensors : `TensorDict`
        The model's arguments, on the CPU.
    """

    indices: List[int]
    documents: List[Document]
    tensors: TensorDict


def prepare_batches(
    vocab: Vocabulary,
    reader: SpertReader,
    documents: Sequence[Document],
    entities_given: Optional[Sequence[bool]] = None,
    gold: bool = False,
    max_batch_tokens: int = MAX_BATCH_TOKENS,
) -> Iterator[PreparedBatch]:
    """
    The first half of `predict_documents`: the batches, with indexed tokens.

    # Parameters

    vocab : `Vocabulary`
        The model's.
    reader, documents, entities_given, gold, max_batch_tokens
        See `predict_documents`.
    """
    given = [False] * len(documents) if entities_given is None else entities_given
    numbered = enumerate(zip(documents, given, strict=True))
    # The instances of a long text need much more memory than the text.
    for group in lazy_groups_of(numbered, SENTENCES_AT_A_TIME):
        instances = [
            reader.text_to_instance(document, gold=gold, entities_given=is_given)
            for _, (document, is_given) in group
        ]
        first = group[0][0]
        lengths = [len(document.tokens) for _, (document, _) in group]
        for indices in batches_by_length(lengths, max_batch_tokens):
            batch = Batch([instances[i] for i in indices])
            for instance in batch:
                reader.apply_token_indexers(instance)
            batch.index_instances(vocab)
            sentences = [documents[first + i] for i in indices]
            yield PreparedBatch([first + i for i in indices], sentences, batch.as_tensor_dict())


def predict_batches(
    model: Model,
    reader: SpertReader,
    batches: Iterable[PreparedBatch],
    num_documents: int,
    thresholds: Mapping[str, Thresholds] = {},
    calibration: Optional[Calibration] = None,
) -> List[Document]:
    """
    The second half of `predict_documents`: the model.

    # Parameters

    batches : `Iterable[PreparedBatch]`
        What `prepare_batches` returned.
    num_documents : `int`
        The number of their sentences.
    model, reader, thresholds, calibration
        See `predict_documents`.
    """
    if calibration is not None:
        thresholds = calibration.uncalibrated(thresholds)
    found: Dict[int, Document] = {}
    for batch in batches:
        outputs = _predict_batch(model, reader, batch, thresholds)
        found.update(zip(batch.indices, outputs, strict=True))
    predicted = [found[i] for i in range(num_documents)]
    return predicted if calibration is None else list(map(calibration.calibrated, predicted))


def _predict_batch(
    model: Model, reader: SpertReader, batch: PreparedBatch, thresholds: Mapping[str, Thresholds]
) -> List[Document]:
    tensors = move_to_device(batch.tensors, model._get_prediction_device())
    with torch.inference_mode():
        if isinstance(model, DeeperTaskSpecificity):
            known = {task: thresholds[task] for task in thresholds if task in model.heads}
            return model(**tensors, thresholds=known)["documents"]
        output = model(**tensors)
    if "tags" not in output:
        raise ConfigurationError(
            f"the model is a {type(model).__name__}, which predicts neither documents nor tags"
        )
    names = model.vocab.get_index_to_token_vocabulary("labels")
    return [
        replace(
            document,
            entities=tuple(tags_to_entities([names[tag] for tag in tags], reader.tag_encoding)),
            relations=(),
        )
        for document, tags in zip(batch.documents, output["tags"], strict=True)
    ]
