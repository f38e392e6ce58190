"""The predictor for raw and tokenised text."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor

from dts_ee.corpora.spert import prediction_to_json
from dts_ee.corpora.text_reading import TextReading
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document, DocumentError
from dts_ee.models import DeeperTaskSpecificity, Thresholds
from dts_ee.models.thresholds import ThresholdsValue
from dts_ee.modules.token_embedders.frozen_transformer import frozen_transformer_of
from dts_ee.predictors.calibration import Calibration
from dts_ee.predictors.examination import Examination, examine_documents
from dts_ee.predictors.prediction import (
    MAX_BATCH_TOKENS,
    predict_batches,
    predict_documents,
    prepare_batches,
)
from dts_ee.predictors.request_groups import (
    PreparedRequests,
    groups_of_requests,
    sentences_of_requests,
)
from dts_ee.predictors.requests import (
    Request,
    check_type,
    inputs_from_item,
    inputs_from_line,
    request_from_json,
)
from dts_ee.suggestions import did_you_mean
from dts_ee.tasks import ENTITIES, RELATIONS
from dts_ee.tokenizers import TokenSentenceSplitter, sentence_splitter_of, text_reading

_TASKS_OF_THRESHOLDS = {"entity_threshold": ENTITIES.name, "relation_threshold": RELATIONS.name}


@Predictor.register("dts")
class DtsPredictor(Predictor):
    """
    Predicts entities and relations in sentences and texts.

    The input is a JSON object with one of the keys `text` (a string of any number of sentences),
    `sentence` (a string with one sentence) or `tokens` (a list of strings, with an optional
    `sentence` that contains them), and optionally `orig_id`. With the key `entities`, only
    relations between the given entities are predicted. With the keys `entity_threshold` and
    `relation_threshold`, the input has other thresholds than the predictor.

    The output for a sentence has `sentence`, `tokens` and `orig_id`, if it is known; `entities`
    with `type`, `start` and `end` (tokens), `text`, `start_char` and `end_char` (characters in the
    sentence); `relations` with `type`, `head` and `tail` (indices of entities); and the
    `probability` of each prediction. Ends are exclusive. The output for a text has `text` and
    `sentences`, a list of such objects with their `start_char`; all characters are counted in the
    text. Dataset readers can read both.

    Sentences are predicted in batches of similar length. The outputs have the order of the inputs.
    A prediction does not depend on the other sentences, apart from rounding errors.

    # Parameters

    model : `Model`
        A trained `dts` model.
    dataset_reader : `DatasetReader`
        The `SpertReader` that it was trained with; its tokenizer splits raw sentences.
    frozen : `bool`, optional (default = `True`)
        See `Predictor`.
    max_batch_tokens : `int`, optional (default = `1024`)
        The largest number of tokens in a batch, padding included. A longer sentence is a batch of
        its own.
    relation_threshold : `ThresholdsValue`, optional (default = `None`)
        Predict the relations with at least this probability: a number, a mapping from types to
        numbers, or a string such as `"0.5,Kill=0.8"` (see `Thresholds.parse`). `None`, also for
        types without a number, for the model's own threshold.
    calibration : `str`, optional (default = `None`)
        A file that `allennlp calibrate` wrote, with which probabilities are calibrated. The
        thresholds are for calibrated probabilities.
    sentences : `str`, optional (default = `None`)
        How raw text is split into sentences: `"rules"`, `"lines"`, `"whole"`, or the name or the
        folder of a spaCy pipeline; `None` for the dataset reader's way.
    abbreviations : `List[str]`, optional (default = `None`)
        Abbreviations whose full stop does not end a sentence, for `"rules"`.
    entity_threshold : `ThresholdsValue`, optional (default = `None`)
        Leave out the entities with less than this probability, and their relations: as
        `relation_threshold`. `None` for no threshold. Given entities are kept.
    onnx : `str`, optional (default = `None`)
        A folder that `dts-ee export` wrote for the model: onnxruntime runs the model's frozen
        encoder from now on, also for other predictors of the model.

    # Raises

    `ConfigurationError`
        If `max_batch_tokens` is less than 1, a threshold is not between 0 and 1 or has a type that
        the model does not know, there is no such spaCy pipeline, the encoder cannot be run from
        the folder, or an argument is unknown.
    `DocumentError`
        If the calibration cannot be read.
    `TypeError`
        If the dataset reader or the model has another type.
    """

    _model: DeeperTaskSpecificity

    def __init__(
        self,
        model: Model,
        dataset_reader: DatasetReader,
        frozen: bool = True,
        max_batch_tokens: int = MAX_BATCH_TOKENS,
        relation_threshold: Optional[ThresholdsValue] = None,
        calibration: Optional[str] = None,
        sentences: Optional[str] = None,
        abbreviations: Optional[List[str]] = None,
        entity_threshold: Optional[ThresholdsValue] = None,
        onnx: Optional[str] = None,
        **unknown: Any,
    ) -> None:
        if unknown:
            name = next(iter(unknown))
            names = ("max_batch_tokens", "calibration", "sentences", "abbreviations", "onnx")
            hint = did_you_mean(name, (*names, *_TASKS_OF_THRESHOLDS))
            raise ConfigurationError(f"the predictor `dts` takes no {name!r}{hint}")
        if not isinstance(dataset_reader, SpertReader):
            raise TypeError(
                "the predictor `dts` needs a dataset reader of this package, not "
                f"{type(dataset_reader).__name__}"
            )
        if not isinstance(model, DeeperTaskSpecificity):
            raise TypeError(f"the predictor `dts` needs a model `dts`, not {type(model).__name__}")
        if max_batch_tokens < 1:
            raise ConfigurationError(f"max_batch_tokens is {max_batch_tokens}, less than 1.")
        super().__init__(model, dataset_reader, frozen)
        if onnx is not None:
            frozen_transformer_of(model).use_onnx(Path(onnx))
        self._max_batch_tokens = max_batch_tokens
        self._reader = dataset_reader
        self._num_lines = 0
        self._calibration = None if calibration is None else Calibration.from_file(calibration)
        self._thresholds: Mapping[str, Thresholds] = {}
        self._thresholds = self.thresholds(
            {"entity_threshold": entity_threshold, "relation_threshold": relation_threshold}
        )
        splitter = dataset_reader.sentences
        if sentences is not None or abbreviations is not None:
            splitter = sentence_splitter_of(sentences or "rules", abbreviations)
        if isinstance(splitter, TokenSentenceSplitter):
            splitter.prepare()
        self._reading = text_reading(
            dataset_reader.tokenizer,
            splitter,
            windows=dataset_reader.windows,
            context_sentences=dataset_reader.context_sentences,
        )

    @property
    def entity_types(self) -> List[str]:
        """The entity types that the model knows, in alphabetical order."""
        return self._model.entity_types

    @property
    def relation_types(self) -> List[str]:
        """The relation types that the model predicts, in alphabetical order."""
        return self._model.relation_types

    @property
    def types(self) -> Dict[str, List[str]]:
        """The types that the model predicts, by the name of the task."""
        return self._model.types

    @property
    def least_probabilities(self) -> Dict[str, Dict[str, float]]:
        """
        The threshold of each type of entities and of relations, by the name of the task: the
        predictor's, or else the model's own.
        """
        least = {}
        for task in _TASKS_OF_THRESHOLDS.values():
            head = self._model.heads.get(task)
            if head is None:
                continue
            assert head.threshold is not None
            own = head.threshold
            if self._calibration is not None:
                own = self._calibration.calibrated_threshold(task, own)
            thresholds = self._thresholds.get(task, Thresholds())
            least[task] = {type: thresholds.of(type, own) for type in head.types}
        return least

    @property
    def reading(self) -> TextReading:
        """How raw text is divided into sentences and tokens."""
        return self._reading

    def to_gpu(self, cuda_device: int) -> None:
        """Moves the model to a GPU, by its number."""
        self._model.cuda(cuda_device)
        self.cuda_device = cuda_device

    def thresholds(self, values: Mapping[str, Any]) -> Mapping[str, Thresholds]:
        """
        The thresholds of a call, by the name of the task.

        # Parameters

        values : `Mapping[str, Any]`
            May have `entity_threshold` and `relation_threshold`, as for the predictor; without one,
            or with `None`, it is the predictor's.

        # Raises

        `ConfigurationError`
            If a threshold is not between 0 and 1, or has a type that the model does not know.
        """
        thresholds = dict(self._thresholds)
        for name, task in _TASKS_OF_THRESHOLDS.items():
            if values.get(name) is not None:
                try:
                    types = self._model.types.get(task, [])
                    thresholds[task] = Thresholds.parse(values[name], types)
                except ConfigurationError as error:
                    raise ConfigurationError(f"{name}: {error.message}") from None
        return thresholds

    def predict(self, sentence: str) -> JsonDict:
        """Predicts the entities and relations of a raw sentence."""
        return self.predict_json({"sentence": sentence})

    def predict_tokens(self, tokens: List[str]) -> JsonDict:
        """Predicts the entities and relations of a sentence that is already split into tokens."""
        return self.predict_json({"tokens": tokens})

    def predict_text(self, text: str) -> JsonDict:
        """Predicts the entities and relations of a raw text of any number of sentences."""
        return self.predict_json({"text": text})

    def predict_json(self, inputs: JsonDict) -> JsonDict:
        return self.predict_batch_json([inputs])[0]

    def predict_batch_json(self, inputs: List[JsonDict]) -> List[JsonDict]:
        return self.predict_requests([self.request(json_dict) for json_dict in inputs])

    def request(self, inputs: JsonDict) -> Request:
        """
        Reads an input: its sentences, and whether their entities are given.

        # Raises

        `DocumentError`
            If it cannot be read, a threshold is invalid, entities are given but the model does not
            predict relations, or none are given but the model does not predict entities.
        """
        request = request_from_json(inputs, self._reading, self.entity_types)
        self._check_entities(request.entities_given, request.id)
        try:
            return replace(request, thresholds=self.thresholds(inputs))
        except ConfigurationError as error:
            name, _, problem = error.message.partition(": ")
            raise DocumentError(problem, name, request.id) from None

    def _check_entities(self, given: bool, document_id: Optional[str]) -> None:
        if given and not self._model.extracts_relations:
            raise DocumentError(
                "entities are given, but the model does not predict relations",
                "entities",
                document_id,
            )
        if not given and not self._model.recognises_entities:
            raise DocumentError(
                "the model only predicts relations, and needs given entities",
                "entities",
                document_id,
            )

    def predict_requests(self, requests: Sequence[Request]) -> List[JsonDict]:
        """The outputs for several inputs."""
        return [
            self.output(request, sentences)
            for request, sentences in zip(requests, self.predict_sentences(requests), strict=True)
        ]

    def output(self, request: Request, sentences: List[Document]) -> JsonDict:
        """The output for an input and its predicted sentences."""
        outputs = [prediction_to_json(sentence) for sentence in sentences]
        identifier = {} if request.id is None else {"orig_id": request.id}
        warnings = {"warnings": list(request.warnings)} if request.warnings else {}
        if request.text is not None:
            return {**identifier, "text": request.text, "sentences": outputs, **warnings}
        if request.blank_sentence is not None:
            nothing: JsonDict = {"tokens": [], "entities": [], "relations": []}
            return {**identifier, "sentence": request.blank_sentence, **nothing}
        return {**outputs[0], **warnings}

    def predict_sentences(self, requests: Sequence[Request]) -> List[List[Document]]:
        """The sentences of several inputs, with their predicted entities and relations."""
        return sentences_of_requests(
            requests,
            (
                (group, self._predict(group.sentences, group.entities_given, group.thresholds))
                for group in groups_of_requests(requests)
            ),
        )

    def prepare(self, requests: Sequence[Request]) -> List[PreparedRequests]:
        """
        Does what `predict_sentences` does before it calls the model, with which another process can
        go on: `predict_prepared`.
        """
        vocab, size = self._model.vocab, self._max_batch_tokens
        return [
            PreparedRequests(
                group,
                list(
                    prepare_batches(
                        vocab, self._reader, group.sentences, group.entities_given, False, size
                    )
                ),
            )
            for group in groups_of_requests(requests)
        ]

    def predict_prepared(
        self, requests: Sequence[Request], prepared: Sequence[PreparedRequests]
    ) -> List[List[Document]]:
        """As `predict_sentences`, for what `prepare` returned for the requests."""
        return sentences_of_requests(
            requests,
            (
                (
                    item.group,
                    predict_batches(
                        self._model,
                        self._reader,
                        item.batches,
                        len(item.group.sentences),
                        item.group.thresholds,
                        self._calibration,
                    ),
                )
                for item in prepared
            ),
        )

    def predict_documents(
        self,
        documents: Iterable[Document],
        entities_given: bool = False,
        thresholds: Optional[Mapping[str, Thresholds]] = None,
    ) -> List[Document]:
        """
        Predicts the entities and relations of sentences.

        # Parameters

        documents : `Iterable[Document]`
            The sentences.
        entities_given : `bool`, optional (default = `False`)
            Whether to keep their entities, and to predict only relations.
        thresholds : `Mapping[str, Thresholds]`, optional (default = `None`)
            What `thresholds` returns; `None` for the predictor's.

        # Raises

        `DocumentError`
            If given entities have a type that the model does not know, and as `request`.
        """
        sentences = []
        for document in documents:
            self._check_entities(entities_given, document.id)
            if entities_given:
                self._check_types(document)
                entities = [replace(entity, probability=None) for entity in document.entities]
                document = replace(document, entities=tuple(entities), relations=())
            sentences.append(document)
        return self._predict(sentences, [entities_given] * len(sentences), thresholds)

    def _check_types(self, document: Document) -> None:
        known = self.entity_types
        for i, entity in enumerate(document.entities):
            check_type(entity.type, known, ("entities", i, "type"), document.id)

    def _predict(
        self,
        sentences: Sequence[Document],
        entities_given: Sequence[bool],
        thresholds: Optional[Mapping[str, Thresholds]] = None,
    ) -> List[Document]:
        return predict_documents(
            self._model,
            self._reader,
            sentences,
            entities_given,
            thresholds=self._thresholds if thresholds is None else thresholds,
            calibration=self._calibration,
            max_batch_tokens=self._max_batch_tokens,
        )

    def examine(
        self,
        documents: Sequence[Document],
        entities_given: Optional[Sequence[bool]] = None,
        on_batch: Callable[[int], object] = lambda num_sentences: None,
    ) -> Examination:
        """
        Predicts sentences with the model's own thresholds, and how sure it is: see
        `examine_documents`. Without a NER head, their entities count as given by default.
        """
        if entities_given is None:
            entities_given = [not self._model.recognises_entities] * len(documents)
        return examine_documents(
            self._model, self._reader, documents, entities_given, self._max_batch_tokens, on_batch
        )

    def load_line(self, line: str) -> JsonDict:
        """
        Reads a line of the input file.

        # Raises

        `DocumentError`
            If the line is not a JSON object, a list of tokens or a string. It names the number of
            the line; blank lines are not counted.
        """
        self._num_lines += 1
        return inputs_from_line(line, f"#{self._num_lines}")

    def load_item(self, value: Any, number: int) -> JsonDict:
        """The inputs for an item of a list: see `inputs_from_item`."""
        return inputs_from_item(value, number)

    def predict_instance(self, instance: Instance) -> JsonDict:
        return self.predict_batch_instance([instance])[0]

    def predict_batch_instance(self, instances: List[Instance]) -> List[JsonDict]:
        metadata = [instance["metadata"].metadata for instance in instances]  # type: ignore[attr-defined]
        documents = [sentence["document"] for sentence in metadata]
        # Without a NER head, gold entities count as given.
        given = [
            sentence.get("entities_given", not self._model.recognises_entities)
            for sentence in metadata
        ]
        return [prediction_to_json(document) for document in self._predict(documents, given)]

    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        request = self.request(json_dict)
        if request.text is not None:
            raise DocumentError("a text has several instances: use `sentence`", "text", request.id)
        if not request.sentences:
            raise DocumentError("there are no words in the sentence", "sentence", request.id)
        return self._reader.text_to_instance(
            request.sentences[0], gold=False, entities_given=request.entities_given
        )
