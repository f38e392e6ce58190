"""Named entity recognition and relation extraction in a few lines of Python."""

import os
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union, overload

import torch
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.archives.trust import trusting_archives
from dts_ee.corpora.files import PathOrStr
from dts_ee.document import Document
from dts_ee.models import Thresholds
from dts_ee.models.thresholds import ThresholdsValue
from dts_ee.named_models.hub_address import HubAddress
from dts_ee.predictors import DtsPredictor

TextEntities = Sequence[Tuple[str, int, int]]
"""Entities as tuples of type, start character and end character (exclusive)."""

_ENTITIES_EXPECTED = (
    "the entities of a text are a list of tuples (type, start character, end character): "
    'entities=[("Peop", 0, 5)]; those of several texts a list of such lists, one for each text: '
    'entities=[[("Peop", 0, 5)], []]'
)

_process = os.getpid()
"""The process whose threads torch uses; another one is a fork of it."""


class Extractor:
    """
    Extracts entities and relations from text.

    ```python
    from dts_ee import Extractor

    extractor = Extractor.load("news-small")
    for sentence in extractor("Marta Lindqvist lives in Tarnby. She writes."):
        for relation in sentence.relations:
            print(relation.type, sentence.entities[relation.head], relation.probability)
    ```

    # Parameters

    predictor : `DtsPredictor`
        The predictor.
    """

    def __init__(self, predictor: DtsPredictor) -> None:
        self._predictor = predictor

    @property
    def predictor(self) -> DtsPredictor:
        """The predictor."""
        return self._predictor

    @classmethod
    def load(
        cls,
        model: PathOrStr,
        relation_threshold: Optional[ThresholdsValue] = None,
        calibration: Optional[PathOrStr] = None,
        cuda_device: int = -1,
        entity_threshold: Optional[ThresholdsValue] = None,
        trust_archive: bool = False,
        onnx: Optional[PathOrStr] = None,
        **predictor_args: Any,
    ) -> "Extractor":
        """
        Loads a trained model.

        # Parameters

        model : `PathOrStr`
            A model's name (`dts-ee models` lists them), an archive, the folder of a training, or
            `hf://owner/name` for a model on the Hugging Face hub. An existing path is preferred to
            a name.
        relation_threshold : `ThresholdsValue`, optional (default = `None`)
            Predict the relations with at least this probability: a number, a mapping such as
            `{"Kill": 0.8}`, or a string such as `"0.5,Kill=0.8"`. `None`, also for types without a
            number, for the model's own threshold.
        calibration : `PathOrStr`, optional (default = `None`)
            A file that `allennlp calibrate` wrote.
        cuda_device : `int`, optional (default = `-1`)
            The index of the GPU; -1 for the CPU.
        entity_threshold : `ThresholdsValue`, optional (default = `None`)
            Leave out the entities with less than this probability, and their relations: as
            `relation_threshold`. `None` for no threshold. Given entities are kept.
        trust_archive : `bool`, optional (default = `False`)
            Whether the archive's configuration may name classes by their paths, which can run any
            code.
        onnx : `PathOrStr`, optional (default = `None`)
            A folder that `dts-ee export` wrote for the model: onnxruntime runs the encoder.
        predictor_args : `Any`
            Other arguments of `DtsPredictor`, such as `max_batch_tokens`.

        # Raises

        `ConfigurationError`
            If there is no such model, or an argument is invalid.
        `DocumentError`
            If the calibration cannot be read.
        """
        with trusting_archives(trust_archive):
            archive = load_archive(model, cuda_device=cuda_device)
        predictor = Predictor.from_archive(
            archive,
            "dts",
            extra_args={
                "entity_threshold": entity_threshold,
                "relation_threshold": relation_threshold,
                "calibration": None if calibration is None else os.fspath(calibration),
                "onnx": None if onnx is None else os.fspath(onnx),
                **predictor_args,
            },
        )
        assert isinstance(predictor, DtsPredictor)
        return cls(predictor)

    @classmethod
    def from_pretrained(
        cls, repository: str, revision: Optional[str] = None, **options: Any
    ) -> "Extractor":
        """
        Loads a model of the Hugging Face hub, or of the host in `HF_ENDPOINT`. It is downloaded
        unless it is in huggingface_hub's cache.

        # Parameters

        repository : `str`
            `owner/name`.
        revision : `str`, optional (default = `None`)
            A branch, a tag or a commit; `None` for the main branch.
        options : `Any`
            Other arguments of `load`.

        # Raises

        `ConfigurationError`
            As `load`; or if there is no such repository or revision, or the hub cannot be reached.
        """
        address = HubAddress.parse(repository)
        return cls.load(
            str(HubAddress(address.repository, revision or address.revision)), **options
        )

    @classmethod
    def from_archive(cls, archive_file: PathOrStr, **options: Any) -> "Extractor":
        """The former name of `load`."""
        return cls.load(archive_file, **options)

    @overload
    def __call__(
        self,
        text: str,
        entities: Optional[TextEntities] = None,
        entity_threshold: Optional[ThresholdsValue] = None,
        relation_threshold: Optional[ThresholdsValue] = None,
    ) -> List[Document]: ...

    @overload
    def __call__(
        self,
        text: List[str],
        entities: Optional[Sequence[TextEntities]] = None,
        entity_threshold: Optional[ThresholdsValue] = None,
        relation_threshold: Optional[ThresholdsValue] = None,
    ) -> List[List[Document]]: ...

    def __call__(
        self,
        text: Union[str, List[str]],
        entities: Any = None,
        entity_threshold: Optional[ThresholdsValue] = None,
        relation_threshold: Optional[ThresholdsValue] = None,
    ) -> Union[List[Document], List[List[Document]]]:
        """
        Splits texts into sentences, and extracts their entities and relations.

        # Parameters

        text : `Union[str, List[str]]`
            A text of any length, or a list of texts.
        entities : `Sequence[Tuple[str, int, int]]`, optional (default = `None`)
            The known entities of the text, as tuples of type, start character and end character
            (exclusive); only relations between them are extracted. For a list of texts, a list with
            the entities of each text.
        entity_threshold, relation_threshold : `ThresholdsValue`, optional (default = `None`)
            As for `load`; `None` for the thresholds given there.

        # Returns

        `Union[List[Document], List[List[Document]]]`
            The sentences of the text, or a list of sentences for each text. The `start_char` of a
            sentence is its start in the text.

        # Raises

        `ConfigurationError`
            If a threshold is invalid.
        `DocumentError`
            If an entity is not in the text, or has a type that the model does not know.
        `TypeError`
            If the text is neither a string nor a list of strings, or an entity is no such tuple.
        `ValueError`
            If there are not as many lists of entities as texts.
        """
        _use_one_thread_in_a_fork()
        texts = _texts(text)
        entity_lists: List[Optional[TextEntities]] = [None] * len(texts)
        if entities is not None:
            entity_lists = [entities] if isinstance(text, str) else list(_entities(entities))
            if len(entity_lists) != len(texts):
                raise ValueError(
                    f"there are {len(texts)} texts, but entities has {len(entity_lists)} items; "
                    f"{_ENTITIES_EXPECTED}"
                )
        thresholds = self._thresholds(entity_threshold, relation_threshold)
        requests = [
            replace(self._predictor.request(_inputs(*inputs)), thresholds=thresholds)
            for inputs in zip(texts, entity_lists, strict=True)
        ]
        sentences = self._predictor.predict_sentences(requests)
        return sentences[0] if isinstance(text, str) else sentences

    def predict(
        self,
        sentences: Iterable[Document],
        entities_given: bool = False,
        entity_threshold: Optional[ThresholdsValue] = None,
        relation_threshold: Optional[ThresholdsValue] = None,
    ) -> List[Document]:
        """
        Extracts the entities and relations of tokenised sentences.

        # Parameters

        sentences : `Iterable[Document]`
            For example `[Document(tokens=("Marta", "writes", "."))]`. Their entities and relations
            are replaced.
        entities_given : `bool`, optional (default = `False`)
            Whether to keep their entities, and to extract only relations between them.
        entity_threshold, relation_threshold : `ThresholdsValue`, optional (default = `None`)
            As for `load`; `None` for the thresholds given there.

        # Raises

        `ConfigurationError`
            If a threshold is invalid.
        `DocumentError`
            If a given entity has a type that the model does not know.
        `TypeError`
            If the sentences are not documents.
        """
        _use_one_thread_in_a_fork()
        thresholds = self._thresholds(entity_threshold, relation_threshold)
        return self._predictor.predict_documents(_documents(sentences), entities_given, thresholds)

    def _thresholds(
        self,
        entity_threshold: Optional[ThresholdsValue],
        relation_threshold: Optional[ThresholdsValue],
    ) -> Mapping[str, Thresholds]:
        return self._predictor.thresholds(
            {"entity_threshold": entity_threshold, "relation_threshold": relation_threshold}
        )


