import re
import warnings

import optuna
import pytest

from dts_ee.analysis.table import Table
from dts_ee.pages.study_page import render_study


@pytest.mark.parametrize(
    "num_trials, captions",
    [
        (1, ["Score by trial", "Score by epoch"]),
        # A single trial says nothing of the settings.
        (5, ["Score by trial", "Score by epoch", "Importance of the settings", "Score by rate"]),
    ],
)
def test_pictures(num_trials, captions):
    study = optuna.create_study(direction="maximize", study_name="<rates>")
    for number in range(num_trials):
        trial = study.ask({"rate": optuna.distributions.FloatDistribution(0, 1)})
        trial.report(number / 10, 1)
        study.tell(trial, number / 5)
    with warnings.catch_warnings():
        # As of axes without an extent.
        warnings.simplefilter("error", UserWarning)
        page = render_study(study, Table(["trial"], [[0]]))
    assert re.findall('<img [^>]*alt="(.*?)"', page) == captions
    assert page.count("data:image/png;base64,") == len(captions)
    assert "&lt;rates&gt;" in page
