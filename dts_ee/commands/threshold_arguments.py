"""
Common arguments of the commands that predict: the least probabilities of predictions.
"""

import argparse
from typing import Any, Dict

_FORM = "a number, TYPE=NUMBER for single types, or both, such as 0.5,Kill=0.8 (predictor `dts`)"


def add_threshold_arguments(subparser: argparse.ArgumentParser) -> None:
    """Adds the thresholds of entities and relations."""
    subparser.add_argument(
        "--entity-threshold",
        metavar="P",
        help="leave out entities with a lower probability, and their relations (default = none): "
        f"{_FORM}",
    )
    subparser.add_argument(
        "--relation-threshold",
        metavar="P",
        help="the probability from which on a relation is predicted, instead of the model's own "
        f"threshold: {_FORM}",
    )


def threshold_options(args: argparse.Namespace) -> Dict[str, Any]:
    """The predictor's arguments, as far as they are given."""
    names = ("entity_threshold", "relation_threshold")
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}
