"""
Subcommand for selecting the sentences to annotate next.
"""

import argparse
import json
import sys
from dataclasses import dataclass, replace
from typing import List, Optional, Sequence, Tuple

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError, check_for_gpu
from allennlp.common.tqdm import Tqdm
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.analysis.selection import MEASURES, first_of_each, select, text_key
from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.commands.reading_arguments import add_sentence_arguments, sentence_options
from dts_ee.console import say
from dts_ee.corpora.files import open_atomically
from dts_ee.corpora.spert import prediction_to_json, read_documents
from dts_ee.document import Document, DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.document_predict_manager import DocumentPredictManager
from dts_ee.predictors.examination import Examination
from dts_ee.quiet_loading import quiet_loading


@Subcommand.register("select")
class Select(Subcommand):
    """
    `allennlp select ARCHIVE POOL --n 50`: selects the sentences to annotate next.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Select the sentences whose annotation is likely to help a model most."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} They are written as JSON Lines in the order of their "
            "selection, with what the model predicts for them, to be corrected, and with their "
            "`score`.",
            epilog="For example: dts-ee select out/own texts/ --n 50 --exclude data/all.json "
            "--output-file next.jsonl",
            help=description,
        )
        subparser.add_argument("archive_file", metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        subparser.add_argument(
            "pool",
            metavar="POOL",
            help="sentences without annotation, as for `predict`: JSON Lines, plain or gzipped, "
            "- for standard input, or a folder of .txt files",
        )
        subparser.add_argument(
            "--n",
            dest="number",
            type=_number,
            default=50,
            metavar="N",
            help="how many sentences to select (default = %(default)s)",
        )
        subparser.add_argument(
            "--by",
            choices=MEASURES,
            default="diversity",
            help="uncertainty: the most wrong decisions for each token, as the model's "
            "probabilities say; diversity: sentences that the pool is near to, and the annotated "
            "ones are not; both: the same, but the pool's uncertain sentences count more "
            "(default = %(default)s)",
        )
        subparser.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="FILE",
            help="SpERT's JSON or JSON Lines with sentences that are annotated already: they are "
            "not selected, and for diversity nor is what is near to them; may be given again",
        )
        subparser.add_argument(
            "--output-file", metavar="FILE", help="the file to write, instead of standard output"
        )
        add_sentence_arguments(subparser, None)
        subparser.add_argument(
            "--cuda-device", type=int, default=-1, help="id of the GPU to use (default = none)"
        )
        subparser.set_defaults(func=select_from_args)
        return subparser


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of sentences")
    return int(text)


def select_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    excluded = [document for path in args.exclude for document in read_documents(path)]
    check_for_gpu(args.cuda_device)
    with quiet_loading():
        archive = load_archive(args.archive_file, cuda_device=args.cuda_device)
        predictor = Predictor.from_archive(archive, extra_args=sentence_options(args))
    if not isinstance(predictor, DtsPredictor):
        raise ConfigurationError(
            f"{args.archive_file} has the predictor {type(predictor).__name__}, not `dts`"
        )
    selection = select_sentences(predictor, args.pool, args.number, args.by, excluded)
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in selection.records]
    if args.output_file is None:
        sys.stdout.writelines(lines)
        sys.stdout.flush()
    else:
        with open_atomically(args.output_file) as file:
            file.writelines(lines)
    say(selection.summary(args.by))


@dataclass(frozen=True)
class Selection:
    """
    Selected sentences.

    # Parameters

    records : `List[dict]`
        The output for each sentence, in the order of the selection.
    num_sentences, num_repeated, num_excluded : `int`
        How many sentences are in the pool; how many of them repeat an earlier one; and how many are
        among the excluded ones.
    """

    records: List[dict]
    num_sentences: int
    num_repeated: int
    num_excluded: int

    def summary(self, by: str) -> str:
        """A line on what was selected, and from what."""
        left_out = [
            f"{number} {what}"
            for number, what in (
                (self.num_repeated, "repeated"),
                (self.num_excluded, "annotated already"),
            )
            if number
        ]
        scores = [record["score"] for record in self.records]
        return (
            f"{len(scores)} of {self.num_sentences} sentences"
            f"{' (' + ', '.join(left_out) + ')' if left_out else ''} selected by {by}; scores "
            f"{scores[0]:.4f} to {scores[-1]:.4f}"
        )


def select_sentences(
    predictor: DtsPredictor,
    pool: str,
    number: int,
    by: str,
    excluded: Sequence[Document] = (),
) -> Selection:
    """
    Select sentences to annotate.

    # Parameters

    predictor : `DtsPredictor`
        The predictor of a model.
    pool : `str`
        The file or folder with the sentences: see `DocumentPredictManager`.
    number : `int`
        How many to select at most.
    by : `str`
        One of `dts_ee.analysis.selection.MEASURES`.
    excluded : `Sequence[Document]`, optional (default = `()`)
        Sentences that are annotated already.

    # Returns

    `Selection`
        The sentences, as the predictor's output for a single sentence, with their `score`.

    # Raises

    `DocumentError`
        If the pool cannot be read, or there is no sentence to select in it.
    """
    sentences, given = _read_pool(predictor, pool)
    indices = first_of_each(sentences, excluded)
    annotated = {text_key(document) for document in excluded}
    num_excluded = sum(text_key(sentence) in annotated for sentence in sentences)
    if not indices:
        problem = "there are no sentences in it"
        if sentences:
            problem = "all of its sentences are annotated already: give other texts"
        raise DocumentError(problem, path=pool)
    examined = _examine(
        predictor, [sentences[i] for i in indices], [given[i] for i in indices], "the pool"
    )
    known = examined.vectors[:0]
    if excluded and by != "uncertainty":
        known_documents = [excluded[i] for i in first_of_each(excluded)]
        known = _examine(predictor, known_documents, None, "the annotated sentences").vectors
    selected = select(by, number, examined.uncertainties, examined.vectors, known)
    return Selection(
        # A sentence is annotated alone: its characters are counted in itself.
        [
            {
                **prediction_to_json(replace(examined.documents[i], start_char=None)),
                "score": score,
            }
            for i, score in selected
        ],
        len(sentences),
        len(sentences) - num_excluded - len(indices),
        num_excluded,
    )


def _read_pool(predictor: DtsPredictor, pool: str) -> Tuple[List[Document], List[bool]]:
    """The sentences of the pool, and for each whether its entities are given."""
    manager = DocumentPredictManager(predictor, pool, None, None, False, False)
    sentences: List[Document] = []
    given: List[bool] = []
    for request in manager.requests():
        sentences += request.sentences
        given += [request.entities_given] * len(request.sentences)
    return sentences, given


def _examine(
    predictor: DtsPredictor,
    documents: Sequence[Document],
    given: Optional[Sequence[bool]],
    name: str,
) -> Examination:
    shown = sys.stderr.isatty()
    with Tqdm.tqdm(total=len(documents), desc=name, unit=" sentences", disable=not shown) as bar:
        return predictor.examine(documents, given, bar.update)
