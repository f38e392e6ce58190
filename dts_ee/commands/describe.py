"""
Subcommand for describing a corpus.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from allennlp.commands import Subcommand

from dts_ee.argument_parser import share
from dts_ee.commands.reading_arguments import add_reading_arguments, reading_from_args
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import open_atomically
from dts_ee.corpora.formats import FORMATS, read_corpus
from dts_ee.corpora.problems import ReadDocuments, read_with_problems
from dts_ee.corpora.recognition import with_hint
from dts_ee.corpora.spert import SPERT_FORMATS
from dts_ee.corpora.text_reading import TextReading
from dts_ee.document import DocumentError

if TYPE_CHECKING:
    from dts_ee.analysis.corpus_description import CorpusDescription

MAX_REMARKS_OF_KIND = 5
"""The maximum number of remarks of a kind that are printed."""


@Subcommand.register("describe")
class Describe(Subcommand):
    """
    `allennlp describe FILE…`: describes the files of a corpus, and lists all problems in them.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Describe the files of a corpus, and list all problems in them."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} The exit status is 1 if there are problems: a reader would "
            "refuse the file.",
            epilog="For example: allennlp describe train.json dev.json test.json",
            help=description,
        )
        subparser.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="the files, such as the splits of a corpus; duplicates are counted across them",
        )
        subparser.add_argument(
            "--format",
            choices=[name for name, format in FORMATS.items() if format.read is not None],
            default="spert",
            help="the format of the files (default = spert, which also reads jsonl); in other "
            "formats, reading a file ends at the first malformed line or record",
        )
        subparser.add_argument(
            "--json", type=Path, metavar="FILE", help="also write everything there, as JSON"
        )
        subparser.add_argument(
            "--similarity",
            type=share,
            default=0.8,
            metavar="S",
            help="the least similarity of near-duplicates, above 0 and at most 1 (default = 0.8)",
        )
        add_reading_arguments(subparser)
        subparser.set_defaults(func=describe_from_args)
        return subparser


def describe_from_args(args: argparse.Namespace) -> None:
    """Run the command, and exit with 1 if there are problems in the files."""
    text, num_problems = describe(
        args.files,
        args.format,
        reading_from_args(args),
        args.similarity,
        args.json,
    )
    print(text, end="")
    if num_problems:
        sys.exit(1)


def describe(
    files: Sequence[str],
    format: str,
    reading: TextReading,
    similarity: float = 0.8,
    json_file: Optional[Path] = None,
) -> Tuple[str, int]:
    """
    Describe the files of a corpus.

    # Parameters

    files : `Sequence[str]`
        The files or folders; one that is named twice is read once.
    format : `str`
        The name of their format.
    reading : `TextReading`
        How raw text becomes sentences and tokens.
    similarity : `float`, optional (default = `0.8`)
        The least Jaccard similarity of near-duplicates.
    json_file : `Path`, optional (default = `None`)
        Where to write everything as JSON.

    # Returns

    `Tuple[str, int]`
        The description as Markdown, and how many problems there are.

    # Raises

    `OSError`
        If the JSON cannot be written.
    """
    # Imported late: only this command needs it.
    from dts_ee.analysis.corpus_description import describe_corpus
    from dts_ee.analysis.description_text import render_description

    names = list(dict.fromkeys(files))
    contents: List[ReadDocuments] = []
    remarks: List[Tuple[str, Remark]] = []
    for name in names:
        contents.append(_read(name, format, reading))
        remarks += [(name, remark) for remark in contents[-1].remarks]
    problems = [problem for content in contents for problem in content.problems]
    short = _short_names(names)
    description = describe_corpus(
        [(short[name], content.documents) for name, content in zip(names, contents, strict=True)],
        similarity,
    )
    if json_file is not None:
        with open_atomically(json_file) as file:
            paths = {short[name]: name for name in names}
            record = {"paths": paths, **_to_json(description, problems, remarks)}
            json.dump(record, file, ensure_ascii=False, indent=1)
            file.write("\n")
    parts = [f"# {', '.join(names)}\n"]
    if problems:
        parts.append("## Problems\n")
        parts.append("Documents with problems are not counted below.\n")
        parts.append("\n".join(f"- {problem}" for problem in problems) + "\n")
    if remarks:
        parts += ["## Remarks\n", _remarks(remarks)]
    parts.append(render_description(description))
    return "\n".join(parts), len(problems)


def _short_names(names: Sequence[str]) -> Dict[str, str]:
    """The names without their folders, if they are still unique."""
    short = {name: Path(name).name for name in names}
    return short if len(set(short.values())) == len(names) else {name: name for name in names}


def _read(name: str, format: str, reading: TextReading) -> ReadDocuments:
    if format in SPERT_FORMATS:
        return read_with_problems(name)
    try:
        corpus = read_corpus(format, name, reading, {})
    except DocumentError as error:
        return ReadDocuments(problems=[with_hint(error, name, {format})])
    return ReadDocuments(corpus.documents, remarks=corpus.remarks)


def _remarks(remarks: Sequence[Tuple[str, Remark]]) -> str:
    kinds: Dict[Tuple[str, str, bool], List[Remark]] = {}
    for name, remark in remarks:
        kinds.setdefault((name, remark.problem, remark.lost), []).append(remark)
    lines = []
    for (name, problem, lost), of_kind in kinds.items():
        lines.append(f"- {name}: {problem}: {len(of_kind):,}{', lost' if lost else ''}\n")
        lines += [f"  - {remark}\n" for remark in of_kind[:MAX_REMARKS_OF_KIND]]
        if len(of_kind) > MAX_REMARKS_OF_KIND:
            lines.append(f"  - and {len(of_kind) - MAX_REMARKS_OF_KIND:,} more (--json has all)\n")
    return "".join(lines)


def _to_json(
    description: "CorpusDescription",
    problems: Sequence[DocumentError],
    remarks: Sequence[Tuple[str, Remark]],
) -> Dict[str, Any]:
    return {
        "problems": [
            {
                "file": problem.path,
                "document": problem.document_id,
                "field": None if problem.field is None else str(problem.field),
                "problem": problem.problem,
            }
            for problem in problems
        ],
        "remarks": [{"file": name, **remark.to_json()} for name, remark in remarks],
        **asdict(description),
    }
