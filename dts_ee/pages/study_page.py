"""
The page about a search for settings.
"""

import base64
import io
from typing import Any, Dict

from dts_ee.analysis.table import Table
from dts_ee.pages.templates import TEMPLATES

_SLICES = "Score by value"


def render_study(study: Any, best: Table, has_folds: bool = False) -> str:
    """
    An HTML page with the best settings and Optuna's pictures.

    It is a single file without scripts, and loads no other files.

    # Parameters

    study : `optuna.Study`
        The study.
    best : `Table`
        The best settings.
    has_folds : `bool`, optional (default = `False`)
        Whether each trial trained several folds, and reported the sum of their scores.
    """
    return TEMPLATES.get_template("study.html").render(
        title=study.study_name,
        counts=_counts(study),
        best=best,
        pictures=_pictures(study, has_folds),
    )


def _counts(study: Any) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        name = trial.state.name.lower()
        counts[name] = counts.get(name, 0) + 1
    return counts


def _pictures(study: Any, has_folds: bool) -> Dict[str, str]:
    """Optuna's pictures as data URLs, by their captions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from optuna.importance import PedAnovaImportanceEvaluator
    from optuna.trial import TrialState
    from optuna.visualization import matplotlib as optuna_plots

    steps = "Sum of the scores by fold" if has_folds else "Score by epoch"
    plots: Dict[str, Any] = {
        "Score by trial": lambda: optuna_plots.plot_optimization_history(study),
        steps: lambda: optuna_plots.plot_intermediate_values(study),
    }
    if len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) > 1:
        plots[_SLICES] = lambda: optuna_plots.plot_slice(study)
        plots["Importance of the settings"] = lambda: optuna_plots.plot_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator()
        )
    pictures = {}
    for caption, plot in plots.items():
        try:
            plot()
        except (RuntimeError, ValueError):
            # Too few trials, or trials that are all equal.
            pyplot.close("all")
            continue
        if caption == _SLICES:
            # One axis for each setting.
            width = 2 + 3.2 * len(study.best_trial.params)
            pyplot.gcf().set_size_inches(width, 4.8)
        content = io.BytesIO()
        pyplot.savefig(content, format="png", bbox_inches="tight", dpi=110)
        pyplot.close("all")
        pictures[caption] = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return pictures
