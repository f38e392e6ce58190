"""
Subcommand for converting corpora from one format to another.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError

from dts_ee.characters import in_one_line
from dts_ee.commands.reading_arguments import add_reading_arguments, reading_from_args
from dts_ee.corpora.annotated_text import INEXPRESSIBLE
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import open_atomically
from dts_ee.corpora.folds import divide_into_folds
from dts_ee.corpora.formats import FORMATS, Format, FormatOption, read_corpus, write_corpus
from dts_ee.corpora.recognition import recognise, with_hint
from dts_ee.corpora.record_errors import UNREADABLE
from dts_ee.corpora.text_reading import TextReading
from dts_ee.counted import counted
from dts_ee.document import DocumentError
from dts_ee.tokenizers import TOKENIZERS

MAX_PRINTED_REMARKS = 20
"""The maximum number of remarks that are printed; `--report` writes all."""

AUTO = "auto"
"""Stands for a source's format that is to be recognised."""


@Subcommand.register("convert")
class Convert(Subcommand):
    """
    `allennlp convert --from FORMAT IN --to FORMAT OUT`: converts a corpus.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Convert a corpus from one format to another."
        width = max(map(len, FORMATS)) + 2
        formats = "\n".join(
            f"  {name.ljust(width)}{format.description}{_restriction(format)}"
            for name, format in FORMATS.items()
        )
        subparser = parser.add_parser(
            self.name,
            description=f"{description}\n\nThe formats:\n{formats}\n\n"
            "What the target cannot express is listed. The exit status is 0 if OUT was written,\n"
            "even if something was lost.",
            epilog="For example: allennlp convert --from ade-corpus DRUG-AE.rel "
            "--to spert ade_full.json --folds 10",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            help=description,
        )
        subparser.add_argument(
            "--from",
            dest="source",
            nargs=2,
            required=True,
            metavar=("FORMAT", "IN"),
            help=f"the format and the file or folder to read; {AUTO!r} recognises the format",
        )
        subparser.add_argument(
            "--to",
            dest="target",
            nargs=2,
            required=True,
            metavar=("FORMAT", "OUT"),
            help="the format and the file or folder to write",
        )
        subparser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="write everything that was lost or decided there, as JSON Lines",
        )
        subparser.add_argument(
            "--folds",
            type=int,
            metavar="N",
            help="also divide the documents into N folds of nearly equal size, and write those "
            "beside OUT: ade.json has ade_split_0_train.json, ade_split_0_test.json and so on. "
            "Sentences of one text (an abstract, a file) are in the same fold",
        )
        subparser.add_argument(
            "--seed", type=int, default=0, metavar="N", help="the seed of the folds"
        )
        add_reading_arguments(subparser)
        subparser.add_argument(
            "--windows",
            type=int,
            default=1,
            metavar="N",
            help="make a document of N neighbouring sentences of a text, so that relations between "
            "them can be learned; where the format has texts of several sentences",
        )
        for name, description in _format_options().items():
            subparser.add_argument(f"--{name}", help=description)
        subparser.set_defaults(func=convert_from_args)
        return subparser


def _restriction(format: Format) -> str:
    if format.write is None:
        return " (can only be read)"
    return " (can only be written)" if format.read is None else ""


def _format_options() -> Dict[str, str]:
    """The help on each option that some format has, by its name."""
    names: Dict[FormatOption, List[str]] = {}
    for format_name, format in FORMATS.items():
        for option in (*format.options, *format.write_options):
            names.setdefault(option, []).append(format_name)
    descriptions: Dict[str, List[str]] = {}
    for option, format_names in names.items():
        choices = f": {' or '.join(option.choices)}" if option.choices else ""
        descriptions.setdefault(option.name, []).append(
            f"{', '.join(format_names)}: {option.description}{choices}"
        )
    return {name: "; ".join(texts) for name, texts in descriptions.items()}


def convert_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    (source_format, source), (target_format, target) = args.source, args.target
    if source_format == AUTO:
        source_format = _recognised_format(source)
    _check_formats(source_format, target_format)
    if args.windows < 1:
        raise DocumentError(
            f"--windows is {args.windows}, but a document has at least one sentence"
        )
    given = {name: getattr(args, name.replace("-", "_")) for name in _format_options()}
    values = {name: value for name, value in given.items() if value is not None}
    of_target = {option.name for option in FORMATS[target_format].write_options}
    options = {name: value for name, value in values.items() if name not in of_target}
    corpus, remarks = convert(
        source_format,
        Path(source),
        target_format,
        Path(target),
        replace(reading_from_args(args), windows=args.windows),
        args.folds,
        args.seed,
        options,
        {name: value for name, value in values.items() if name in of_target},
    )
    if args.report is not None:
        _write_report(args.report, remarks)
    if remarks:
        print(_summary(remarks, args.report), file=sys.stderr)
    advice = _advice_on_tokenizers(args, source_format, options, remarks)
    if advice is not None:
        print(advice, file=sys.stderr)
    documents = corpus.documents
    num_entities = sum(len(document.entities) for document in documents)
    num_relations = sum(len(document.relations) for document in documents)
    print(
        f"{target}: {counted(len(documents), 'document')}, "
        f"{counted(num_entities, 'entity', 'entities')} and "
        f"{counted(num_relations, 'relation')} were read from {source}"
    )
    if args.folds is not None:
        train, test = fold_path(Path(target), "*", "train"), fold_path(Path(target), "*", "test")
        print(f"The {args.folds} folds are {train} and {test}")


def convert(
    source_format: str,
    source: Path,
    target_format: str,
    target: Path,
    reading: TextReading,
    num_folds: Optional[int] = None,
    seed: int = 0,
    options: Optional[Mapping[str, str]] = None,
    write_options: Optional[Mapping[str, str]] = None,
) -> Tuple[Corpus, List[Remark]]:
    """
    Convert a corpus.

    # Parameters

    source_format : `str`
        The name of a format.
    source : `Path`
        The file or folder to read.
    target_format : `str`
        The name of a format that can be written.
    target : `Path`
        The file or folder to write.
    reading : `TextReading`
        How raw text becomes sentences and tokens.
    num_folds : `int`, optional (default = `None`)
        How many folds to write beside `target`, if any.
    seed : `int`, optional (default = `0`)
        The seed of the folds.
    options : `Mapping[str, str]`, optional (default = `None`)
        The values of options of the source's format, by their names.
    write_options : `Mapping[str, str]`, optional (default = `None`)
        The same for the target's format.

    # Returns

    `Tuple[Corpus, List[Remark]]`
        The corpus, and everything that was lost or decided in reading or writing it.

    # Raises

    `DocumentError`
        If the source cannot be read, the target has a name that its format does not allow, or there
        are too many folds.
    `OSError`
        If the target cannot be written, is the source, or is a folder that is not empty.
    """
    try:
        corpus = read_corpus(source_format, source, reading, options or {})
        if not corpus.documents:
            raise DocumentError(_nothing_left(corpus.remarks), path=str(source))
    except DocumentError as error:
        read = FORMATS[source_format].read
        alike = [name for name, format in FORMATS.items() if format.read is read]
        raise with_hint(error, source, alike) from error.__cause__
    if target.exists() and os.path.samefile(source, target):
        raise FileExistsError(f"{target} is the source: choose another name for the target")
    folds = []
    if num_folds is not None:
        folds = divide_into_folds(corpus.groups, num_folds, seed)
    fold_targets = [
        tuple(fold_path(target, str(number), part) for part in ("train", "test"))
        for number in range(len(folds))
    ]
    # Checked before anything is written.
    for path in (target, *(path for paths in fold_targets for path in paths)):
        if path.is_dir() and any(path.iterdir()):
            raise FileExistsError(f"{path} is a folder that is not empty")
    write = partial(write_corpus, target_format, options=write_options or {})
    remarks = corpus.remarks + write(target, corpus.documents)
    if not FORMATS[target_format].keeps_extra:
        remarks += [
            Remark(f"{key} has no place in the format", str(value), document=document.id)
            for document in corpus.documents
            for key, value in document.extra.items()
        ]
    for fold, (train_target, test_target) in zip(folds, fold_targets, strict=True):
        held_out = set(fold)
        train = [document for i, document in enumerate(corpus.documents) if i not in held_out]
        write(train_target, train)
        write(test_target, [corpus.documents[i] for i in fold])
    return corpus, remarks


def _nothing_left(remarks: Sequence[Remark]) -> str:
    unreadable = [remark.detail for remark in remarks if remark.problem == UNREADABLE]
    if not unreadable:
        return "there are no documents in it"
    return f"none of the {len(unreadable)} records can be read; the first: {unreadable[0]}"


def fold_path(target: Path, number: str, part: str) -> Path:
    """
    The name of a fold: `ade.json` and `ade_full.json` have `ade_split_0_train.json`.

    # Parameters

    target : `Path`
        The name of the whole corpus.
    number : `str`
        The number of the fold.
    part : `str`
        `"train"` or `"test"`.
    """
    match = re.fullmatch(r"(.+?)(?:_full)?((?:\.[A-Za-z0-9]+)?(?:\.gz)?)", target.name)
    assert match is not None
    return target.with_name(f"{match[1]}_split_{number}_{part}{match[2]}")


def _recognised_format(path: str) -> str:
    kind = recognise(path)
    if kind is None:
        raise DocumentError("its format is not recognised: give it after --from", path=path)
    if kind.remedy:
        raise DocumentError(kind.hint(path), path=path)
    print(f"{path} looks like {kind.description}: --from {kind.name}", file=sys.stderr)
    return kind.name


def _check_formats(source_format: str, target_format: str) -> None:
    readable = [name for name, format in FORMATS.items() if format.read is not None]
    writable = [name for name, format in FORMATS.items() if format.write is not None]
    for name, names, verb in (
        (source_format, readable, "read"),
        (target_format, writable, "written"),
    ):
        if name not in names:
            raise DocumentError(
                f"{name!r} is not a format that can be {verb}; choose one of {', '.join(names)}"
            )


def _advice_on_tokenizers(
    args: argparse.Namespace,
    source_format: str,
    options: Mapping[str, str],
    remarks: Sequence[Remark],
) -> Optional[str]:
    """Which tokenizers could express the entities that are lost, by reading the source again."""
    num_lost = _num_inexpressible(remarks)
    if not num_lost:
        return None
    kept = []
    for name in TOKENIZERS:
        if name == args.tokenizer:
            continue
        try:
            reading = replace(reading_from_args(args, name), windows=args.windows)
        except ConfigurationError:
            # The encoder of `word-pieces` need not be there.
            continue
        corpus = read_corpus(source_format, Path(args.source[1]), reading, options)
        num_kept = num_lost - _num_inexpressible(corpus.remarks)
        if num_kept > 0:
            kept.append((num_kept, name))
    verb = "begins or ends" if num_lost == 1 else "begin or end"
    lines = [
        f"{counted(num_lost, 'entity', 'entities')} {verb} inside a token, so that no model could "
        f"find {'it' if num_lost == 1 else 'them'}:"
    ]
    lines += [
        f"  --tokenizer {name} would keep {num_kept} of {num_lost}"
        for num_kept, name in sorted(kept, key=lambda item: -item[0])
    ]
    lines.append(
        "  --divide-tokens keeps all in the training data, but `predict` cannot make such tokens"
    )
    return "\n".join(lines)


def _num_inexpressible(remarks: Sequence[Remark]) -> int:
    return sum(remark.problem == INEXPRESSIBLE for remark in remarks)


def _write_report(path: Path, remarks: Sequence[Remark]) -> None:
    with open_atomically(path) as file:
        for remark in remarks:
            file.write(json.dumps(remark.to_json(), ensure_ascii=False) + "\n")


def _summary(remarks: Sequence[Remark], report: Optional[Path]) -> str:
    lines = []
    for lost, title in ((True, "Lost"), (False, "Decided, with nothing lost")):
        counts = Counter(remark.problem for remark in remarks if remark.lost is lost)
        if counts:
            problems = ", ".join(f"{problem} ({count})" for problem, count in counts.items())
            lines.append(f"{title}: {problems}.")
    # What was lost comes first.
    shown = sorted(remarks, key=lambda remark: not remark.lost)[:MAX_PRINTED_REMARKS]
    lines.extend(f"  {in_one_line(str(remark))}" for remark in shown)
    if len(remarks) > len(shown):
        more = f"  and {len(remarks) - len(shown)} more"
        lines.append(f"{more}: --report FILE lists all" if report is None else more)
    if report is not None:
        lines.append(f"The whole list is {report}")
    return "\n".join(lines)
