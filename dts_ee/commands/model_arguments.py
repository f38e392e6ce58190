"""
Common arguments of the commands that take a model, or give it a name.
"""

import argparse
from pathlib import Path
from typing import Any, Dict

from dts_ee.archives.trust import add_trust_argument

MODEL_HELP = (
    "a model's name (see `dts-ee models`), an archive, the folder of a training, or hf://OWNER/NAME"
)


def add_onnx_argument(subparser: argparse.ArgumentParser) -> None:
    """Adds the folder with the encoder for onnxruntime."""
    subparser.add_argument(
        "--onnx",
        metavar="DIR",
        help="run the encoder in onnxruntime: a folder that `dts-ee export` wrote for this model "
        "(predictor `dts`)",
    )


def onnx_options(args: argparse.Namespace) -> Dict[str, Any]:
    """The predictor's argument, if it is given."""
    return {} if args.onnx is None else {"onnx": args.onnx}


def add_card_arguments(subparser: argparse.ArgumentParser, with_name: bool = True) -> None:
    """Adds the model, its name unless it is told otherwise, and the content of its card."""
    subparser.add_argument("model", metavar="ARCHIVE", help=MODEL_HELP)
    add_trust_argument(subparser)
    if with_name:
        subparser.add_argument(
            "--name",
            required=True,
            help="the model's name: small letters, digits and hyphens, such as news-small",
        )
    subparser.add_argument("--version", default="1.0.0", help="the model's version")
    subparser.add_argument(
        "--licence", metavar="TEXT", help="the licence of the model, such as Apache-2.0"
    )
    subparser.add_argument(
        "--description", default="", metavar="TEXT", help="a sentence on what it is for"
    )
    subparser.add_argument(
        "--training-data",
        metavar="FILE",
        help="what it was trained on, if the archive only has an environment variable",
    )
    subparser.add_argument(
        "--metrics",
        type=Path,
        metavar="FILE",
        help="the output file of `dts-ee evaluate` for test data; the metrics of the training are "
        "taken from its folder",
    )
    subparser.add_argument(
        "--without-encoder",
        action="store_true",
        help="leave out the pretrained encoder and word vectors that `dts-ee fetch` gets; they "
        "are found by their checksums where the model is used",
    )


def card_options(args: argparse.Namespace) -> Dict[str, Any]:
    """The keyword arguments of `copy_archive`, without the model and the version."""
    names = ("name", "licence", "description", "training_data", "metrics", "without_encoder")
    return {name: getattr(args, name) for name in names if name in args}
