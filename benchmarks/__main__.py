"""The command `python -m benchmarks`: runs topics, each in a process of its own."""

import argparse
import ast
import os
import signal
import sys
import textwrap
from pathlib import Path
from typing import Optional

from benchmarks.measure import Settings
from benchmarks.results import Results
from benchmarks.topic_process import run_topic

TOPICS = (
    "decoding",
    "pair_scoring",
    "entities",
    "lengths",
    "corpus_size",
    "start_up",
    "feature_cache",
    "training",
    "inference",
    "serving",
)
"""Each is a file of this package, in the order in which they run."""


def parse_arguments(arguments: Optional[list[str]] = None) -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=(
            "Measures speed and memory, and writes OUTPUT/results.json and OUTPUT/results.md after "
            "each topic. Results of topics that are not named stay as they were."
        ),
        epilog="topics:\n" + "\n".join(map(_help_of_topic, TOPICS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "topics", metavar="TOPIC", nargs="*", help="what to measure (default: everything)"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("out/bench"), help="a folder (default: %(default)s)"
    )
    parser.add_argument(
        "--resources",
        type=Path,
        default=Path("resources"),
        help="the folder that `dts-ee fetch` fills (default: %(default)s)",
    )
    parser.add_argument(
        "--runs", type=int, default=5, help="how often each thing is timed (default: %(default)s)"
    )
    parsed = parser.parse_args(arguments)
    unknown = [topic for topic in parsed.topics if topic not in TOPICS]
    if unknown:
        parser.error(f"there is no topic {', '.join(unknown)}; there are {', '.join(TOPICS)}")
    if parsed.runs < 1:
        parser.error("--runs must be at least 1")
    return parsed


def _help_of_topic(topic: str) -> str:
    # The file is not imported: that would import torch and AllenNLP to print a line of help.
    source = Path(__file__).with_name(f"{topic}.py").read_text(encoding="utf-8")
    sentence = " ".join((ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].split())
    return textwrap.fill(
        f"{topic:<14} {sentence}", 98, initial_indent="  ", subsequent_indent=" " * 17
    )


def main(arguments: Optional[list[str]] = None) -> int:
    """
    # Returns

    `int`
        The exit status: 0 if everything that was asked for ran.
    """
    parsed = parse_arguments(arguments)
    settings = Settings(parsed.runs, parsed.resources.resolve(), parsed.output.resolve())
    try:
        results = Results(settings.output)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    topics = [topic for topic in TOPICS if topic in (parsed.topics or TOPICS)]
    all_ran = True
    for number, topic in enumerate(topics, start=1):
        print(f"[{number}/{len(topics)}] {topic} ...", file=sys.stderr, flush=True)
        try:
            result = run_topic(topic, settings)
        except KeyboardInterrupt:
            print(f"Interrupted; finished topics are in {settings.output}.", file=sys.stderr)
            return 130
        outcome = result.problem or f"{result.seconds:.0f} s"
        print(f"[{number}/{len(topics)}] {topic}: {outcome}", file=sys.stderr, flush=True)
        all_ran = all_ran and result.problem is None
        results.add(result)
    print(results.markdown(), end="")
    return 0 if all_ran else 1


if __name__ == "__main__":
    # For the topics' processes: bars for every epoch and file would bury what is said here.
    os.environ.setdefault("TQDM_DISABLE", "1")
    # So that a topic's process does not outlive this one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
