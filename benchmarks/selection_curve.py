"""
What `dts-ee select` saves: F1 by the number of annotated sentences, selected or drawn at random.

    python -m benchmarks.selection_curve CONFIG -s DIR --data TRAIN.json --test DEV.json

Each draw begins with its own random sentences. A model is trained on them from scratch; then the
next sentences are selected by that model among the others, with their gold annotation, and so on.
The same command goes on after an interruption. The last lines are a Markdown table with the mean
and the standard deviation over the draws.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from dts_ee.analysis.selection import MEASURES, first_of_each
from dts_ee.corpora.spert import read_documents, write_documents

RANDOM = "random"
METRICS = ("entity_f1", "relation_f1")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("-s", dest="directory", type=Path, required=True, metavar="DIR")
    parser.add_argument("--data", type=Path, required=True, help="the sentences to choose from")
    parser.add_argument("--test", type=Path, required=True, help="the sentences to evaluate on")
    parser.add_argument("--step", type=int, default=50, help="sentences of each round")
    parser.add_argument("--rounds", type=int, default=5, help="trainings of each draw")
    parser.add_argument("--draws", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument(
        "--by", nargs="+", choices=(RANDOM, *MEASURES), default=[RANDOM, "diversity"]
    )
    parser.add_argument("-o", "--overrides", type=json.loads, default={}, help="for `train`")
    args = parser.parse_args()
    print("| selected by | sentences | NER micro F1 | RE strict micro F1 |")
    print("| --- | --- | --- | --- |")
    for by in args.by:
        curves = [_curve(args, by, draw) for draw in args.draws]
        for number in range(args.rounds):
            scores = [_percent([curve[number][metric] for curve in curves]) for metric in METRICS]
            print(f"| {by} | {(number + 1) * args.step} | {' | '.join(scores)} |", flush=True)


def _percent(values: list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{100 * statistics.mean(values):.1f} ± {100 * deviation:.1f}"


def _curve(args: argparse.Namespace, by: str, draw: int) -> list[dict[str, Any]]:
    """The metrics after each round of one draw."""
    documents = read_documents(args.data)
    # `select` knows a text once, and finds it by its identifier.
    documents = [documents[i] for i in first_of_each(documents)]
    by_id = {str(document.id): document for document in documents}
    shuffled = list(by_id)
    random.Random(draw).shuffle(shuffled)
    annotated = shuffled[: args.step]
    metrics = []
    for number in range(args.rounds):
        # All begin with the same sentences.
        folder = args.directory / f"draw_{draw}" / (by if number else "first") / f"round_{number}"
        folder.mkdir(parents=True, exist_ok=True)
        write_documents(folder / "train.json", [by_id[id] for id in annotated])
        metrics.append(_train_and_evaluate(args, folder, draw))
        if number == args.rounds - 1:
            break
        if by == RANDOM:
            annotated = shuffled[: len(annotated) + args.step]
            continue
        left = [by_id[id] for id in shuffled if id not in set(annotated)]
        pool = folder / "pool.jsonl"
        lines = [json.dumps({"orig_id": d.id, "tokens": d.tokens}) + "\n" for d in left]
        pool.write_text("".join(lines), encoding="utf-8")
        selected = folder / f"selected_{by}.jsonl"
        if not selected.exists():
            _run(
                *("select", folder / "out", pool, "--n", args.step, "--by", by),
                *("--exclude", folder / "train.json", "--output-file", selected),
            )
        annotated += [str(document.id) for document in read_documents(selected)]
    return metrics


def _train_and_evaluate(args: argparse.Namespace, folder: Path, draw: int) -> dict[str, Any]:
    output = folder / "metrics.json"
    if not output.exists():
        archive = folder / "out" / "model.tar.gz"
        if not archive.exists():
            seeds = dict.fromkeys(("random_seed", "numpy_seed", "pytorch_seed"), draw)
            overrides = {**seeds, "train_data_path": str(folder / "train.json"), **args.overrides}
            options = ("--overrides", json.dumps(overrides), "--force")
            _run("train", args.config, "-s", folder / "out", *options)
        _run("evaluate", archive, args.test, "--output-file", output)
    return json.loads(output.read_text(encoding="utf-8"))


def _run(*words: object) -> None:
    command = [sys.executable, "-m", "dts_ee", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
