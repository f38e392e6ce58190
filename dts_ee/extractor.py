"""
Entities and relations in a few lines of Python.
"""

import os
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union, overload

from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.corpora.files import PathOrStr
from dts_ee.document import Document
from dts_ee.predictors import DtsPredictor

TextEntities = Sequence[Tuple[str, int, int]]
"""Entities by their type, their first character and the one after their last."""


class Extractor:
    """
    Finds entities and relations in text.

    ```python
    from dts_ee import Extractor

    extractor = Extractor.load("news-small")
    for sentence in extractor("Marta Lindqvist lives in Tarnby. She writes."):
        for relation in sentence.relations:
            print(relation.type, sentence.entities[relation.head], relation.probability)
    ```

    # Parameters

    predictor : `DtsPredictor`
        What predicts.
    """

    def __init__(self, predictor: DtsPredictor) -> None:
        self._predictor = predictor

    @classmethod
    def load(
        cls,
        model: PathOrStr,
        relation_threshold: Optional[float] = None,
        calibration: Optional[PathOrStr] = None,
        cuda_device: int = -1,
        **predictor_args: Any,
    ) -> "Extractor":
        """
        An extractor with a trained model.

        # Parameters

        model : `PathOrStr`
            A model's name (`dts-ee models` lists them), an archive, or the folder of a training. A
            path that exists goes before a name.
        relation_threshold : `float`, optional (default = `None`)
            The probability from which on a relation is predicted; `None` is the model's own.
        calibration : `PathOrStr`, optional (default = `None`)
            A file that `allennlp calibrate` wrote.
        cuda_device : `int`, optional (default = `-1`)
            The GPU to use; -1 for none.
        predictor_args : `Any`
            What else `DtsPredictor` takes, such as `max_batch_tokens`.

        # Raises

        `ConfigurationError`
            If there is no such model, or an argument has no sense.
        `DocumentError`
            If the calibration cannot be read.
        """
        predictor = Predictor.from_archive(
            load_archive(model, cuda_device=cuda_device),
            "dts",
            extra_args={
                "relation_threshold": relation_threshold,
                "calibration": None if calibration is None else os.fspath(calibration),
                **predictor_args,
            },
        )
        assert isinstance(predictor, DtsPredictor)
        return cls(predictor)

    @classmethod
    def from_archive(cls, archive_file: PathOrStr, **options: Any) -> "Extractor":
        """`load` by its former name."""
        return cls.load(archive_file, **options)

    @overload
    def __call__(self, text: str, entities: Optional[TextEntities] = None) -> List[Document]: ...

    @overload
    def __call__(
        self, text: List[str], entities: Optional[Sequence[TextEntities]] = None
    ) -> List[List[Document]]: ...

    def __call__(
        self, text: Union[str, List[str]], entities: Any = None
    ) -> Union[List[Document], List[List[Document]]]:
        """
        The sentences of a text, with their entities and relations.

        # Parameters

        text : `Union[str, List[str]]`
            A text of any length, or several.
        entities : `Sequence[Tuple[str, int, int]]`, optional (default = `None`)
            The text's entities, where they are known: type, first character and the one after the
            last. Only relations are found then, between these. Of several texts, a list of such.

        # Returns

        `Union[List[Document], List[List[Document]]]`
            The sentences, or of several texts a list for each. A sentence's `start_char` is where
            it begins in its text.

        # Raises

        `DocumentError`
            If an entity is not in the text, or of a type that the model does not know.
        """
        texts = [text] if isinstance(text, str) else list(text)
        given: List[Optional[TextEntities]] = [None] * len(texts)
        if entities is not None:
            given = [entities] if isinstance(text, str) else list(entities)
        requests = [
            self._predictor.request(_inputs(one_text, of_text))
            for one_text, of_text in zip(texts, given, strict=True)
        ]
        found = self._predictor.predict_sentences(requests)
        return found[0] if isinstance(text, str) else found

    def predict(
        self, sentences: Iterable[Document], entities_given: bool = False
    ) -> List[Document]:
        """
        Sentences that have their tokens already, with the entities and relations that are found.

        # Parameters

        sentences : `Iterable[Document]`
            For example `[Document(tokens=("Marta", "writes", "."))]`. What entities and relations
            they have is replaced.
        entities_given : `bool`, optional (default = `False`)
            Whether their entities are kept, and only relations are found, between these.

        # Raises

        `DocumentError`
            If a given entity has a type that the model does not know.
        """
        return self._predictor.predict_documents(sentences, entities_given)


def _inputs(text: str, entities: Optional[TextEntities]) -> Dict[str, Any]:
    if entities is None:
        return {"text": text}
    keys = ("type", "start_char", "end_char")
    return {
        "text": text,
        "entities": [dict(zip(keys, entity, strict=True)) for entity in entities],
    }
