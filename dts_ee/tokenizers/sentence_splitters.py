"""Sentence splitters that know where in the text, and at which token, a sentence begins."""

from abc import ABC, abstractmethod
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import Any, List, Optional, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers.sentence_splitter import SentenceSplitter

from dts_ee.corpora.sentence_rules import Spans, starts_by_rules
from dts_ee.corpora.text_reading import start_of_text, starts_of_lines
from dts_ee.tokenizers.spacy_rules import SpacyRulesTokenizer, token_spans


class TokenSentenceSplitter(SentenceSplitter, ABC):
    """A `SentenceSplitter` that uses the tokens of the text."""

    @abstractmethod
    def sentence_starts(self, text: str, spans: Spans) -> List[int]:
        """
        The index of the first token of each sentence.

        # Parameters

        text : `str`
            The text.
        spans : `Spans`
            The start and end characters of its tokens.
        """

    def prepare(self) -> None:
        """Loads what it needs, so that errors come before the first text."""

    def split_sentences(self, text: str) -> List[str]:
        spans = token_spans(text, SpacyRulesTokenizer())
        if not spans:
            return []
        starts = sorted({0, *self.sentence_starts(text, spans)})
        ends = [*starts[1:], len(spans)]
        return [
            text[spans[start][0] : spans[end - 1][1]]
            for start, end in zip(starts, ends, strict=True)
        ]


@SentenceSplitter.register("rules")
class RulesSentenceSplitter(TokenSentenceSplitter):
    """
    Splits text at full stops, blank lines, and lines that are not the continuation of others: see
    `starts_by_rules`.

    Registered as a `SentenceSplitter` with name `"rules"`.

    # Parameters

    abbreviations : `List[str]`, optional (default = `None`)
        Abbreviations whose full stop does not end a sentence, such as `z. B.`.
    """

    def __init__(self, abbreviations: Optional[List[str]] = None) -> None:
        self._abbreviations = tuple(abbreviations or ())

    def sentence_starts(self, text: str, spans: Spans) -> List[int]:
        return starts_by_rules(text, spans, self._abbreviations)


@SentenceSplitter.register("lines")
class LinesSentenceSplitter(TokenSentenceSplitter):
    """
    Makes each line a sentence.

    Registered as a `SentenceSplitter` with name `"lines"`.
    """

    def sentence_starts(self, text: str, spans: Spans) -> List[int]:
        return starts_of_lines(text, spans)


@SentenceSplitter.register("whole")
class WholeTextSentenceSplitter(TokenSentenceSplitter):
    """
    Makes each text one sentence.

    Registered as a `SentenceSplitter` with name `"whole"`.
    """

    def sentence_starts(self, text: str, spans: Spans) -> List[int]:
        return start_of_text(text, spans)


@SentenceSplitter.register("spacy_pipeline")
class SpacyPipelineSentenceSplitter(TokenSentenceSplitter):
    """
    Splits text where a spaCy pipeline does.

    Registered as a `SentenceSplitter` with name `"spacy_pipeline"`.

    # Parameters

    pipeline : `str`
        The name of an installed pipeline, such as `de_core_news_sm`, or its folder. It is loaded
        when it is first needed.
    """

    def __init__(self, pipeline: str) -> None:
        self._pipeline = pipeline

    def prepare(self) -> None:
        self.sentence_starts("a", [(0, 1)])

    def sentence_starts(self, text: str, spans: Spans) -> List[int]:
        """
        # Raises

        `ConfigurationError`
            If there is no such pipeline, or it finds no sentences.
        """
        pipeline = load_pipeline(self._pipeline)
        pipeline.max_length = max(pipeline.max_length, len(text) + 1)
        doc = pipeline(text)
        if spans and not doc.has_annotation("SENT_START"):
            raise ConfigurationError(
                f"the spaCy pipeline {self._pipeline} finds no sentences: it needs a component "
                'such as "parser", "senter" or "sentencizer"'
            )
        return starts_in_doc(doc, spans)


