from dataclasses import replace

import pytest

from dts_ee.corpora.brat import read_brat, to_brat, write_brat
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading
from tests.documents import document, named_relations

TEXT = "Ann left Rome . \nShe met Bob\nLee .\n"
ANNOTATIONS = """\
T1\tPeop 0 3\tAnn
T2\tLoc 9 13\tRome
R1\tLive_In Arg1:T1 Arg2:T2
T4\tPeop 25 32\tBob Lee
T5\tPeop 17 20
R2\tKnows Arg2:T4 Arg1:T5
"""


def folder(tmp_path, text=TEXT, annotations=ANNOTATIONS, name="news/one.a"):
    file = tmp_path / "brat" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.with_name(f"{file.name}.txt").write_bytes(text.encode())
    if annotations is not None:
        file.with_name(f"{file.name}.ann").write_bytes(annotations.encode())
    return tmp_path / "brat"


def test_the_files_of_one_document():
    sentence = document("[Ann Lee|Pe op] left [Rome|Loc] .", [("Live In", 0, 1)])
    assert to_brat(sentence) == (
        "Ann Lee left Rome .",
        "T1\tPe_op 0 7\tAnn Lee\nT2\tLoc 13 17\tRome\nR1\tLive_In Arg1:T1 Arg2:T2\n",
    )


def test_texts_become_sentences(tmp_path):
    folder(tmp_path, "It rained .", "", "two")
    corpus = read_brat(folder(tmp_path), reading())
    first, second, third = corpus.documents
    assert first.tokens == ("Ann", "left", "Rome", ".")
    assert first.entities == (Entity("Peop", 0, 1), Entity("Loc", 2, 3))
    assert first.relations == (Relation("Live_In", 0, 1),)
    assert second.text == "She met Bob\nLee ."
    assert second.entities == (Entity("Peop", 2, 4), Entity("Peop", 0, 1))
    assert second.relations == (Relation("Knows", 1, 0),)
    assert third.entities == ()
    assert [item.id for item in corpus.documents] == ["news/one.a-1", "news/one.a-2", "two"]
    assert corpus.groups == ["news/one.a", "news/one.a", "two"]
    assert corpus.remarks == []


def test_line_ends_of_windows_count_as_two_characters(tmp_path):
    path = folder(tmp_path, "Ann\r\nleft Rome .\r\n", "T1\tLoc 10 14\tRome\r\n")
    corpus = read_brat(path, reading())
    (document,) = corpus.documents
    assert document.entity_text(document.entities[0]) == "Rome"
    assert corpus.remarks == []


def test_what_a_document_cannot_express_is_listed(tmp_path):
    annotations = (
        f"{ANNOTATIONS}"
        "T6\tPeop 0 3;25 28\tAnn Bob\n"
        "R3\tKnows Arg1:T1 Arg2:T6\n"
        "R4\tKnows Arg1:T1 Arg2:T4\n"
        "E1\tMeeting:T4 Who:T5\n"
        "A1\tCertain R1\n"
        "N1\tReference T2 Wikipedia:1\tRome\n"
        "#1\tAnnotatorNotes T1\tsure?\n"
        "*\tEquiv T1 T5\n"
    )
    corpus = read_brat(folder(tmp_path, annotations=annotations), reading())
    assert sum(len(document.entities) for document in corpus.documents) == 4
    assert sum(len(document.relations) for document in corpus.documents) == 2
    assert [(remark.problem, str(remark.location)) for remark in corpus.remarks] == [
        ("entity of several pieces", "line 7 of news/one.a.ann"),
        ("event", "line 10 of news/one.a.ann"),
        ("attribute", "line 11 of news/one.a.ann"),
        ("normalisation", "line 12 of news/one.a.ann"),
        ("note", "line 13 of news/one.a.ann"),
        ("equivalence", "line 14 of news/one.a.ann"),
        ("relation of an entity that is not there", "line 8 of news/one.a.ann"),
        ("relation between two sentences", "line 9 of news/one.a.ann"),
        ("end of a sentence that a relation crosses", "None"),
    ]
    assert all(remark.lost for remark in corpus.remarks[:-1])
    assert "T6 Peop 0 3;25 28 'Ann Bob'" in corpus.remarks[0].detail


def test_a_quotation_in_another_normal_form(tmp_path):
    (tmp_path / "d.txt").write_text("Jose\u0301 left Elm", encoding="utf-8")
    annotations = "T0\tPeop 0 5\tJos\u00e9\nT1\tOrg 11 14\tElm\nR1\tLeft Arg1:T0 Arg2:T1\n"
    (tmp_path / "d.ann").write_text(annotations, encoding="utf-8")
    corpus = read_brat(tmp_path, reading())
    assert corpus.remarks == []
    (document,) = corpus.documents
    assert [document.character_span(*entity.span) for entity in document.entities] == [
        (0, 5),
        (11, 14),
    ]
    assert document.relations == (Relation("Left", 0, 1),)


