"""
The spaCy component `dts_ee`: entities and relations in spaCy's pipelines.

`dts_ee_spacy.py` registers it. Importing this module adds the extensions of `Doc` in
`dts_ee.corpora.spacy_predictions`.
"""

import shutil
import warnings
from itertools import chain
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

import numpy
from allennlp.common.checks import ConfigurationError
from spacy.pipeline import Pipe
from spacy.tokens import Doc, SpanGroup
from spacy.util import minibatch

from dts_ee.atomic_files import open_bytes_atomically
from dts_ee.corpora.annotated_text import TextEntity
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.sentence_rules import Spans
from dts_ee.corpora.sentences import sentences_of
from dts_ee.corpora.spacy_predictions import entity_spans, set_extensions, store_predictions
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import without_overlaps
from dts_ee.document import Document, DocumentError, Field
from dts_ee.extractor import Extractor
from dts_ee.named_models.archive_copy import archive_file
from dts_ee.predictors.requests import MAX_SENTENCE_TOKENS
from dts_ee.tokenizers.sentence_splitters import starts_in_doc

ARCHIVE_NAME = "model.tar.gz"

set_extensions()


class EntityRelationExtractor(Pipe):
    """
    A spaCy component that predicts entities and the relations between them.

    The model gets the tokens of the `Doc`, except white space, sentence by sentence.

    # Parameters

    name : `str`
        The component's name in the pipeline.
    model : `PathOrStr`
        A model's name, an archive, or the folder of a training; see `Extractor.load`.
    given_entities : `Union[bool, Dict[str, str]]`, optional (default = `False`)
        Whether to predict only relations, between the entities in `doc.ents`. With a dictionary
        from their labels to the model's types, entities with other labels are ignored.
    annotate_ents : `bool`, optional (default = `True`)
        Whether the predicted entities replace `doc.ents`. Of entities that overlap, the longest is
        there.
    spans_key : `str`, optional (default = `"dts_ee"`)
        The group of `doc.spans` for all predicted entities, also those that overlap. Its attribute
        `scores` has their probabilities. `None` for no group.
    sentences : `str`, optional (default = `None`)
        How to find sentences: `"rules"`, `"lines"`, `"whole"`, or the name or the folder of a spaCy
        pipeline. `None` for those of the `Doc` or, if it has none, the model's way.
    include_model : `bool`, optional (default = `False`)
        Whether `to_disk` copies the archive into the pipeline's folder. The model is then loaded
        when it is first needed.
    extractor_options : `Any`
        Other arguments of `Extractor.load`.

    # Raises

    `ConfigurationError`
        If there is no such model, or an argument is invalid.
    """

    def __init__(
        self,
        name: str,
        model: PathOrStr,
        given_entities: Union[bool, Dict[str, str]] = False,
        annotate_ents: bool = True,
        spans_key: Optional[str] = "dts_ee",
        sentences: Optional[str] = None,
        include_model: bool = False,
        **extractor_options: Any,
    ) -> None:
        # Not by the factory's type, whose message would name only one of the two.
        if not isinstance(given_entities, (bool, dict)):
            raise ConfigurationError(
                f"given_entities is {given_entities!r}; it should be true, false, or a dictionary "
                'from labels to the model\'s types, such as {"PERSON": "Peop"}'
            )
        self.name = name
        self._model = model
        self._entities_given = given_entities is not False
        self._types = given_entities if isinstance(given_entities, dict) else None
        self._annotate_ents = annotate_ents
        self._spans_key = spans_key
        self._uses_sentences_of_doc = sentences is None
        self._include_model = include_model
        self._options = {"sentences": sentences, **extractor_options}
        self._extractor: Optional[Extractor] = None
        if not include_model:
            self._load()

    @property
    def extractor(self) -> Extractor:
        """The model."""
        return self._load() if self._extractor is None else self._extractor

    def _load(self) -> Extractor:
        extractor = Extractor.load(self._model, **self._options)
        known = extractor.predictor.entity_types
        for label, type in (self._types or {}).items():
            if type not in known:
                raise ConfigurationError(
                    f"given_entities: {label!r} is to be {type!r}, which the model does not know; "
                    f"it knows {', '.join(known)}"
                )
        self._extractor = extractor
        return extractor

    @property
    def labels(self) -> Tuple[str, ...]:
        """The entity types of the model, if it is loaded."""
        return () if self._extractor is None else tuple(self._extractor.predictor.entity_types)

    def __call__(self, doc: Doc) -> Doc:
        """
        Adds the predictions to a `Doc`.

        # Raises

        `DocumentError`
            If a given entity has no words, or a label that the model does not know.
        """
        self._predict([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Adds the predictions to `Doc`s. The sentences of `batch_size` `Doc`s go together."""
        error_handler = self.get_error_handler()
        for docs in minibatch(stream, size=batch_size):
            batch = list(docs)
            try:
                self._predict(batch)
            except Exception as error:
                error_handler(self.name, self, batch, error)
            else:
                yield from batch

    def _predict(self, docs: Sequence[Doc]) -> None:
        inputs = [self._sentences(doc) for doc in docs]
        sentences = [sentence for of_doc in inputs for sentence in of_doc]
        predicted = iter(self.extractor.predict(sentences, self._entities_given))
        for doc, of_doc in zip(docs, inputs, strict=True):
            self._annotate(doc, [next(predicted) for _ in of_doc])

    def _sentences(self, doc: Doc) -> List[Document]:
        spans: Spans = [(token.idx, token.idx + len(token)) for token in doc if token.text.strip()]
        entities = self._given_entities(doc) if self._entities_given else []
        reading = self.extractor.predictor.reading
        starts = self._sentence_starts(doc, spans, reading)
        return sentences_of(
            doc.text,
            TextReading(
                lambda text: spans,
                lambda text, spans: starts,
                windows=reading.windows,
                context_sentences=reading.context_sentences,
            ),
            entities,
            MAX_SENTENCE_TOKENS,
        )

    def _sentence_starts(self, doc: Doc, spans: Spans, reading: TextReading) -> Sequence[int]:
        if not spans:
            return []
        has_sentences = doc.has_annotation("SENT_START")
        if has_sentences and self._uses_sentences_of_doc:
            starts = starts_in_doc(doc, spans)
            _warn_of_long_sentences(starts, len(spans))
            return starts
        starts = reading.sentence_starts(doc.text, spans)
        if not has_sentences:
            first_chars = {spans[start][0] for start in starts}
            for token in doc:
                token.is_sent_start = token.i == 0 or token.idx in first_chars
        return starts

    def _given_entities(self, doc: Doc) -> List[TextEntity]:
        known = self.extractor.predictor.entity_types
        entities = []
        for i, span in enumerate(doc.ents):
            type = span.label_ if self._types is None else self._types.get(span.label_)
            if type is None:
                continue
            if type not in known:
                raise DocumentError(
                    f"the model does not know the label {type!r} of {span.text!r}; it knows "
                    f"{', '.join(known)}: a dictionary as `given_entities`, such as "
                    f'{{"{type}": "{known[0]}"}}, has the model\'s types for other labels',
                    ("doc.ents", i),
                )
            field = Field(("doc.ents", i))
            entities.append(TextEntity(i, type, span.start_char, span.end_char, field))
        return entities

    def _annotate(self, doc: Doc, sentences: Sequence[Document]) -> None:
        if not self._entities_given and self._spans_key is not None:
            scores = [entity.probability for s in sentences for entity in s.entities]
            doc.spans[self._spans_key] = SpanGroup(
                doc,
                name=self._spans_key,
                spans=list(chain.from_iterable(entity_spans(doc, sentences))),
                attrs={"scores": numpy.array(scores)},
            )
        if not self._entities_given and self._annotate_ents:
            flat = [without_overlaps(sentence)[0] for sentence in sentences]
            doc.ents = list(chain.from_iterable(entity_spans(doc, flat)))
        store_predictions(doc, sentences, self.extractor.predictor.relation_types)

    def to_disk(self, path: PathOrStr, *, exclude: Iterable[str] = ()) -> None:
        """
        Copies the archive into a folder, if `include_model`. The settings are in the pipeline's
        configuration.
        """
        if self._include_model:
            source = archive_file(self._model)
            with (
                open(source, "rb") as archive,
                open_bytes_atomically(Path(path, ARCHIVE_NAME)) as copy,
            ):
                shutil.copyfileobj(archive, copy)

    def from_disk(
        self, path: PathOrStr, *, exclude: Iterable[str] = ()
    ) -> "EntityRelationExtractor":
        """Loads the archive in a folder, if there is one."""
        archive = Path(path, ARCHIVE_NAME)
        if archive.is_file():
            self._model = archive
            self._load()
        return self


def _warn_of_long_sentences(starts: Sequence[int], num_tokens: int) -> None:
    lengths = [end - start for start, end in zip(starts, [*starts[1:], num_tokens], strict=True)]
    if max(lengths, default=0) > MAX_SENTENCE_TOKENS:
        warnings.warn(
            f"dts_ee: a sentence of {max(lengths)} tokens is divided after at most "
            f"{MAX_SENTENCE_TOKENS}: is there a component that finds the sentences of such text? "
            'With the setting "sentences": "rules", dts_ee finds them itself',
            stacklevel=2,
        )
