"""What `convert` does with records that cannot be read."""

import functools
import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

from dts_ee.corpora import read_documents
from dts_ee.corpora.spacy_docs import user_data_key
from tests.commands.command_line import run_allennlp
from tests.documents import FORMAT_FIXTURES

run = functools.partial(run_allennlp, "convert")

DOCUMENT = '{"tokens": ["Ann"], "entities": [], "orig_id": "a"}\n'
LATIN = '{"tokens": ["Zo\u00eb"], "entities": []}\n'.encode("latin-1")
NOT_UTF8 = "byte 15 of line 2 is not UTF-8 (invalid continuation byte)"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def converted(format, source, *words):
    """The exit status, and the identifiers of what was written."""
    Path("out.json").unlink(missing_ok=True)
    status = run("--from", format, source, "--to", "spert", "out.json", *words)
    written = Path("out.json").exists()
    return status, [item.id for item in read_documents("out.json")] if written else None


@pytest.mark.parametrize("format", ["spert", "jsonl"])
def test_lines_that_cannot_be_read(format, capsys):
    bad = b'{"tokens": ["b"], "entities": 3, "orig_id": "b"}\n{"tokens"\n'
    Path("in.jsonl").write_bytes(DOCUMENT.encode() + LATIN + bad + DOCUMENT.encode())
    for stop in ((), ("--on-error", "stop")):
        assert converted(format, "in.jsonl", *stop) == (2, None)
        assert capsys.readouterr().err == f"error: file in.jsonl: {NOT_UTF8}\n"
    words = ("--on-error", "skip", "--report", "report.jsonl")
    assert converted(format, "in.jsonl", *words) == (0, ["a", "a"])
    captured = capsys.readouterr()
    details = [
        f"file in.jsonl: {NOT_UTF8}",
        "file in.jsonl, document b, field entities: must be a list, but is a number",
        "file in.jsonl: invalid JSON in line 4, column 10: Expecting ':' delimiter; it seems to be "
        "cut off",
    ]
    lines = "".join(f"  {detail}\n" for detail in details)
    assert captured.err == (
        f"Lost: record that cannot be read (3).\n{lines}The whole list is report.jsonl\n"
    )
    assert "out.json: 2 documents, 0 entities" in captured.out
    report = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()]
    assert [(item["problem"], item["detail"], item["lost"]) for item in report] == [
        ("record that cannot be read", detail, True) for detail in details
    ]


def test_a_list_that_is_not_utf8_is_read_as_a_whole_or_not_at_all(capsys):
    Path("in.json").write_bytes(b"[\n" + DOCUMENT.encode() + b",\n" + LATIN + b"]")
    assert converted("spert", "in.json", "--on-error", "skip") == (2, None)
    error = capsys.readouterr().err
    assert "file in.json: byte 15 of line 4 is not UTF-8" in error


@pytest.mark.parametrize("name", ["dygie", "prodigy", "doccano", "gliner"])
def test_records_of_other_tools(name, capsys):
    source = FORMAT_FIXTURES / f"{name}.json{'' if name == 'gliner' else 'l'}"
    text = source.read_text(encoding="utf-8")
    records = json.loads(text) if name == "gliner" else list(map(json.loads, text.splitlines()))
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    Path("good.jsonl").write_bytes(b"".join(lines))
    Path("bad.jsonl").write_bytes(b"3\n".join([b"", *lines]) + LATIN)
    status, expected = converted(name, "good.jsonl")
    assert status == 0 and expected
    assert converted(name, "bad.jsonl") == (2, None)
    capsys.readouterr()
    status, identifiers = converted(name, "bad.jsonl", "--on-error", "skip")
    assert status == 0
    assert len(identifiers or []) == len(expected)
    error = capsys.readouterr().err
    assert f"record that cannot be read ({len(lines) + 1})" in error
    assert "  file bad.jsonl, document line 1: must be an object, but is a number\n" in error
    assert f"  file bad.jsonl: byte 15 of line {2 * len(lines) + 1} is not UTF-8" in error


def test_tasks_of_label_studio(capsys):
    result = {
        "id": "e",
        "type": "labels",
        "value": {"start": 0, "end": 3, "labels": ["Peop"], "text": "Ann"},
    }
    task = {"data": {"text": "Ann left."}, "annotations": [{"result": [result]}]}
    # The first is refused when tasks are read, the second when its text is.
    bad = {"data": {"text": "Bo"}, "annotations": [{"result": [{"type": "labels", "value": 3}]}]}
    Path("in.json").write_text(json.dumps([3, bad, task]))
    assert converted("label-studio", "in.json") == (2, None)
    assert "document #1: must be an object" in capsys.readouterr().err
    assert converted("label-studio", "in.json", "--on-error", "skip") == (0, ["#3"])
    error = capsys.readouterr().err
    assert "record that cannot be read (2)" in error
    assert "  file in.json, document #1: must be an object" in error
    assert "  file in.json, document #2, field annotations[0].result[0]" in error