def test_entity_whose_characters_are_another_text_is_looked_for(tmp_path):
    path = folder(tmp_path, annotations="T1\tPeop 26 33\tBob Lee\nT2\tPeop 0 3\tZoe\n")
    corpus = read_brat(path, reading())
    second = corpus.documents[1]
    assert [second.entity_text(entity) for entity in second.entities] == ["Bob\nLee"]
    assert [(remark.problem, remark.lost) for remark in corpus.remarks] == [
        ("mention found by its text", False),
        ("mention that is not in its text", True),
    ]


def test_text_without_annotations_is_left_out(tmp_path):
    folder(tmp_path)
    for name in ("README.txt", "news/one.xml.txt"):
        (tmp_path / "brat" / name).write_text("Ann left .")
    corpus = read_brat(tmp_path / "brat", reading())
    assert {document.id for document in corpus.documents} == {"news/one.a-1", "news/one.a-2"}
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        (
            "2 texts without an .ann file left out: README.txt, news/one.xml.txt; --unannotated "
            "empty reads them as annotated with nothing",
            True,
        )
    ]
    corpus = read_brat(tmp_path / "brat", reading("whole"), unannotated="empty")
    assert [(document.id, len(document.entities)) for document in corpus.documents] == [
        ("README", 0),
        ("news/one.a", 4),
        ("news/one.xml", 0),
    ]
    assert corpus.remarks == []


def test_folder_without_annotations_is_an_error(tmp_path):
    path = folder(tmp_path, annotations=None)
    with pytest.raises(DocumentError, match="none of the 1 .txt files has an .ann .*empty"):
        read_brat(path, reading())
    (document,) = read_brat(path, reading("whole"), unannotated="empty").documents
    assert document.entities == ()


def test_hidden_files_are_passed_over(tmp_path):
    path = folder(tmp_path)
    # As in an archive that macOS made.
    for name in ("._one.a.txt", "__MACOSX/news/._one.a.ann", ".git/x.txt"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"\0\5\x16\7\xff")
    corpus = read_brat(path, reading(), unannotated="empty")
    assert {document.id for document in corpus.documents} == {"news/one.a-1", "news/one.a-2"}
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        ("3 hidden files left out: ._one.a.txt, .git/x.txt, __MACOSX/news/._one.a.ann", False)
    ]


@pytest.mark.parametrize("line_end", ["\n", " \n  ", "\r\n"])
def test_pieces_with_white_space_between_them_are_one_entity(tmp_path, line_end):
    text = f"He got ferrous{line_end}sulfate{line_end}daily, 3 mg."
    start, dose = text.index("sulfate"), text.index("3 mg")
    annotations = (
        f"T1\tDrug 7 14;{start} {start + 7}\tferrous sulfate\n"
        f"T2\tDose {start} {start + 7};{dose} {dose + 4}\tsulfate 3 mg\n"
    )
    corpus = read_brat(folder(tmp_path, text, annotations), reading("whole"))
    (document,) = corpus.documents
    assert [document.entity_text(entity) for entity in document.entities] == [
        f"ferrous{line_end}sulfate"
    ]
    assert [remark.problem for remark in corpus.remarks if remark.lost] == [
        "entity of several pieces"
    ]


def test_mention_over_a_line_end_after_a_character_that_counts_twice(tmp_path):
    text = "\N{DOG}\N{DOG} ferrous\nsulfate , ferrous"
    path = folder(tmp_path, text, "T1\tDrug 5 12;13 20\tferrous sulfate\n")
    (document,) = read_brat(path, reading("whole")).documents
    assert document.entities == (Entity("Drug", 1, 3),)


EVENTS = """\
T1\tProtein 0 4\tIL-2
T2\tProtein 15 18\tp53
T3\tActivation 5 14\tactivates
T4\tCause 22 27\tafter
E2\tCause:T4 Theme:E1 Theme2:T2
E1\tActivation:T3 Theme:T2 Cause:T1\x20
R1\tCoref Arg1:E1 Arg2:T2
*\tEquiv E2 T2 T1
"""
EVENT_TEXT = "IL-2 activates p53 ,  after all ."


