"""Entities and relations of raw or tokenised sentences."""

import json
from typing import Dict, List

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict, sanitize
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor

from dts_ee.corpora.spert import document_from_json
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document, DocumentError
from dts_ee.predictors.length_batches import batches_by_length
from dts_ee.tokenizers.spacy_rules import document_from_text


@Predictor.register("dts")
class DtsPredictor(Predictor):
    """
    Predicts the entities and relations of sentences.

    An input is a JSON object with `sentence`, a string, or `tokens`, a list of strings, or both,
    where the sentence says which characters the tokens are; and optionally `orig_id`. An output
    holds `sentence`, `tokens`, and `orig_id` where it is known; `entities` with `type`, `start` and
    `end` (tokens), `text`, `start_char` and `end_char` (characters in the sentence), ends being
    exclusive; `relations` with `type`, `head` and `tail` (positions among the entities); and the
    `probability` of each. It is again a document that the dataset readers read.

    Sentences that are given together go through the model in batches of about the same length, and
    the outputs are in the order of the inputs. What is predicted for a sentence does not depend on
    the others, but for rounding.

    # Parameters

    model : `Model`
        A trained `dts` model.
    dataset_reader : `DatasetReader`
        The `SpertReader` that it was trained with; its tokenizer splits raw sentences.
    frozen : `bool`, optional (default = `True`)
        See `Predictor`.
    max_batch_tokens : `int`, optional (default = `1024`)
        The most tokens that go through the model together, padding included; a longer sentence goes
        alone.

    # Raises

    `ConfigurationError`
        If `max_batch_tokens` is less than 1.
    `TypeError`
        If the dataset reader is another.
    """

    def __init__(
        self,
        model: Model,
        dataset_reader: DatasetReader,
        frozen: bool = True,
        max_batch_tokens: int = 1024,
    ) -> None:
        if not isinstance(dataset_reader, SpertReader):
            raise TypeError(
                "the predictor `dts` needs a dataset reader of this package, not "
                f"{type(dataset_reader).__name__}"
            )
        if max_batch_tokens < 1:
            raise ConfigurationError(f"max_batch_tokens is {max_batch_tokens}, less than 1.")
        super().__init__(model, dataset_reader, frozen)
        self._max_batch_tokens = max_batch_tokens
        self._reader = dataset_reader
        self._num_lines = 0

    def predict(self, sentence: str) -> JsonDict:
        """The entities and relations of a raw sentence."""
        return self.predict_json({"sentence": sentence})

    def predict_tokens(self, tokens: List[str]) -> JsonDict:
        """The entities and relations of a sentence that is already split into tokens."""
        return self.predict_json({"tokens": tokens})

    def load_line(self, line: str) -> JsonDict:
        """
        # Raises

        `DocumentError`
            If the line is no JSON object; it names the line, blank ones left out.
        """
        self._num_lines += 1
        place = f"#{self._num_lines}"
        try:
            inputs = json.loads(line)
        except json.JSONDecodeError as error:
            raise DocumentError(
                f"invalid JSON: {error.msg} (column {error.colno})", document_id=place
            ) from None
        except (ValueError, RecursionError) as error:
            # A number of thousands of digits, or brackets within a thousand brackets.
            raise DocumentError(f"invalid JSON: {error}", document_id=place) from None
        if not isinstance(inputs, dict):
            raise DocumentError(
                f"an object is expected, not {type(inputs).__name__}; a file that is one list, as "
                "corpora are, is read with `--use-dataset-reader`",
                document_id=place,
            )
        if "id" not in inputs:
            inputs.setdefault("orig_id", place)
        return inputs

    def predict_instance(self, instance: Instance) -> JsonDict:
        return self.predict_batch_instance([instance])[0]

    def predict_batch_instance(self, instances: List[Instance]) -> List[JsonDict]:
        lengths = [len(instance["tokens"]) for instance in instances]
        outputs: Dict[int, JsonDict] = {}
        for batch in batches_by_length(lengths, self._max_batch_tokens):
            predicted = self._predict_together([instances[i] for i in batch])
            outputs.update(zip(batch, predicted, strict=True))
        return [outputs[i] for i in range(len(instances))]

    def _predict_together(self, instances: List[Instance]) -> List[JsonDict]:
        # Gold tags would only cost the time that the loss takes.
        untagged = [
            Instance({name: field for name, field in instance.items() if name != "tags"})
            for instance in instances
        ]
        for instance in untagged:
            self._reader.apply_token_indexers(instance)
        with torch.inference_mode():
            outputs = self._model.forward_on_instances(untagged)
        # Within a batch, some documents may have no `orig_id`.
        return [
            sanitize({key: value for key, value in output.items() if value is not None})
            for output in outputs
        ]

    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        return self._reader.text_to_instance(self._document(json_dict), gold=False)

    def _document(self, inputs: JsonDict) -> Document:
        if "tokens" in inputs:
            known = ("tokens", "sentence", "orig_id", "id")
            return document_from_json(
                {key: inputs[key] for key in known if key in inputs}, annotated=False
            )
        identifier = inputs.get("orig_id", inputs.get("id"))
        name = None if identifier is None else str(identifier)
        if "sentence" not in inputs:
            raise DocumentError(
                f'there is neither "sentence" nor "tokens", but {sorted(inputs)}', document_id=name
            )
        if not isinstance(inputs["sentence"], str):
            raise DocumentError("must be a string", "sentence", name)
        return document_from_text(inputs["sentence"], self._reader.tokenizer, name)
