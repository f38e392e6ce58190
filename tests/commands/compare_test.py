import functools
import json
from dataclasses import replace

import pytest

from dts_ee.corpora.spert import document_to_json
from tests.commands.command_line import run_allennlp
from tests.documents import document
from tests.runs.csv_tables import read_rows

GOLD = [
    document("[Ann|Peop] left [Rome|Loc]", [("Live_In", 0, 1)], id="one"),
    document("[Bo|Peop] runs [Acme|Org]", [("Work_For", 0, 1)], id="two"),
    document("nothing happened", id="three"),
]
NO_RELATIONS = [replace(document, relations=()) for document in GOLD]
NOTHING = [replace(document, entities=(), relations=()) for document in GOLD]


def write_run(folder, predicted, gold):
    folder.mkdir(parents=True)
    lines = []
    for guess, truth in zip(predicted, gold, strict=True):
        record = document_to_json(truth)
        annotation = {key: record[key] for key in ("entities", "relations")}
        lines.append(json.dumps({**document_to_json(guess), "gold": annotation}) + "\n")
    (folder / "test_predictions.jsonl").write_text("".join(lines), encoding="utf-8")


def write(directory, *runs, gold=GOLD):
    """One seed's predictions for each of `runs`."""
    for seed, predicted in enumerate(runs, start=1):
        write_run(directory / f"seed_{seed}", predicted, gold)


