import functools
import json

import pytest

from dts_ee.corpora import read_documents
from dts_ee.corpora.formats import FORMATS
from dts_ee.document import Relation
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_NEWS

RELATIONS = """\
11|Brinzol-induced rash.|rash|16|20|Brinzol|0|7
11|A mild fever (Brinzol)-related.|fever|107|112|Brinzol|114|121
12|No cough without zalotril.|cough|3|8|zalotril|17|25
13|A rash after tamofex.|rash|2|6|tamofex|13|20
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "DRUG-AE.rel").write_text(RELATIONS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = functools.partial(run_allennlp, "convert")


def names(folder):
    return {path.name for path in folder.iterdir()}


ADE = ("--from", "ade-corpus", "DRUG-AE.rel")


def test_published_corpus_becomes_documents_and_folds(folder, capsys):
    assert run(*ADE, "--to", "spert", "new/ade_full.json", "--folds", "3", "--divide-tokens") == 0
    documents = read_documents("new/ade_full.json")
    assert [document.id for document in documents] == ["11-1", "11-2", "12-1", "13-1"]
    assert documents[0].tokens == ("Brinzol", "-", "induced", "rash", ".")
    parts = ("train", "test")
    assert names(folder / "new") == {
        "ade_full.json",
        *(f"ade_split_{fold}_{part}.json" for fold in range(3) for part in parts),
    }
    tested = []
    for fold in range(3):
        train, test = (
            [str(document.id) for document in read_documents(f"new/ade_split_{fold}_{part}.json")]
            for part in parts
        )
        assert sorted(train + test) == ["11-1", "11-2", "12-1", "13-1"]
        tested.append(test)
    assert sorted(tested) == [["11-1", "11-2"], ["12-1"], ["13-1"]]
    captured = capsys.readouterr()
    assert documents[0].tokenizer == {
        "type": "spacy_rules",
        "language": "en",
        "split_hyphens": True,
    }
    assert captured.out == (
        "new/ade_full.json: 4 documents, 8 entities and 4 relations were read from DRUG-AE.rel\n"
        "The 3 folds are new/ade_split_*_train.json and new/ade_split_*_test.json\n"
    )
    assert captured.err == (
        "Decided, with nothing lost: token divided at the border of an entity (1).\n"
        "  document 11-2: token divided at the border of an entity: 'Brinzol)-related' into "
        "'Brinzol )-related'; without the entity, `predict` makes one token\n"
    )


def test_seed_decides_the_folds(folder):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "0")):
        target = ("--to", "jsonl", f"{name}/ade.jsonl.gz")
        assert run(*ADE, *target, "--folds", "3", "--seed", seed) == 0
    tests = {
        name: [
            [document.id for document in read_documents(f"{name}/ade_split_{i}_test.jsonl.gz")]
            for i in range(3)
        ]
        for name in "abc"
    }
    assert tests["a"] == tests["b"] != tests["c"]


@pytest.mark.parametrize(
    ("tokenizer", "tokens"),
    [
        ("rules", ["Brinzol", "-", "induced", "rash", "."]),
        ("rules-keep-hyphens", ["Brinzol", "-induced", "rash", "."]),
        ("whitespace", ["Brinzol", "-induced", "rash", "."]),
    ],
)
def test_tokenizer(folder, tokenizer, tokens):
    arguments = (*ADE, "--to", "spert", "ade.json", "--tokenizer", tokenizer, "--divide-tokens")
    assert run(*arguments) == 0
    assert list(read_documents("ade.json")[0].tokens) == tokens


def test_sentences_of_raw_text(folder):
    (folder / "brat").mkdir()
    (folder / "brat" / "a.txt").write_text("Dr. Lee left.\nShe was seen in Oslo. It rained.\n")
    (folder / "brat" / "a.ann").write_text("T1\tPeop 4 7\tLee\nT2\tLoc 30 34\tOslo\n")
    counts = {}
    for sentences in ("rules", "lines", "whole"):
        target = ("--to", "spert", f"{sentences}.json", "--sentences", sentences)
        assert run("--from", "brat", "brat", *target) == 0
        counts[sentences] = len(read_documents(f"{sentences}.json"))
    assert counts == {"rules": 3, "lines": 2, "whole": 1}


@pytest.fixture
def news(folder):
    (folder / "brat").mkdir()
    (folder / "brat" / "a.txt").write_text("Ann left. She likes Rome. Bob likes it. It rained.")
    (folder / "brat" / "a.ann").write_text(
        "T1\tPeop 0 3\tAnn\nT2\tLoc 20 24\tRome\nT3\tPeop 26 29\tBob\n"
        "R1\tLikes Arg1:T1 Arg2:T2\nR2\tLikes Arg1:T3 Arg2:T2\nE1\tLiving:T2 Who:T1\n"
    )
    (folder / "brat" / "README.txt").write_text("A corpus.")
    return ("--from", "brat", "brat", "--to", "spert", "a.json")


def test_windows_of_sentences_have_the_relations_across_them(news, capsys):
    assert run(*news, "--windows", "2") == 0
    first, second = read_documents("a.json")
    assert (first.id, second.id) == ("a-1", "a-2")
    assert first.text == "Ann left. She likes Rome."
    assert [entity.span for entity in first.entities] == [(0, 1), (5, 6)]
    assert first.relations == (Relation("Likes", 0, 1),)
    assert second.text == "Bob likes it. It rained."
    assert "relation between two sentences (1)" in capsys.readouterr().err
    assert (first.windows, second.windows) == (2, 2)
    assert run(*news, "--windows", "3") == 0
    first, second = read_documents("a.json")
    assert first.relations == (Relation("Likes", 0, 1), Relation("Likes", 2, 1))
    assert second.tokens == ("It", "rained", ".")
    assert run(*news) == 0
    assert [document.windows for document in read_documents("a.json")] == [None] * 4
    assert "relation between two sentences (2)" in capsys.readouterr().err


def test_options_of_a_format(news):
    assert run(*news, "--sentences", "whole", "--events", "trigger-argument") == 0
    (document,) = read_documents("a.json")
    assert Relation("Who", 1, 0) in document.relations
    assert run(*news, "--sentences", "whole", "--unannotated", "empty") == 0
    assert [document.id for document in read_documents("a.json")] == ["README", "a"]


WRITTEN_WHOLE = [
    name for name, format in FORMATS.items() if format.read and format.write and name != "conll"
]


@pytest.mark.parametrize("name", WRITTEN_WHOLE)
def test_there_and_back(folder, name):
    middle = f"middle{'.jsonl' if name == 'jsonl' else '.json'}"
    there = ("--from", "spert", str(TINY_NEWS), "--to", name, middle)
    assert run(*there) == 0
    back = ("--from", name, middle, "--to", "spert", "back.json")
    assert run(*back, "--tokenizer", "whitespace", "--sentences", "whole") == 0
    before = sorted(read_documents(TINY_NEWS), key=lambda document: str(document.id))
    after = sorted(read_documents("back.json"), key=lambda document: str(document.id))
    assert [
        (document.id, document.tokens, set(document.entities), len(document.relations))
        for document in after
    ] == [
        (document.id, document.tokens, set(document.entities), len(document.relations))
        for document in before
    ]


def test_a_remark_is_one_line(folder, capsys):
    document = {
        "tokens": ["Ann", "Rome"],
        "entities": [{"type": "P", "start": 0, "end": 1}, {"type": "L", "start": 1, "end": 2}],
        "relations": [{"type": "lives\nin", "head": 0, "tail": 1}],
    }
    (folder / "a.jsonl").write_text(json.dumps(document))
    assert run("--from", "jsonl", "a.jsonl", "--to", "conll", "a.txt") == 0
    assert "  document line 1: relation: lives in from 'Ann' to 'Rome'" in capsys.readouterr().err


def test_long_list_of_what_is_lost_goes_to_the_report(folder, capsys):
    bad = "12|No cough without zalotril.|headache|3|8|zalotril|17|25\n"
    (folder / "DRUG-AE.rel").write_text(RELATIONS + bad * 15)
    target = ("--to", "spert", "ade.json", "--divide-tokens")
    assert run(*ADE, *target) == 0
    without_report = capsys.readouterr().err
    assert "Lost: mention that is not in its text (1), " in without_report
    assert "relation of an entity that is not there (15)." in without_report
    assert "  document 12-1, line 5: mention that is not in its text: 'headache'" in without_report
    assert without_report.count("\n  document ") == 17
    assert "divided" in without_report

    (folder / "DRUG-AE.rel").write_text(RELATIONS + bad * 30)
    assert run(*ADE, *target) == 0
    longer = capsys.readouterr().err
    assert longer.count("\n  document ") == 20
    assert longer.endswith("  and 12 more: --report FILE lists all\n")

    assert run(*ADE, *target, "--report", "lost.jsonl") == 0
    assert capsys.readouterr().err.endswith("  and 12 more\nThe whole list is lost.jsonl\n")
    records = [json.loads(line) for line in (folder / "lost.jsonl").read_text().splitlines()]
    assert len(records) == 32
    assert sum(record["lost"] for record in records) == 31
    assert {
        "problem": "mention that is not in its text",
        "detail": "'headache'",
        "lost": True,
        "document": "12-1",
        "place": "line 5",
    } in records


def test_report_is_empty_where_nothing_is_lost(folder, capsys):
    arguments = ("--from", "spert", str(TINY_NEWS), "--to", "jsonl", "a.jsonl")
    assert run(*arguments, "--report", "lost.jsonl") == 0
    assert (folder / "lost.jsonl").read_text() == ""
    assert capsys.readouterr().err == ""


def test_what_was_there_stays_where_it_cannot_be_done(folder, capsys):
    (folder / "ade.json").write_text("old")
    (folder / "DRUG-AE.rel").write_text(f"{RELATIONS}14|A sentence.\n")
    assert run(*ADE, "--to", "spert", "ade.json", "--folds", "2") == 2
    assert capsys.readouterr().err == (
        "error: file DRUG-AE.rel: line 5 has 2 fields, not 8: "
        "PubMed-id|sentence|effect|begin|end|drug|begin|end\n"
    )
    assert names(folder) == {"DRUG-AE.rel", "ade.json"}
    assert (folder / "ade.json").read_text() == "old"


def test_one_of_each_is_in_the_singular(folder, capsys):
    (folder / "a.csv").write_text(
        "text,head,head_type,tail,tail_type,relation\nAnn lives in Rome,Ann,Peop,Rome,Loc,Live_In\n"
    )
    assert run("--from", "triples", "a.csv", "--to", "conll", "a.conll") == 0
    captured = capsys.readouterr()
    assert captured.out == ("a.conll: 1 document, 2 entities and 1 relation were read from a.csv\n")
    assert captured.err.startswith("Lost: relation (1), identifier (1).\n")
    assert captured.err.endswith("  of 1 document, the first 'line 2'\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--from", "conllx", "a", "--to", "spert", "a.json"),
            "'conllx' is not a format that can be",
        ),
        ((*ADE, "--to", "ade-corpus", "b.rel"), "'ade-corpus' is not a format that can be written"),
        ((*ADE, "--to", "spert", "ade.txt"), "file ade.txt: the name must end in .json or"),
        ((*ADE, "--to", "spert", "ade.json", "--folds", "4"), "3 texts cannot be divided into 4"),
        ((*ADE, "--to", "multihead", "./DRUG-AE.rel"), "DRUG-AE.rel is the source"),
        (("--from", "spert", "x.json", "--to", "jsonl", "y.jsonl"), "there is no such file"),
        (
            (*ADE, "--to", "spert", "ade.json", "--events", "trigger-argument"),
            "ade-corpus has no option --events; it is one of brat",
        ),
        (
            ("--from", "brat", "a", "--to", "spert", "ade.json", "--events", "all"),
            "--events of brat is trigger-argument, not all",
        ),
        ((*ADE, "--to", "spert", "ade.json", "--windows", "0"), "a document has at least one"),
        ((*ADE, "--to", "spert", "ade.json", "--windows", "2"), "--windows joins neighbouring"),
        (
            ("--from", "spert", str(TINY_NEWS), "--to", "jsonl", "a.jsonl", "--windows", "2"),
            "in this format sentences belong to none",
        ),
    ],
)
def test_what_cannot_be_done_is_said(folder, capsys, arguments, message):
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert names(folder) == {"DRUG-AE.rel"}
    assert (folder / "DRUG-AE.rel").read_text() == RELATIONS


def test_nothing_is_written_where_a_fold_has_no_place(folder, capsys):
    (folder / "ade_split_1_test" / "old").mkdir(parents=True)
    assert run(*ADE, "--to", "brat", "ade", "--folds", "3") == 2
    assert "ade_split_1_test is a folder that is not empty" in capsys.readouterr().err
    assert names(folder) == {"DRUG-AE.rel", "ade_split_1_test"}
    (folder / "ade_split_1_test" / "old").rmdir()
    assert run(*ADE, "--to", "brat", "ade", "--folds", "3") == 0
    assert {"11-1.txt", "13-1.ann"} <= names(folder / "ade")
    assert len(list((folder / "ade_split_1_test").iterdir())) in (2, 4)


def test_source_of_which_nothing_is_left_is_an_error(folder, capsys):
    (folder / "brat").mkdir()
    (folder / "brat" / "a.txt").write_text(" \n")
    (folder / "brat" / "a.ann").write_text("")
    assert run("--from", "brat", "brat", "--to", "spert", "a.json") == 2
    assert "file brat: there are no documents in it" in capsys.readouterr().err


def test_help_lists_the_formats(folder, capsys):
    assert run("--help") == 0
    text = capsys.readouterr().out
    for name, format in FORMATS.items():
        assert f"  {name} " in text
        assert format.description in text
    assert "the file DRUG-AE.rel or the folder (can only be read)" in text


def write_brat(folder, text, annotations):
    (folder / "brat").mkdir()
    (folder / "brat" / "d.txt").write_text(text, encoding="utf-8")
    (folder / "brat" / "d.ann").write_text(annotations, encoding="utf-8")
    return ("--from", "brat", "brat", "--to", "jsonl", "out.jsonl")


CHINESE = (
    "\u9a6c\u5854\u4f4f\u5728\u5317\u4eac\u3002\u5979\u4e3a\u534e\u4e3a\u5de5\u4f5c\u3002",
    "T1\tPeop 0 2\t\u9a6c\u5854\nT2\tLoc 4 6\t\u5317\u4eac\nT3\tOrg 9 11\t\u534e\u4e3a\n"
    "R1\tLive_In Arg1:T1 Arg2:T2\n",
)


def test_tokens_do_not_depend_on_entities(folder, capsys):
    command = write_brat(folder, *CHINESE)
    assert run(*command) == 0
    error = capsys.readouterr().err
    assert (
        "Lost: entity that the tokens cannot express (3), relation of an entity that is n" in error
    )
    assert "  --tokenizer characters would keep 3 of 3\n" in error
    assert "--divide-tokens keeps all in the training data, but `predict` cannot make" in error
    documents = read_documents("out.jsonl")
    assert not any(document.entities for document in documents)

    assert run(*command, "--tokenizer", "characters") == 0
    assert capsys.readouterr().err == ""
    first, second = read_documents("out.jsonl")
    assert first.tokens == tuple(CHINESE[0][:7])
    assert [
        document.entity_text(entity) for document in (first, second) for entity in document.entities
    ] == [
        CHINESE[0][:2],
        CHINESE[0][4:6],
        CHINESE[0][9:11],
    ]
    assert len(first.relations) == 1
    assert first.tokenizer == {"type": "characters"}

    assert run(*command, "--divide-tokens") == 0
    assert "token divided at the border of an entity (" in capsys.readouterr().err
    assert sum(len(document.entities) for document in read_documents("out.jsonl")) == 3


def test_a_numbered_list(folder):
    text = (
        "MEDICATIONS:\n1. Aspirin 81 mg daily\n2. Lipitor 20 mg qhs\n3. Lasix 40 mg bid\n"
        "ALLERGIES: none\n"
    )
    annotations = (
        "T1\tDrug 16 23\tAspirin\nT2\tStrength 24 29\t81 mg\nT3\tDrug 60 65\tLasix\n"
        "T4\tStrength 66 71\t40 mg\nR1\tStrength-Drug Arg1:T2 Arg2:T1\n"
        "R2\tStrength-Drug Arg1:T4 Arg2:T3\n"
    )
    command = write_brat(folder, text, annotations)
    for sentences in ("rules", "lines"):
        assert run(*command, "--sentences", sentences) == 0
        documents = read_documents("out.jsonl")
        assert [document.text for document in documents] == text.splitlines()
        assert sum(len(document.relations) for document in documents) == 2


def test_language_of_the_rules(folder, capsys):
    command = write_brat(folder, "Er kam z.B. am Abend.", "T1\tTime 15 20\tAbend\n")
    assert run(*command, "--language", "de") == 0
    (document,) = read_documents("out.jsonl")
    assert document.tokens == ("Er", "kam", "z.B.", "am", "Abend", ".")
    assert document.tokenizer is not None and document.tokenizer["language"] == "de"
    capsys.readouterr()
    assert run(*command, "--language", "tlh") == 2
    assert "spaCy cannot tokenise the language 'tlh'" in capsys.readouterr().err
    assert run(*command, "--sentences", "xx_none") == 2
    assert "there is no spaCy pipeline 'xx_none'" in capsys.readouterr().err


def test_wrong_format_is_named(folder, capsys):
    (folder / "a.jsonl").write_text('{"text": "Bo left", "label": [[0, 2, "Peop"]]}\n')
    for wrong in ("spert", "dygie", "prodigy", "multihead", "label-studio"):
        assert run("--from", wrong, "a.jsonl", "--to", "spert", "b.json") == 2
        assert (
            "this looks like doccano's JSON Lines: dts-ee convert --from doccano a.jsonl --to "
            "spert OUT"
        ) in " ".join(capsys.readouterr().err.split())
    assert not (folder / "b.json").exists()


def test_format_is_recognised_with_auto(folder, capsys):
    assert run("--from", "auto", "DRUG-AE.rel", "--to", "spert", "a.json") == 0
    assert len(read_documents("a.json")) == 4
    assert (
        "DRUG-AE.rel looks like a file of ADE-Corpus-V2: --from ade-corpus\n"
    ) in capsys.readouterr().err
    for content, message in (
        ('{"a": 1}', "its format is not recognised"),
        ("Bo left.", "this looks like plain text without annotation"),
    ):
        (folder / "b").write_text(content)
        assert run("--from", "auto", "b", "--to", "spert", "c.json") == 2
        assert message in " ".join(capsys.readouterr().err.split())
