"""
What is done in the process of the model: inputs are read, and their sentences predicted.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Optional, Protocol, Union

from allennlp.common import JsonDict

from dts_ee.document import Document, DocumentError
from dts_ee.predictors.requests import Request
from dts_ee.serving.model_facts import ModelFacts
from dts_ee.serving.request_error import where_raised

_WARM_UP: JsonDict = {"tokens": ["Nobody", "came", "."]}


class SentencePredictor(Protocol):
    """The methods of `DtsPredictor` that the server uses."""

    def request(self, inputs: JsonDict) -> Request: ...

    def predict_sentences(self, requests: Sequence[Request]) -> list[list[Document]]: ...

    def output(self, request: Request, sentences: list[Document]) -> JsonDict: ...


LoadedModel = tuple[SentencePredictor, ModelFacts]
"""A model that was loaded, and what is known about it."""


class Refusal(NamedTuple):
    """Why an input cannot be predicted."""

    message: str
    field: Optional[str]


class Failure(NamedTuple):
    """The type of an error of the model, and where it was raised."""

    kind: str
    where: str


class Piece(NamedTuple):
    """Some sentences of an input that was read."""

    number: int
    first: int
    last: int


@dataclass
class _Input:
    request: Request
    predicted: list[Document] = field(default_factory=list)


class Worker:
    """
    Predicts inputs piece by piece.

    # Parameters

    predictor : `SentencePredictor`
        The predictor, which is called once here.
    facts : `ModelFacts`
        What is known about its model.
    """

    def __init__(self, predictor: SentencePredictor, facts: ModelFacts) -> None:
        self._predictor = predictor
        self._facts = facts
        self._inputs: dict[int, _Input] = {}
        # A model that only extracts relations needs entities.
        with suppress(DocumentError):
            predictor.predict_sentences([predictor.request(_WARM_UP)])

    def facts(self) -> ModelFacts:
        """What is known about the model."""
        return self._facts

    def read(self, inputs: Mapping[int, JsonDict]) -> dict[int, Union[list[int], Refusal, Failure]]:
        """The number of tokens in each sentence of each input, which has a number."""
        return {number: self._read(number, value) for number, value in inputs.items()}

    def predict(
        self, pieces: Sequence[Piece], forget: Sequence[int]
    ) -> dict[int, Union[str, Failure]]:
        """
        Predicts pieces of inputs.

        # Parameters

        pieces : `Sequence[Piece]`
            The pieces; those of an input come in their order.
        forget : `Sequence[int]`
            The numbers of inputs that nobody waits for any more.

        # Returns

        `dict[int, Union[str, Failure]]`
            The outputs, in JSON, of the inputs that are complete.
        """
        for number in forget:
            self._inputs.pop(number, None)
        outputs: dict[int, Union[str, Failure]] = {}
        for piece, result in zip(pieces, self._predict(pieces), strict=True):
            if piece.number in outputs:
                continue
            value = self._inputs[piece.number]
            if isinstance(result, Failure):
                outputs[piece.number] = result
            else:
                value.predicted += result
                if piece.last == len(value.request.sentences):
                    outputs[piece.number] = self._output(value)
        for number in outputs:
            del self._inputs[number]
        return outputs

    def _read(self, number: int, value: JsonDict) -> Union[list[int], Refusal, Failure]:
        try:
            request = self._predictor.request(value)
        except DocumentError as error:
            return Refusal(str(error), None if error.field is None else str(error.field))
        except Exception as error:
            return _failure(error)
        self._inputs[number] = _Input(request)
        return [len(sentence.tokens) for sentence in request.sentences]

    def _predict(self, pieces: Sequence[Piece]) -> list[Union[list[Document], Failure]]:
        """Predicts pieces together, or one by one if that fails."""
        if not pieces:
            return []
        requests = []
        for piece in pieces:
            request = self._inputs[piece.number].request
            requests.append(replace(request, sentences=request.sentences[piece.first : piece.last]))
        try:
            return list(self._predictor.predict_sentences(requests))
        except Exception as error:
            if len(pieces) == 1:
                return [_failure(error)]
        return [result for piece in pieces for result in self._predict([piece])]

    def _output(self, value: _Input) -> Union[str, Failure]:
        try:
            output = self._predictor.output(value.request, value.predicted)
            return json.dumps(output, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except Exception as error:
            return _failure(error)


def _failure(error: Exception) -> Failure:
    return Failure(type(error).__name__, where_raised(error))