def write_folds(directory, predicted, gold=GOLD, folds=(0, 1, 2)):
    """One fold's predictions for each of three documents."""
    for fold in folds:
        part = slice(fold, fold + 1)
        write_run(directory / f"fold_{fold}", predicted[part], gold[part])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write(tmp_path / "good", GOLD, GOLD, NO_RELATIONS)
    write(tmp_path / "weak", NO_RELATIONS, NO_RELATIONS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = functools.partial(run_allennlp, "compare")


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_scores_differences_and_flips(folder, capsys):
    assert run("good", "weak", "--output-file", "table.md") == 0
    printed = capsys.readouterr().out
    assert (folder / "table.md").read_text(encoding="utf-8") == printed
    header, _, good, weak, difference, *rest = printed.splitlines()
    assert cells(header)[:4] == ["", "seeds", "NER micro", "NER macro"]
    assert cells(good)[:5] == ["good", "3", "100.0 ± 0.0", "100.0 ± 0.0", "66.7 ± 57.7"]
    assert cells(weak)[:5] == ["weak", "2", "100.0 ± 0.0", "100.0 ± 0.0", "0.0 ± 0.0"]
    # Two sentences with relations can be shuffled in four ways, two of which differ as much.
    name, _, entities, macro, relations = cells(difference)[:5]
    assert (name, entities, macro) == ("weak − good", "+0.0 (p = 1.000)", "+0.0")
    score, p = relations.split(" (p = ")
    assert score == "-66.7"
    assert float(p.rstrip(")")) == pytest.approx(0.5, abs=0.03)
    assert "3 sentences (10,000 shuffles" in printed
    assert rest[-2:] == [
        "NER: 0 sentences are right in weak alone, 0 in good alone.",
        "RE: 0 sentences are right in weak alone, 2 in good alone.",
    ]


def test_other_formats_are_printed_alone(folder, capsys):
    assert run("good", "weak", "--table-format", "csv", "--output-file", "table.csv") == 0
    captured = capsys.readouterr()
    assert (folder / "table.csv").read_text(encoding="utf-8") == captured.out
    assert "p: two-sided" in captured.err
    assert "RE: 0 sentences are right in weak alone, 2 in good alone." in captured.err
    good, weak, difference = read_rows(folder / "table.csv")
    names = ["experiment", "seeds", "RE strict micro F1 mean (%)"]
    assert [good[name] for name in names] == ["good", "3", "66.6667"]
    assert [weak[name] for name in names] == ["weak", "2", "0"]
    assert [difference[name] for name in names] == ["weak − good", "", ""]
    assert good["RE strict micro F1 standard deviation (%)"] == "57.735"
    assert good["RE strict micro F1 difference (percentage points)"] == ""
    assert difference["RE strict micro F1 difference (percentage points)"] == "-66.6667"
    assert float(difference["RE strict micro p"]) == pytest.approx(0.5, abs=0.03)
    assert difference["NER micro p"] == "1"
    assert "NER macro p" not in difference
    assert run("good", "weak", "--table-format", "latex") == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("\\begin{tabular}{lrrrrrr}\n\\toprule\n & seeds & NER micro &")
    assert "good & 3 & 100.0 $\\pm$ 0.0 & " in captured.out
    assert "weak $-$ good &  & +0.0 (p = 1.000) & +0.0 & $-$66.7 (p = " in captured.out
    assert captured.out.endswith("\\end{tabular}\n")


def test_sentences_that_flipped_are_written(folder):
    write(folder / "none", NOTHING)
    assert run("weak", "good", "none", "--flips", "out/flips.jsonl") == 0
    lines = (folder / "out" / "flips.jsonl").read_text(encoding="utf-8").splitlines()
    flips = [json.loads(line) for line in lines]
    assert [(flip["task"], flip["gold"]["orig_id"], flip["right"]) for flip in flips] == [
        ("RE", "one", {"weak": 0, "good": 2}),
        ("RE", "two", {"weak": 0, "good": 2}),
        ("NER", "one", {"weak": 2, "none": 0}),
        ("NER", "two", {"weak": 2, "none": 0}),
    ]
    assert [len(flips[0]["predicted"][name]) for name in ("weak", "good")] == [2, 3]
    assert flips[0]["predicted"]["good"][0]["relations"] == [
        {"type": "Live_In", "head": 0, "tail": 1}
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["good"], "two directories"),
        (["good", "../{}/good"], "named twice"),
        (["good", "nowhere"], "nowhere has no seed"),
        (["good", "weak", "--num-shuffles", "0"], "less than 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(folder, capsys, words, message):
    words = [word.format(folder.name) for word in words]
    assert run(*words) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_predictions_about_other_documents_are_refused(folder, capsys):
    write(folder / "other", NO_RELATIONS, gold=NO_RELATIONS)
    assert run("good", "other", "--output-file", "table.md") == 2
    assert "other" in capsys.readouterr().err
    assert not (folder / "table.md").exists()


def test_a_broken_line_is_named(folder, capsys):
    path = folder / "weak" / "seed_2" / "test_predictions.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], '{"tokens": ["a"], "entities": []}']), encoding="utf-8")
    assert run("good", "weak") == 2
    error = capsys.readouterr().err
    assert "weak/seed_2/test_predictions.jsonl" in error
    assert "line 2" in error
    assert "gold" in error


def test_sentences_of_folds_are_put_together(folder, capsys):
    write_folds(folder / "all", GOLD)
    # That of the first fold is right.
    write_folds(folder / "some", [GOLD[0], *NO_RELATIONS[1:]])
    assert run("all", "some", "--flips", "flips.jsonl") == 0
    header, _, best, other, difference, *rest = capsys.readouterr().out.splitlines()
    assert cells(header)[1] == "folds"
    # A fold without relations has none to find.
    assert cells(best)[1:5] == ["3", "66.7 ± 57.7", "66.7 ± 57.7", "66.7 ± 57.7"]
    assert cells(other)[4] == "33.3 ± 57.7"
    # One sentence differs, and is as likely to be on either side.
    assert cells(difference)[4] == "-33.3 (p = 1.000)"
    assert "over 3 sentences" in rest[1]
    assert "those of the folds that all have (0, 1, 2) together" in rest[1]
    assert rest[-1] == "RE: 0 sentences are right in some alone, 1 in all alone."
    (line,) = (folder / "flips.jsonl").read_text(encoding="utf-8").splitlines()
    flip = json.loads(line)
    assert flip["gold"]["orig_id"] == "two"
    assert flip["right"] == {"all": 1, "some": 0}
    assert [len(predictions) for predictions in flip["predicted"].values()] == [1, 1]
    assert [len(predictions[0]["relations"]) for predictions in flip["predicted"].values()] == [
        1,
        0,
    ]


def test_folds_are_paired_by_their_numbers(folder, capsys):
    write_folds(folder / "one", GOLD, folds=(0, 1))
    write_folds(folder / "other", NOTHING, folds=(1, 2))
    assert run("one", "other") == 0
    printed = capsys.readouterr().out
    assert "| one | 1 | 100.0 |" in printed
    assert "over 1 sentences" in printed and "(1) together" in printed
    write_folds(folder / "last", NOTHING, folds=(2,))
    assert run("one", "last") == 2
    assert "there is no fold that all directories have" in capsys.readouterr().err


def test_folds_of_other_documents_are_refused(folder, capsys):
    write_folds(folder / "one", GOLD)
    write_folds(folder / "other", NO_RELATIONS, gold=NO_RELATIONS)
    assert run("one", "other") == 2
    error = capsys.readouterr().err
    assert "other/fold_0/test_predictions.jsonl have other documents" in error
    assert "one/fold_0/test_predictions.jsonl" in error


def test_seeds_are_not_compared_with_folds(folder, capsys):
    write_folds(folder / "folds", GOLD)
    assert run("good", "folds") == 2
    assert "good has seeds, but folds has folds" in capsys.readouterr().err
    write_folds(folder / "weak", GOLD)
    assert run("good", "weak") == 2
    assert "weak has both seeds and folds" in capsys.readouterr().err
