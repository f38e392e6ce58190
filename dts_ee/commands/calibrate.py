"""
Subcommand for calibrating a model's probabilities.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.corpora.files import open_atomically
from dts_ee.document import DocumentError

if TYPE_CHECKING:
    from dts_ee.analysis.temperature import TemperatureFit


@Subcommand.register("calibrate")
class Calibrate(Subcommand):
    """
    `allennlp calibrate ARCHIVE DATA -o DIR`: fits temperatures for the probabilities of entities
    and relations.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Fit temperatures that calibrate a model's probabilities."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} DIR gets calibration.json, which `predict --calibration` "
            "takes, and reliability.png. Predictions do not change, only their "
            "probabilities.",
            epilog="For example: allennlp calibrate out/conll04/model.tar.gz "
            "resources/conll04/conll04_dev.json -o out/calibration",
            help=description,
        )
        subparser.add_argument("archive", type=Path, metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        subparser.add_argument(
            "data",
            type=Path,
            metavar="DATA",
            help="gold documents that the model was not trained on: the development split",
        )
        subparser.add_argument(
            "-o",
            "--output-dir",
            dest="folder",
            type=Path,
            required=True,
            metavar="DIR",
            help="the folder to write to",
        )
        subparser.set_defaults(func=calibrate_from_args)
        return subparser


def calibrate_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    fits = calibrate(args.archive, args.data, args.folder)
    for task, fit in fits.items():
        if fit.fitted:
            print(
                f"{task}: temperature {fit.temperature:.3f} from {fit.candidates} candidates; "
                f"expected calibration error {100 * fit.error_before:.2f} → "
                f"{100 * fit.error_after:.2f} per cent, mean negative log-likelihood "
                f"{fit.likelihood_before:.4f} → {fit.likelihood_after:.4f}"
            )
        else:
            print(
                f"{task}: left as they are, as {fit.right} of {fit.candidates} candidates are right"
            )
    print(f"The calibration is {args.folder / 'calibration.json'}")


def calibrate(archive: Path, data: Path, folder: Path) -> "Dict[str, TemperatureFit]":
    """
    Fit temperatures, and write them and a picture of the reliability before and after.

    Candidates are the predicted entities, and each type of relation for each ordered pair of
    predicted entities of a sentence; they are right under the strict protocol.

    # Parameters

    archive : `Path`
        The name of a `dts` model, its archive, or the folder of its training.
    data : `Path`
        A file of gold documents.
    folder : `Path`
        Where to write `calibration.json` and `reliability.png`.

    # Returns

    `Dict[str, TemperatureFit]`
        The fits for `entities` and `relations`.

    # Raises

    `ConfigurationError`
        If the probabilities of the model cannot be calibrated.
    `DocumentError`
        If the documents cannot be read.
    `OSError`
        If the archive cannot be read, or the folder cannot be written to.
    """
    # Imported late: only this command needs it.
    from dts_ee.analysis.candidates import entity_candidates, relation_candidates
    from dts_ee.analysis.temperature import fit_temperature
    from dts_ee.runs.curves import draw_reliability
    from dts_ee.runs.evaluation import predict_candidates

    try:
        predictions, _ = predict_candidates(archive, str(data), 0.0)
    except DocumentError as error:
        raise error.located(None, str(data)) from None
    found = [entity for prediction in predictions for entity in prediction.predicted.entities]
    if any(entity.probability is None for entity in found):
        raise ConfigurationError(
            f"{archive} predicts no probabilities, as the model `dts` does, to be calibrated"
        )
    fits = {
        "entities": fit_temperature(entity_candidates(predictions)),
        "relations": fit_temperature(relation_candidates(predictions)),
    }
    record: Dict[str, Any] = {"archive": str(archive), "data": str(data)}
    for task, fit in fits.items():
        record[task] = {
            "temperature": fit.temperature,
            "candidates": fit.candidates,
            "right": fit.right,
            "negative_log_likelihood": [fit.likelihood_before, fit.likelihood_after],
            "expected_calibration_error": [fit.error_before, fit.error_after],
        }
    folder.mkdir(parents=True, exist_ok=True)
    draw_reliability(
        folder / "reliability.png",
        {
            task: {
                name: [(b.mean_probability, b.share_right) for b in bins]
                for name, bins in (("before", fit.bins_before), ("after", fit.bins_after))
            }
            for task, fit in fits.items()
        },
    )
    with open_atomically(folder / "calibration.json") as file:
        file.write(json.dumps(record, indent=2) + "\n")
    return fits