def test_events_and_equivalences_as_relations(tmp_path):
    path = folder(tmp_path, EVENT_TEXT, EVENTS)
    (document,) = read_brat(
        path, reading("whole"), events="trigger-argument", equivalences="Same"
    ).documents
    assert named_relations(document) == [
        ("Theme", "after", "activates"),
        ("Theme", "after", "p53"),
        ("Theme", "activates", "p53"),
        ("Cause", "activates", "IL-2"),
        ("Coref", "activates", "p53"),
        # From each to each later one in the text.
        ("Same", "IL-2", "p53"),
        ("Same", "IL-2", "after"),
        ("Same", "p53", "after"),
    ]
    corpus = read_brat(path, reading("whole"))
    assert corpus.documents[0].relations == ()
    assert [remark.problem for remark in corpus.remarks] == [
        *("event", "event", "equivalence", "relation of an entity that is not there")
    ]


def test_events_with_one_trigger_are_listed(tmp_path):
    again = f"{EVENTS}E3\tActivation:T3 Theme:T1\n"
    corpus = read_brat(
        folder(tmp_path, EVENT_TEXT, again), reading("whole"), events="trigger-argument"
    )
    assert ("Theme", "activates", "IL-2") in named_relations(corpus.documents[0])
    assert [(remark.problem, remark.lost) for remark in corpus.remarks] == [
        ("equivalence", True),
        ("event whose trigger has another event", True),
    ]


