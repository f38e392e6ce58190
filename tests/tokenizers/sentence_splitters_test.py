import pytest
import spacy
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers.sentence_splitter import SentenceSplitter

from dts_ee.tokenizers import (
    SpacyRulesTokenizer,
    find_sentence_starts,
    read_abbreviations,
    sentence_splitter_of,
    token_spans,
)

TEXT = "Ann left.\nShe saw\nBo. It rained."


def sentences(splitter, text=TEXT):
    spans = token_spans(text, SpacyRulesTokenizer())
    starts = find_sentence_starts(splitter, text, spans)
    ends = [*starts[1:], len(spans)]
    return [
        text[spans[start][0] : spans[end - 1][1]] for start, end in zip(starts, ends, strict=True)
    ]


@pytest.fixture
def pipeline(tmp_path):
    """The folder of a spaCy pipeline whose sentences end at each `saw`."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"punct_chars": ["saw"]})
    nlp.to_disk(tmp_path / "pipeline")
    return str(tmp_path / "pipeline")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rules", ["Ann left.", "She saw\nBo.", "It rained."]),
        ("lines", ["Ann left.", "She saw", "Bo. It rained."]),
        ("whole", [TEXT]),
    ],
)
def test_splitters_by_name(name, expected):
    for splitter in (
        sentence_splitter_of(name),
        SentenceSplitter.from_params(Params({"sentences": name}).pop("sentences")),
    ):
        assert sentences(splitter) == expected
        assert splitter.split_sentences(TEXT) == expected
        assert splitter.split_sentences(" ") == []


def test_a_spacy_pipeline(pipeline):
    assert sentences(sentence_splitter_of(pipeline)) == ["Ann left.\nShe saw", "Bo. It rained."]


def test_a_pipeline_that_is_missing_or_finds_no_sentences(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no spaCy pipeline 'xx_none': install"):
        sentences(sentence_splitter_of("xx_none"))
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ConfigurationError, match="finds no sentences: it needs a component such"):
        sentences(sentence_splitter_of(str(tmp_path / "blank")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="empty' cannot be loaded: "):
        sentences(sentence_splitter_of(str(tmp_path / "empty")))


class OtherSplitter(SentenceSplitter):
    def split_sentences(self, text):
        return [" Ann left.", "She saw\nBo. It rained."]


def test_splitters_without_offsets():
    assert sentences(OtherSplitter()) == ["Ann left.", "She saw\nBo. It rained."]
    with pytest.raises(ConfigurationError, match="changes the text: 'Ann left.' is not in it"):
        sentences(OtherSplitter(), "Bo left.")


def test_abbreviations(tmp_path):
    (tmp_path / "list.txt").write_text("\ufeffz. B.\n\n ca. \n", encoding="utf-8")
    assert read_abbreviations(str(tmp_path / "list.txt")) == ["z. B.", "ca."]
    assert read_abbreviations("z. B., ca.") == ["z. B.", "ca."]
    with pytest.raises(ConfigurationError, match="there is no file of abbreviations no.txt"):
        read_abbreviations("no.txt")
    (tmp_path / "bad").write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match="is not UTF-8"):
        read_abbreviations(str(tmp_path / "bad"))
    with pytest.raises(ConfigurationError, match="abbreviations are for the sentences `rules`"):
        sentence_splitter_of("lines", ["ca."])
