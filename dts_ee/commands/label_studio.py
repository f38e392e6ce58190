"""
Subcommand for a model as an ML backend of Label Studio.
"""

import argparse
import json
import os
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError, check_for_gpu
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.commands.reading_arguments import add_sentence_arguments, sentence_options
from dts_ee.commands.server_arguments import add_server_arguments
from dts_ee.commands.server_log import logged_requests
from dts_ee.commands.threshold_arguments import add_threshold_arguments, threshold_options
from dts_ee.corpora.label_studio_config import label_config
from dts_ee.corpora.spert import read_documents
from dts_ee.predictors import DtsPredictor
from dts_ee.quiet_loading import quiet_loading
from dts_ee.runs.settings import load_settings
from dts_ee.serving import ServingSettings

if TYPE_CHECKING:
    from dts_ee.serving.background_training import BackgroundTraining
    from dts_ee.serving.label_studio_training import LabelStudioTraining

URL_VARIABLE, TOKEN_VARIABLE = "LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"

_MAX_BODY_BYTES = 16 << 20
"""Label Studio sends all tasks at once whose predictions are asked for."""


@Subcommand.register("label-studio")
class LabelStudio(Subcommand):
    """
    `allennlp label-studio ARCHIVE`: predicts the tasks of Label Studio projects, and trains with
    them.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Serve a trained model as an ML backend of Label Studio."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Its address is entered in a project under Settings, Model. "
            "With --train, it is trained further with what was annotated, by `Start Training` "
            f"there; {URL_VARIABLE} and {TOKEN_VARIABLE} are then the address of Label Studio and "
            "an access token of an account. It ends at SIGTERM or Ctrl+C.",
            epilog="For example: dts-ee label-studio out/own --train own.jsonnet -s out/loop",
            help=description,
        )
        subparser.add_argument("archive_file", metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        add_server_arguments(subparser, port=9090)
        training = subparser.add_argument_group("training")
        training.add_argument(
            "--train",
            type=Path,
            metavar="CONFIG",
            help="the experiment with whose trainer ARCHIVE is trained further, such as "
            "own.jsonnet",
        )
        training.add_argument(
            "-s",
            "--serialization-dir",
            type=Path,
            metavar="DIR",
            help="the folder of the trained models, the newest of which is served, also after a "
            "new start",
        )
        training.add_argument(
            "--train-data",
            type=Path,
            metavar="FILE",
            help="sentences that are trained with as well, in SpERT's JSON or JSON Lines: those "
            "that ARCHIVE was trained with, as it forgets the types that only they have",
        )
        add_sentence_arguments(subparser, None)
        add_threshold_arguments(subparser)
        subparser.set_defaults(func=label_studio_from_args)
        return subparser


def label_studio_from_args(args: argparse.Namespace) -> None:
    """
    Run the command.

    # Raises

    `ConfigurationError`
        If what a training needs is missing, or another process trains in the folder.
    """
    from dts_ee.serving.server import check_packages

    check_packages()
    check_for_gpu(args.cuda_device)
    background = _background_training(args)
    with nullcontext() if background is None else closing(background):
        newest = None if background is None else background.newest()
        model = args.archive_file if newest is None else newest
        predictor = _load(model, args)
        _serve(model, predictor, _training(background, predictor, args), args)


def _background_training(args: argparse.Namespace) -> Optional["BackgroundTraining"]:
    if args.train is None:
        for option in ("serialization_dir", "train_data"):
            if getattr(args, option) is not None:
                name = option.replace("_", "-")
                raise ConfigurationError(f"--{name} is for a training: give --train CONFIG too")
        return None
    if args.serialization_dir is None:
        raise ConfigurationError("--train needs a folder for the trained models: -s DIR")
    for variable, what in ((URL_VARIABLE, "address"), (TOKEN_VARIABLE, "access token")):
        if not os.environ.get(variable):
            raise ConfigurationError(
                f"--train needs the {what} of Label Studio: {variable}=… before the command"
            )
    from dts_ee.serving.background_training import BackgroundTraining

    settings = load_settings(args.train, json.dumps({"from_archive": args.archive_file}))
    return BackgroundTraining(args.serialization_dir, settings)


def _training(
    background: Optional["BackgroundTraining"], predictor: DtsPredictor, args: argparse.Namespace
) -> Optional["LabelStudioTraining"]:
    if background is None:
        return None
    from dts_ee.serving.label_studio_client import LabelStudioClient
    from dts_ee.serving.label_studio_training import LabelStudioTraining

    return LabelStudioTraining(
        background,
        LabelStudioClient(os.environ[URL_VARIABLE], os.environ[TOKEN_VARIABLE]),
        lambda folder: _load(folder, args),
        predictor.reading,
        [] if args.train_data is None else read_documents(args.train_data),
    )


def _load(model: Union[str, Path], args: argparse.Namespace) -> DtsPredictor:
    with quiet_loading():
        archive = load_archive(model, cuda_device=args.cuda_device)
        options = {**sentence_options(args), **threshold_options(args)}
        predictor = Predictor.from_archive(archive, extra_args=options)
    if not isinstance(predictor, DtsPredictor):
        raise ConfigurationError(f"{model} has the predictor {type(predictor).__name__}, not `dts`")
    return predictor


def _serve(
    model: Union[str, Path],
    predictor: DtsPredictor,
    training: Optional["LabelStudioTraining"],
    args: argparse.Namespace,
) -> None:
    import uvicorn

    from dts_ee.serving.label_studio_backend import LabelStudioBackend, build_backend
    from dts_ee.serving.origins import hosts_for
    from dts_ee.serving.server import address_of, listen

    backend = LabelStudioBackend(predictor, training)
    settings = ServingSettings(max_body_bytes=_MAX_BODY_BYTES)
    app = build_backend(backend, settings, hosts_for(args.host, args.allowed_host))
    with logged_requests(), listen(args.host, args.port) as listener:
        print(f"{backend.model_version} of {model} is listening at {address_of(listener)}")
        print("\nA labelling configuration for its types:\n")
        print(label_config(predictor.entity_types, predictor.relation_types), flush=True)
        config = uvicorn.Config(app, ws="none", log_config=None, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])