def test_texts_of_brat(capsys):
    Path("brat").mkdir()
    for name, text, annotation in (
        ("a", b"Zo\xeb left", "T1\tPeop 0 3\tZoe\n"),
        ("b", b"Ann left", "T1\tPeop 0 3\tAnn\n"),
        ("c", b"Bo left", "T1\tPeop\n"),
    ):
        Path(f"brat/{name}.txt").write_bytes(text)
        Path(f"brat/{name}.ann").write_text(annotation)
    assert converted("brat", "brat") == (2, None)
    assert capsys.readouterr().err.startswith("error: file brat/a.txt: byte 2 is not UTF-8")
    assert converted("brat", "brat", "--on-error", "skip") == (0, ["b"])
    error = capsys.readouterr().err
    assert "record that cannot be read (2)" in error
    assert "  file brat/a.txt: byte 2 is not UTF-8" in error
    assert "  file brat/c.ann: line 1: " in error


def test_a_file_of_which_no_record_can_be_read_is_an_error(capsys):
    Path("in.jsonl").write_text('{"tokens": 3}\n{"tokens": 4}\n')
    assert converted("jsonl", "in.jsonl", "--on-error", "skip") == (2, None)
    assert capsys.readouterr().err == (
        "error: file in.jsonl: none of the 2 records can be read; the first: file in.jsonl, "
        "document line 1, field tokens: must be a list, but is a number\n"
    )


BIOC_XML = (
    "<document><id>{id}</id><passage><offset>0</offset><text>Ann left</text>"
    '<annotation id="1"><infon key="type">Peop</infon><location offset="0" length="{length}"/>'
    "<text>Ann</text></annotation></passage></document>"
)
BIOC_PASSAGE = {"offset": 0, "infons": {}, "text": "Ann left", "sentences": []}
BIOC_ANNOTATION = {"id": 1, "infons": 3, "text": "Ann", "locations": []}
BIOC_JSON = [
    {"id": "a", "infons": {}, "passages": [passage], "relations": []}
    for passage in (
        {**BIOC_PASSAGE, "annotations": [], "relations": []},
        {**BIOC_PASSAGE, "annotations": []},
        {**BIOC_PASSAGE, "annotations": [BIOC_ANNOTATION], "relations": []},
    )
]
MULTIHEAD = "#doc {id}\n0\tAnn\t{tag}\t['N']\t[0]\n"


@pytest.mark.parametrize(
    ("format", "records", "expected", "problems"),
    [
        (
            "bioc",
            [
                "<collection>",
                BIOC_XML.format(id="a", length=3),
                BIOC_XML.format(id="b", length="x"),
                BIOC_XML.format(id="c", length=-3),
                BIOC_XML.format(id="d", length=3),
                "</collection>",
            ],
            ["a", "d"],
            [
                "document #2: is no BioC: invalid literal for int() with base 10: 'x'",
                "document c, field passages[0].annotations[0].locations[0].length: -3 is no offset "
                "or length",
            ],
        ),
        (
            "bioc",
            [json.dumps({"documents": BIOC_JSON})],
            ["a"],
            [
                "document #2: is no BioC: there is no 'relations'",
                "document a, field passages[0].annotations[0].infons: must be an object, but is a "
                "number",
            ],
        ),
        (
            "pubtator",
            [
                "what is this?\n",
                "1|t|Ann left\n1|a|\n1\t0\t3\tAnn\tPeop\tx\n\n",
                "2|t|Ann left\n2|a|\n2\t0\t3\tAnn\n\n",
                "3|t|Ann left\n3|a|Bo\n3|a|Al\n\n",
                "4|t|Ann left\n4|a|\n5\t0\t3\tAnn\tPeop\tx\n\n",
                "6|t|Ann left\n6|a|\n",
            ],
            ["1", "6"],
            [
                "line 1 is 'what is this?', but should begin a text, as in id|t|title, or with the "
                "identifier of the text before it and a tab",
                "document 2: line 8 is no mention (id, start, end, text, type, concept) and no "
                "relation (id, type, concept, concept)",
                "document 3: line 12 is a second abstract of 3",
                r"document 4: line 16 is '5\t0\t3\tAnn\tPeop\tx', but should begin a text, as in "
                "id|t|title, or with the identifier of the text before it and a tab",
            ],
        ),
        (
            "conll",
            ["Ann B-Peop\n\n", "Bo\nleft O\n\n", "Al PER\n\n", "Bo B-Peop\nleft O\n"],
            ["#1", "#2"],
            [
                "line 3 has one column, 'Bo': a token and its tag are expected",
                "the last column of line 6 is 'PER', not O, B-… or I-…",
            ],
        ),
        (
            "triples",
            [
                "id,text,head,relation,tail\n",
                "a,Ann met Bo,Ann,Knows,Bo\n",
                "b,Al met Bo,Al,Knows,Bo\n",
                "c,Yes, Ann met Bo,Ann,Knows,Bo\n",
                "d,,Ann,Knows,Bo\n",
                "b,Al met Bo,Al,Knows,\n",
                "a,Ann met Bo,Bo,Knows,Ann\n",
            ],
            ["a"],
            [
                "line 4 has 6 columns, the first one 5",
                "line 6 has the relation 'Knows', but no tail",
                "the text of line 5 is empty",
            ],
        ),
        (
            "multihead",
            [
                "0\tAnn\tO\t['N']\t[0]\n",
                MULTIHEAD.format(id="a", tag="B-Peop"),
                MULTIHEAD.format(id="b", tag="Peop"),
                MULTIHEAD.format(id="c", tag="O"),
            ],
            ["a", "c"],
            [
                'line 1 comes before the first "#doc"',
                "document b: the tag of line 5 is 'Peop', not O, B-… or I-…",
            ],
        ),
    ],
)
def test_records_in_lines_and_xml(format, records, expected, problems, capsys):
    Path("in").write_text("".join(records), encoding="utf-8")
    assert converted(format, "in") == (2, None)
    capsys.readouterr()
    assert converted(format, "in", "--on-error", "skip") == (0, expected)
    lines = capsys.readouterr().err.splitlines()
    assert f"record that cannot be read ({len(problems)})" in lines[0]
    errors = [line for line in lines if line.startswith("  file in")]
    separators = [", " if problem.startswith("document") else ": " for problem in problems]
    pairs = zip(separators, problems, strict=True)
    assert sorted(errors) == sorted(f"  file in{separator}{text}" for separator, text in pairs)


