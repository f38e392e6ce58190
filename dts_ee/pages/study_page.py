"""
The page about a search for settings.
"""

import base64
import io
from functools import partial
from typing import Any, Callable, Dict, Mapping

from dts_ee.analysis.table import Table
from dts_ee.pages.templates import TEMPLATES

_MAX_LABEL = 24
"""The longest name of a value in a picture, in characters."""


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
        pictures_of_values=_pictures_of_values(study),
    )


def _counts(study: Any) -> Dict[str, int]:
    counts: Dict[str, int] = {}
    for trial in study.get_trials(deepcopy=False):
        name = trial.state.name.lower()
        counts[name] = counts.get(name, 0) + 1
    return counts


def _pictures(study: Any, has_folds: bool) -> Dict[str, str]:
    """Optuna's pictures as data URLs, by their captions."""
    from optuna.importance import PedAnovaImportanceEvaluator
    from optuna.visualization import matplotlib as optuna_plots

    steps = "Sum of the scores by fold" if has_folds else "Score by epoch"
    plots: Dict[str, Callable[[], Any]] = {
        "Score by trial": lambda: optuna_plots.plot_optimization_history(study),
        steps: lambda: optuna_plots.plot_intermediate_values(study),
    }
    if _has_several_complete_trials(study):
        plots["Importance of the settings"] = lambda: optuna_plots.plot_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator()
        )
    return _drawn(plots)


def _pictures_of_values(study: Any) -> Dict[str, str]:
    """A picture of the scores by the values of each setting, by the setting's name."""
    from optuna.visualization import matplotlib as optuna_plots

    def plot(name: str) -> None:
        axes: Any = optuna_plots.plot_slice(study, params=[name])
        axes.figure.set_size_inches(4.4, 3.2)
        axes.set(title="", xlabel="")
        if len(axes.get_xticks()) and isinstance(study.best_trial.params[name], str):
            labels = [label.get_text() for label in axes.get_xticklabels()]
            axes.set_xticks(axes.get_xticks(), [_shortened(label) for label in labels], rotation=20)

    if not _has_several_complete_trials(study):
        return {}
    return _drawn({name: partial(plot, name) for name in study.best_trial.params})


def _shortened(label: str) -> str:
    # Optuna quotes them.
    label = label.strip("'")
    return label if len(label) <= _MAX_LABEL else f"{label[: _MAX_LABEL - 1]}…"


def _has_several_complete_trials(study: Any) -> bool:
    from optuna.trial import TrialState

    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))) > 1


def _drawn(plots: Mapping[str, Callable[[], Any]]) -> Dict[str, str]:
    """What functions draw, as data URLs."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    pictures = {}
    for caption, plot in plots.items():
        try:
            plot()
        except (RuntimeError, ValueError):
            # Too few trials, or trials that are all equal.
            pyplot.close("all")
            continue
        content = io.BytesIO()
        pyplot.savefig(content, format="png", bbox_inches="tight", dpi=110)
        pyplot.close("all")
        pictures[caption] = f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
    return pictures
