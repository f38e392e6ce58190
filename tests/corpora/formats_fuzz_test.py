"""Whatever a file holds, a reader returns documents or says what is wrong with it."""

import json
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from dts_ee.corpora.docbin import read_docbin
from dts_ee.corpora.formats import read_corpus
from dts_ee.corpora.recognition import recognise
from dts_ee.document import Document, DocumentError
from tests.changed_values import OTHER_VALUES, changed, changed_text
from tests.corpora.docbin_test import docs_of, save
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES

RECORDS = {
    "dygie": "dygie.jsonl",
    "prodigy": "prodigy.jsonl",
    "doccano": "doccano.jsonl",
    "gliner": "gliner.json",
}
USER_DATA = ("rel", "relations", "entity_probabilities", "document_id")
TABLES = {"conll": "conll.txt", "triples": "triples.csv"}


def records_of(name):
    text = (FORMAT_FIXTURES / name).read_text(encoding="utf-8")
    return json.loads(text) if name.endswith(".json") else list(map(json.loads, text.splitlines()))


def check(path, name, **options):
    """Reads the file, which must end in documents or in an error that names it."""
    recognise(path)
    values = {option.replace("_", "-"): value for option, value in options.items()}
    try:
        corpus = read_corpus(name, path, reading(tokenize=words), values)
    except DocumentError as error:
        if error.path != str(path):
            raise
        return
    assert all(isinstance(document, Document) for document in corpus.documents)
    assert len(corpus.groups) == len(corpus.documents)
    assert all(str(remark) for remark in corpus.remarks)


IN_ANY_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)


@pytest.mark.parametrize("name", RECORDS)
@given(st.data())
@IN_ANY_FOLDER
def test_changed_records(tmp_path, name, data):
    original = records_of(RECORDS[name]) + (records_of("gliner2.jsonl") if name == "gliner" else [])
    records = data.draw(changed(original))
    (tmp_path / "file").write_text(json.dumps(records), encoding="utf-8")
    check(tmp_path / "file", name)
    check(tmp_path / "file", name, on_error="skip")


@pytest.mark.parametrize("name", TABLES)
@given(st.data())
@IN_ANY_FOLDER
def test_changed_tables(tmp_path, name, data):
    original = (FORMAT_FIXTURES / TABLES[name]).read_text(encoding="utf-8")
    text = data.draw(changed_text(original))
    (tmp_path / "file").write_bytes(text.encode("utf-8", errors="surrogatepass"))
    check(tmp_path / "file", name)
    check(tmp_path / "file", name, on_error="skip")


@pytest.mark.parametrize("name", [*RECORDS, *TABLES, "docbin"])
@given(st.binary(max_size=40))
@IN_ANY_FOLDER
def test_any_bytes(tmp_path, name, content):
    (tmp_path / "file").write_bytes(content)
    check(tmp_path / "file", name)


_REL_VALUES = ((0, 1), {(0, 4): {"R": 1.0}}, {(0, 4): {"R": "x"}}, {(0, 4): 1}, [{"type": "R"}])
# Without what `msgpack` cannot write.
_USER_VALUES = OTHER_VALUES.filter(lambda value: value not in (10**30, "\ud800")) | st.sampled_from(
    _REL_VALUES
)


@given(st.dictionaries(st.sampled_from(USER_DATA), _USER_VALUES, min_size=1))
@IN_ANY_FOLDER
def test_changed_user_data_of_a_docbin(tmp_path, values):
    (doc,) = docs_of(FORMAT_FIXTURES / "spacy-rel.spacy")
    doc.user_data.update({("._.", name, None, None): value for name, value in values.items()})
    check(save(tmp_path / "file", doc), "docbin")


_WORDS = st.sampled_from(["Ann", "left", ".", " ", "\n", "\u200b", "\U0001f4a9"])


@given(st.lists(st.tuples(_WORDS, st.booleans()), min_size=1, max_size=6), st.data())
@IN_ANY_FOLDER
def test_any_sentences_and_entities_of_a_docbin(tmp_path, words, data):
    doc = Doc(Vocab(), [word for word, _ in words], [False] * len(words))
    for token, (_, starts) in zip(doc, words, strict=True):
        token.is_sent_start = starts or token.i == 0
    spans = []
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(doc) - 1))
        end = data.draw(st.integers(start + 1, len(doc)))
        spans.append(Span(doc, start, end, data.draw(st.sampled_from(["P", "L"]))))
    doc.spans["entities"] = spans
    corpus = read_docbin(save(tmp_path / "file", doc), reading())
    visible = [word for word, _ in words if word.strip()]
    assert [token for document in corpus.documents for token in document.tokens] == visible
    # Each entity is there, or there is a remark on it.
    left_out = [remark for remark in corpus.remarks if remark.problem.startswith("entity")]
    kept = [entity for document in corpus.documents for entity in document.entities]
    assert len(kept) + len(left_out) == len(spans) or (
        not visible and corpus.remarks[-1].problem == "text without words"
    )


@given(st.data())
@IN_ANY_FOLDER
def test_changed_bytes_of_a_docbin(tmp_path, data):
    content = zlib.decompress((FORMAT_FIXTURES / "spacy-rel.spacy").read_bytes())
    i = data.draw(st.integers(0, len(content) - 1))
    changed_content = content[:i] + data.draw(st.binary(max_size=2)) + content[i + 1 :]
    (tmp_path / "file").write_bytes(zlib.compress(changed_content))
    check(tmp_path / "file", "docbin")