def _use_one_thread_in_a_fork() -> None:
    """
    Has torch compute with one thread in a forked process, such as one of `nlp.pipe(n_process=2)`.

    A copy of a process has no copy of its threads, and GNU OpenMP would wait for them for ever.
    """
    global _process
    if os.getpid() != _process:
        torch.set_num_threads(1)
        _process = os.getpid()


def _texts(text: Any) -> List[str]:
    if isinstance(text, str):
        return [text]
    # A mapping or a string of bytes can be iterated over, too.
    if isinstance(text, (Mapping, bytes)) or not isinstance(text, Iterable):
        raise TypeError(
            f"an extractor takes a text or a list of texts, not {type(text).__name__}: "
            'for example extractor(inputs["text"], entities=[("Peop", 0, 5)])'
        )
    texts = list(text)
    for item in texts:
        if not isinstance(item, str):
            raise TypeError(
                f"an extractor takes a text or a list of texts, not of {type(item).__name__}; "
                "`predict` takes sentences with tokens"
            )
    return texts


def _documents(sentences: Any) -> List[Document]:
    expected = (
        '`predict` takes a list of documents, such as [Document(tokens=("Marta", "writes", "."))]; '
        "for texts, call the extractor itself: extractor(texts)"
    )
    if isinstance(sentences, (str, bytes, Mapping)) or not isinstance(sentences, Iterable):
        raise TypeError(f"{expected}; this is {type(sentences).__name__}")
    documents = list(sentences)
    for item in documents:
        if not isinstance(item, Document):
            raise TypeError(f"{expected}; this is a list of {type(item).__name__}")
    return documents


def _entities(entities: Any) -> Iterable[Any]:
    if isinstance(entities, (str, bytes, Mapping)) or not isinstance(entities, Iterable):
        raise TypeError(f"{_ENTITIES_EXPECTED}; this is {entities!r}")
    return entities


def _inputs(text: str, entities: Optional[TextEntities]) -> Dict[str, Any]:
    if entities is None:
        return {"text": text}
    keys = ("type", "start_char", "end_char")
    items = []
    for entity in _entities(entities):
        if not isinstance(entity, (tuple, list)) or len(entity) != len(keys):
            raise TypeError(f"{_ENTITIES_EXPECTED}; this has {entity!r} for an entity")
        items.append(dict(zip(keys, entity, strict=True)))
    return {"text": text, "entities": items}
