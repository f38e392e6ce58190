"""
The subcommands that this package adds to `allennlp`.
"""

import argparse

from allennlp.commands import Subcommand

from dts_ee.commands.ablate import Ablate
from dts_ee.commands.calibrate import Calibrate
from dts_ee.commands.compare import Compare
from dts_ee.commands.convert import Convert
from dts_ee.commands.cross_validate import CrossValidate
from dts_ee.commands.describe import Describe
from dts_ee.commands.ensemble import CombineModels
from dts_ee.commands.export import Export
from dts_ee.commands.keep import Keep
from dts_ee.commands.label_studio import LabelStudio
from dts_ee.commands.learning_curve import LearningCurve
from dts_ee.commands.light import LIGHT_COMMANDS, add_light_command
from dts_ee.commands.package import Package
from dts_ee.commands.predict import PredictDocuments
from dts_ee.commands.push import Push
from dts_ee.commands.render import Render
from dts_ee.commands.repeat import Repeat
from dts_ee.commands.report import Report
from dts_ee.commands.select import Select
from dts_ee.commands.self_train import SelfTrain
from dts_ee.commands.serve import ServeDts
from dts_ee.commands.train import TrainFromArchive
from dts_ee.commands.tune import Tune

__all__ = [
    "Ablate",
    "Calibrate",
    "CombineModels",
    "Compare",
    "Convert",
    "CrossValidate",
    "Describe",
    "Export",
    "LabelStudio",
    "LearningCurve",
    "Keep",
    "Package",
    "PredictDocuments",
    "Push",
    "Render",
    "Repeat",
    "Report",
    "Select",
    "SelfTrain",
    "ServeDts",
    "TrainFromArchive",
    "Tune",
]


class LightSubcommand(Subcommand):
    """A light command (see `dts_ee.commands.light`) on AllenNLP's command line."""

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        return add_light_command(parser, self.name)


for _name in LIGHT_COMMANDS:
    # AllenNLP takes a command's name from its class.
    Subcommand.register(_name)(type(_name, (LightSubcommand,), {}))
