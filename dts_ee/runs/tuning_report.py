"""
What a search has found: an experiment, and a table of the best settings.
"""

import json
import os
from pathlib import Path
from typing import Any, List, Mapping, Sequence

from dts_ee.analysis.table import Table
from dts_ee.corpora.files import open_atomically
from dts_ee.runs.search_space import shown
from dts_ee.runs.tuning import Candidate


def write_best(
    path: Path, config: Path, values: Mapping[str, Any], folds: Sequence[int] = ()
) -> None:
    """
    Writes an experiment that is another one with some values changed.

    # Parameters

    path : `Path`
        The Jsonnet file to write.
    config : `Path`
        The experiment, which the file imports.
    values : `Mapping[str, Any]`
        The values, by keys such as `"trainer.optimizer.lr"`.
    folds : `Sequence[int]`, optional (default = `()`)
        The folds that were searched. With them, the written experiment is a function of a fold.
    """
    if folds:
        function, evaluated = f"function(fold={folds[0]}) ", "experiment(fold=fold)"
    else:
        function = ""
        evaluated = "if std.isFunction(experiment) then experiment() else experiment"
    changes = json.dumps([[key.split("."), value] for key, value in values.items()], indent=2)
    imported = json.dumps(os.path.relpath(config.resolve(), path.resolve().parent))
    text = f"""// The best settings that a search found. The rest is that of the experiment.
local experiment = import {imported};

local with(settings, path, value) =
  if std.length(path) == 0 then value
  else if std.isArray(settings) then std.mapWithIndex(
    function(i, item) if std.toString(i) == path[0] then with(item, path[1:], value) else item,
    settings
  )
  else settings {{ [path[0]]: with(std.get(settings, path[0]), path[1:], value) }};

{function}std.foldl(
  function(settings, change) with(settings, change[0], change[1]),
  {changes},
  // As data, so that a change of one value changes no other one that refers to it.
  std.parseJson(std.manifestJson({evaluated}))
)
"""
    with open_atomically(path) as file:
        file.write(text)


def candidates_table(candidates: Sequence[Candidate]) -> Table:
    """The best settings: the score of the trial, of each seed and their mean, and the values."""
    keys = list(dict.fromkeys(key for candidate in candidates for key in candidate.values))
    seeds = list(candidates[0].scores) if candidates else []
    rows: List[List[Any]] = [
        [
            candidate.number,
            f"{candidate.score:.4f}",
            *(f"{candidate.scores[seed]:.4f}" for seed in seeds),
            *([f"{candidate.mean:.4f}"] if seeds else []),
            *(shown(candidate.values.get(key)) for key in keys),
        ]
        for candidate in candidates
    ]
    seed_headings = [f"seed {seed}" for seed in seeds] + (["mean"] if seeds else [])
    return Table(["trial", "score", *seed_headings, *keys], rows)