def starts_in_doc(doc: Any, spans: Spans) -> List[int]:
    """
    The index of the first token of each sentence of a spaCy `Doc`.

    # Parameters

    doc : `Any`
        The `Doc`, with sentences.
    spans : `Spans`
        The start and end characters of the tokens, which may be others than those of the `Doc`.
    """
    firsts = [start for start, _ in spans]
    starts = {bisect_left(firsts, sentence.start_char) for sentence in doc.sents}
    return sorted(starts - {len(spans)})


@cache
def load_pipeline(name: str) -> Any:
    """
    Loads a spaCy pipeline, without what sentences do not need.

    # Parameters

    name : `str`
        The name of an installed pipeline, or its folder.

    # Raises

    `ConfigurationError`
        If there is no such pipeline, or it cannot be loaded.
    """
    import spacy

    try:
        return spacy.load(name, exclude=["ner", "lemmatizer"])
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, OSError) and not Path(name).exists():
            hint = f"install it (`python -m spacy download {name}`), or give its folder"
            raise ConfigurationError(
                f"there is no spaCy pipeline {name!r}: {hint}; without one, sentences are found by "
                "rules, lines or whole"
            ) from None
        raise ConfigurationError(
            f"the spaCy pipeline {name!r} cannot be loaded: {' '.join(str(error).split())}"
        ) from None


def find_sentence_starts(splitter: SentenceSplitter, text: str, spans: Spans) -> List[int]:
    """
    The index of the first token of each sentence, by any sentence splitter.

    # Parameters

    splitter : `SentenceSplitter`
        The splitter; AllenNLP's own have the sentences alone, which are looked for in the text.
    text : `str`
        The text.
    spans : `Spans`
        The start and end characters of its tokens.
    """
    if isinstance(splitter, TokenSentenceSplitter):
        return splitter.sentence_starts(text, spans)
    firsts = [start for start, _ in spans]
    starts = set()
    position = 0
    for sentence in map(str.strip, splitter.split_sentences(text)):
        start = text.find(sentence, position)
        if start < 0:
            raise ConfigurationError(
                f"the sentence splitter changes the text: {sentence[:40]!r} is not in it"
            )
        starts.add(bisect_left(firsts, start))
        position = start + len(sentence)
    return sorted(starts - {len(spans)})


def sentence_splitter_of(
    name: str, abbreviations: Optional[Sequence[str]] = None
) -> SentenceSplitter:
    """
    The sentence splitter for a command's option.

    # Parameters

    name : `str`
        `"rules"`, `"lines"`, `"whole"`, or a spaCy pipeline.
    abbreviations : `Sequence[str]`, optional (default = `None`)
        Those of `"rules"`.

    # Raises

    `ConfigurationError`
        If there are abbreviations for something else than rules.
    """
    if name == "rules":
        return RulesSentenceSplitter(list(abbreviations or ()))
    if abbreviations:
        raise ConfigurationError(f"abbreviations are for the sentences `rules`, not {name!r}")
    if name == "lines":
        return LinesSentenceSplitter()
    if name == "whole":
        return WholeTextSentenceSplitter()
    return SpacyPipelineSentenceSplitter(name)


def read_abbreviations(value: str) -> List[str]:
    """
    The abbreviations of a command's option.

    # Parameters

    value : `str`
        A file with an abbreviation on each line, or abbreviations with commas between them.

    # Raises

    `ConfigurationError`
        If there is no such file, or it is not UTF-8.
    """
    path = Path(value)
    if path.is_file():
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise ConfigurationError(f"the file of abbreviations {value} is not UTF-8") from None
    elif "/" in value or value.endswith(".txt"):
        raise ConfigurationError(f"there is no file of abbreviations {value}")
    else:
        lines = value.split(",")
    return [line.strip() for line in lines if line.strip()]
