"""
Subcommands that this package adds to `allennlp`.
"""

from dts_ee.commands.ablate import Ablate
from dts_ee.commands.calibrate import Calibrate
from dts_ee.commands.compare import Compare
from dts_ee.commands.convert import Convert
from dts_ee.commands.cross_validate import CrossValidate
from dts_ee.commands.describe import Describe
from dts_ee.commands.fetch import Fetch
from dts_ee.commands.predict import PredictDocuments
from dts_ee.commands.render import Render
from dts_ee.commands.repeat import Repeat
from dts_ee.commands.report import Report
from dts_ee.commands.serve import ServeDts

__all__ = [
    "Ablate",
    "Calibrate",
    "Compare",
    "Convert",
    "CrossValidate",
    "Describe",
    "Fetch",
    "PredictDocuments",
    "Render",
    "Repeat",
    "Report",
    "ServeDts",
]