def test_files_of_shared_tasks(tmp_path):
    path = folder(tmp_path, EVENT_TEXT, None, "x")
    lines = EVENTS.splitlines(keepends=True)
    (path / "x.a1").write_text("".join(lines[:2]))
    (path / "x.a2").write_text("".join(lines[2:]))
    corpus = read_brat(path, reading("whole"), events="trigger-argument")
    assert len(corpus.documents[0].entities) == 4
    assert len(corpus.documents[0].relations) == 5
    assert [str(remark.location) for remark in corpus.remarks] == ["line 6 of x.a2"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("T1 Peop 0 3 Ann", r"line 1: 'T1 Peop 0 3 Ann' is not as in"),
        ("T1\tPeop 0 x\tAnn", "line 1: .* is not as in"),
        ("R1\tKnows T1 T2", "line 1: .* is not as in"),
        ("what", "line 1: 'what' is not an annotation"),
        ("T1\tPeop 0 3\tAnn\nT1\tPeop 0 3\tAnn", "line 2: T1 occurs twice"),
        (f"T1\tPeop 0 {'9' * 5000}\tAnn", "line 1: 9+… is no offset"),
        ("E1\tMeeting", "line 1: .* is not as in"),
        ("E1\tM:T1\nE1\tM:T1", "line 2: E1 occurs twice"),
        ("*\tEquiv", "line 1: .* is not as in"),
    ],
)
def test_malformed_line_is_an_error(tmp_path, line, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read_brat(
            folder(tmp_path, annotations=line),
            reading(),
            events="trigger-argument",
            equivalences="Same",
        )
    assert raised.value.path == str(tmp_path / "brat" / "news" / "one.a.ann")


def test_folders_that_cannot_be_read(tmp_path):
    with pytest.raises(DocumentError, match="there is no such folder"):
        read_brat(tmp_path / "missing", reading())
    with pytest.raises(DocumentError, match=r"there are no \.txt files in the folder"):
        read_brat(tmp_path, reading())
    (tmp_path / "alone.ann").write_text("")
    with pytest.raises(DocumentError, match="there is no such file") as raised:
        read_brat(tmp_path, reading())
    assert raised.value.path == str(tmp_path / "alone.txt")


NEWS = document("[Ann Lee|Peop] left [Rome|Loc] .", [("Live_In", 0, 1)], "a/b-1")


def test_documents_become_files(tmp_path):
    assert write_brat(tmp_path / "out", [NEWS]) == []
    assert (tmp_path / "out/a/b-1.txt").read_text() == "Ann Lee left Rome ."
    assert (tmp_path / "out/a/b-1.ann").read_text() == (
        "T1\tPeop 0 7\tAnn Lee\nT2\tLoc 13 17\tRome\nR1\tLive_In Arg1:T1 Arg2:T2\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_identifiers_that_are_no_file_names_are_listed(tmp_path):
    ids = ["../x", "/etc/x", "a", "A", "", "document-2", None]
    lost = write_brat(tmp_path / "out", [Document(("Hi",), id=id) for id in ids])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = {path.stem for path in (tmp_path / "out").glob("*.txt")}
    assert names == {
        *("document-1", "document-2", "a", "document-4", "document-5"),
        *("document-6", "document-7"),
    }
    assert [remark.document for remark in lost] == ["../x", "/etc/x", "A", "", "document-2"]


def test_what_brat_cannot_express_is_listed(tmp_path):
    lost = write_brat(
        tmp_path / "out",
        [Document(("Ann", "!"), (Entity("a person", 0, 1),), (), "a", "Ann!", ((0, 3), (3, 4)))],
    )
    assert [remark.problem for remark in lost] == [
        "tokens that white space does not separate",
        "white space in a type",
    ]
    assert (tmp_path / "out/a.ann").read_text() == "T1\ta_person 0 3\tAnn\n"


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("old")
    with pytest.raises(FileExistsError, match="exists already"):
        write_brat(tmp_path / "full", [NEWS])
    (tmp_path / "empty").mkdir()

    def interrupted():
        yield NEWS
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_brat(tmp_path / "empty", interrupted())
    assert {path.name for path in tmp_path.iterdir()} == {"full", "empty"}
    assert list((tmp_path / "empty").iterdir()) == []
    write_brat(tmp_path / "empty", [NEWS])
    assert (tmp_path / "empty" / "a" / "b-1.ann").exists()


WHOLE = "\ufeff\n Ann  Lee\r\nleft Rome 🙂.\r\n\r\n\tShe met  Bob\nLee.\n"
"""White space of all kinds, and a character beyond the Basic Multilingual Plane."""


def sentence(id, first, spans, entities=(), relations=(), whole_text=WHOLE):
    start, end = spans[0][0], spans[-1][1]
    return Document(
        tokens=tuple(WHOLE[slice(*span)] for span in spans),
        entities=tuple(Entity(*entity) for entity in entities),
        relations=tuple(Relation(*relation) for relation in relations),
        id=id,
        text=WHOLE[start:end],
        token_offsets=tuple((a - start, b - start) for a, b in spans),
        start_char=first,
        whole_text=whole_text,
    )


def two_sentences(whole_text=WHOLE):
    return [
        sentence(
            "news/a-1",
            3,
            [(3, 6), (8, 11), (13, 17), (18, 22), (23, 24), (24, 25)],
            [("Peop", 0, 2), ("Loc", 3, 4)],
            [("Left", 0, 1)],
            whole_text,
        ),
        sentence(
            "news/a-2",
            30,
            [(30, 33), (34, 37), (39, 42), (43, 46), (46, 47)],
            [("Peop", 2, 4), ("Peop", 0, 1)],
            [("Met", 1, 0)],
            whole_text,
        ),
    ]


def test_sentences_of_a_known_text_are_one_file(tmp_path):
    other = Document(("Hi",), id="news/b", text="Hi", token_offsets=((0, 2),), start_char=0)
    remarks = write_brat(tmp_path / "out", [*two_sentences(), replace(other, whole_text="Hi\r\n")])
    names = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("*.*")}
    assert names == {"news/a.txt", "news/a.ann", "news/b.txt", "news/b.ann"}
    assert (tmp_path / "out/news/a.txt").read_bytes() == WHOLE.encode()
    assert (tmp_path / "out/news/b.txt").read_bytes() == b"Hi\r\n"
    # brat has no entity with the end of a line in it, but one of two pieces.
    assert (tmp_path / "out/news/a.ann").read_text() == (
        "T1\tPeop 3 11\tAnn  Lee\n"
        "T2\tLoc 18 22\tRome\n"
        "T3\tPeop 39 42;43 46\tBob Lee\n"
        "T4\tPeop 30 33\tShe\n"
        "R1\tLeft Arg1:T1 Arg2:T2\n"
        "R2\tMet Arg1:T4 Arg2:T3\n"
    )
    assert {remark.problem for remark in remarks} == {"tokens that white space does not separate"}


def test_a_text_that_does_not_fit_is_not_used(tmp_path):
    remarks = write_brat(tmp_path / "out", two_sentences(WHOLE[1:]))
    assert (tmp_path / "out/news/a-2.txt").read_text() == "She met  Bob\nLee."
    assert "T1\tPeop 9 12;13 16\tBob Lee\n" in (tmp_path / "out/news/a-2.ann").read_text()
    assert [r.document for r in remarks if r.problem == "position in a longer text"] == [
        *("news/a-1", "news/a-2")
    ]


def test_the_same_text_twice_is_two_files(tmp_path):
    again = [replace(item, id=item.id.replace("a-", "b-")) for item in two_sentences()]
    write_brat(tmp_path / "out", [*two_sentences(), *again])
    assert sorted(path.name for path in (tmp_path / "out/news").glob("*.txt")) == ["a.txt", "b.txt"]


def test_a_whole_text_is_read_as_it_was_written(tmp_path):
    documents = two_sentences()
    write_brat(tmp_path / "out", documents)
    corpus = read_brat(tmp_path / "out", reading())
    assert [remark.problem for remark in corpus.remarks if remark.lost] == []
    found = {(e.type, d.entity_text(e)) for d in corpus.documents for e in d.entities}
    assert found == {(e.type, d.entity_text(e)) for d in documents for e in d.entities}
