"""
Subcommand for a report on the predictions of a model.
"""

import argparse
import json
from pathlib import Path
from typing import Optional

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.corpora.files import open_atomically
from dts_ee.document import DocumentError
from dts_ee.named_models import find_model


@Subcommand.register("report")
class Report(Subcommand):
    """
    `allennlp report ARCHIVE DATA -o PAGE`: writes an HTML page about a model's predictions.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Write an HTML page about what a trained model predicts for gold documents."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} It has scores, confusion matrices, the effect of the "
            "threshold, calibration and learning curves, and shows the sentences with gold and "
            "predicted annotation side by side. The page is a single file that loads no "
            "other files.",
            epilog="For example: allennlp report out/conll04 "
            "resources/conll04/conll04_dev.json -o report.html",
            help=description,
        )
        subparser.add_argument(
            "model",
            type=Path,
            metavar="ARCHIVE",
            help=f"{MODEL_HELP}; only the last has learning curves",
        )
        add_trust_argument(subparser)
        subparser.add_argument(
            "data", type=Path, metavar="DATA", help="the gold documents, SpERT's JSON or JSON Lines"
        )
        subparser.add_argument(
            "-o",
            "--output-file",
            dest="page",
            type=Path,
            required=True,
            metavar="PAGE",
            help="the HTML file to write; an existing one is replaced",
        )
        subparser.add_argument(
            "--json",
            dest="json_file",
            type=Path,
            metavar="FILE",
            help="also write the scores, errors, confusion matrices and thresholds there, as JSON",
        )
        subparser.set_defaults(func=report_from_args)
        return subparser


def report_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    report(args.model, args.data, args.page, args.json_file)
    print(f"The page is {args.page}")


def report(model: Path, data: Path, page: Path, json_file: Optional[Path] = None) -> None:
    """
    Write an HTML page about a model's predictions.

    # Parameters

    model : `Path`
        A model's name, an archive, or the folder of a training.
    data : `Path`
        A file of gold documents.
    page : `Path`
        The file to write.
    json_file : `Path`, optional (default = `None`)
        Where to write its figures as JSON.

    # Raises

    `ConfigurationError`
        If there is no such model, or it does not predict documents.
    `DocumentError`
        If the documents cannot be read.
    `OSError`
        If the page or the JSON cannot be written.
    """
    # Imported late: only this command needs it.
    from dts_ee.analysis.predictions_analysis import LEAST_PROBABILITY, analyse_predictions
    from dts_ee.pages.report_page import render_report
    from dts_ee.runs.evaluation import predict_candidates
    from dts_ee.runs.run_folder import SEED, Run, RunFolder

    for target in (page, json_file):
        if target is not None and target.exists() and data.exists() and data.samefile(target):
            raise FileExistsError(f"{target} is the file of the documents: choose another name")
    epochs = []
    archive = Path(find_model(model))
    if archive.is_dir():
        folder = RunFolder(Run(SEED, 0), archive)
        if not folder.config.is_file():
            raise ConfigurationError(
                f"{model} is not the folder of a training: there is no {folder.config.name} in it"
            )
        epochs = folder.epochs()
    try:
        candidates, threshold = predict_candidates(archive, str(data), LEAST_PROBABILITY)
    except DocumentError as error:
        raise error.located(None, str(data)) from None
    facts = {
        "Model": str(model),
        "Gold documents": f"{data} ({len(candidates):,})",
    }
    if threshold is not None:
        facts["Threshold Θ"] = f"{threshold:g}"
    analysis = analyse_predictions(candidates, threshold)
    markup = render_report(
        analysis,
        f"Report on {data.name}",
        facts,
        epochs,
    )
    with open_atomically(page) as file:
        file.write(markup)
    if json_file is not None:
        with open_atomically(json_file) as file:
            record = {"model": str(model), "data": str(data), **analysis.to_json()}
            json.dump(record, file, ensure_ascii=False, indent=1)
            file.write("\n")