@pytest.mark.parametrize("format", ["docbin", "spacy-rel"])
def test_docs_of_a_docbin(format, capsys):
    nlp = spacy.blank("en")
    docs = [nlp("Ann left."), nlp("Bo left."), nlp("Al left.")]
    for doc in docs:
        doc.spans["entities"] = []
    docs[1].user_data[user_data_key("relations")] = ["Knows"]
    Path("in.spacy").write_bytes(DocBin(docs=docs, store_user_data=True).to_bytes())
    assert converted(format, "in.spacy") == (2, None)
    capsys.readouterr()
    assert converted(format, "in.spacy", "--on-error", "skip") == (0, ["#1", "#3"])
    error = capsys.readouterr().err
    assert "record that cannot be read (1)" in error
    assert "  file in.spacy, document #2, field relations[0]: 'Knows' has not" in error


def test_files_of_webanno(capsys):
    Path("in").mkdir()
    header = "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Span|label\n\n\n"
    text = f"{header}#Text=Ann\n1-1\t0-3\tAnn\tPeop\t\n"
    for name, content in (
        ("a", text.encode()),
        ("b", text.replace("0-3", "0").encode()),
        ("c", text.replace("Ann", "Zo\u00eb").encode("latin-1")),
    ):
        Path(f"in/{name}.tsv").write_bytes(content)
    assert converted("webanno-tsv", "in") == (2, None)
    capsys.readouterr()
    assert converted("webanno-tsv", "in", "--on-error", "skip") == (0, ["a"])
    error = capsys.readouterr().err
    assert "record that cannot be read (2)" in error
    assert "  file in/b.tsv: line 6: '0' are no offsets, as in 0-4" in error
    assert "  file in/c.tsv: byte 13 is not UTF-8" in error


@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("bioc", b"<collection><document></collection>"),
        ("bioc", b'{"documents": [{]}'),
        ("docbin", b"\x00\xff"),
        ("pubtator", b"1|t|Zo\xeb\n"),
        ("conll", b"Zo\xeb O\n"),
        ("triples", b'text,head,relation,tail\n"Ann left\n'),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_an_error(format, content, capsys):
    Path("in").write_bytes(content)
    assert converted(format, "in", "--on-error", "skip") == (2, None)
    assert capsys.readouterr().err.startswith("error: file in: ")


def test_a_published_corpus_has_no_such_option(capsys):
    assert converted("conll04-corp", "conll04.corp", "--on-error", "skip") == (2, None)
    assert "conll04-corp has no option --on-error; it is one of spert, jsonl, multihead" in (
        capsys.readouterr().err
    )


def test_no_hint_that_a_file_is_of_its_own_format(capsys):
    Path("in.jsonl").write_text('{"tokens": ["Ann"], "entities": 3}\n')
    assert converted("jsonl", "in.jsonl") == (2, None)
    assert "this looks like" not in capsys.readouterr().err
