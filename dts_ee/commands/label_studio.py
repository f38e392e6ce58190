"""
Subcommand for a model as an ML backend of Label Studio.
"""

import argparse

from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError, check_for_gpu
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.commands.reading_arguments import add_sentence_arguments, sentence_options
from dts_ee.commands.server_arguments import add_server_arguments
from dts_ee.commands.threshold_arguments import add_threshold_arguments, threshold_options
from dts_ee.predictors import DtsPredictor
from dts_ee.quiet_loading import quiet_loading
from dts_ee.serving import ServingSettings


@Subcommand.register("label-studio")
class LabelStudio(Subcommand):
    """
    `allennlp label-studio ARCHIVE`: predicts the tasks of Label Studio projects.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Serve a trained model as an ML backend of Label Studio."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} Its address is entered in a project under Settings, Model. "
            "It does not train. It ends at SIGTERM or Ctrl+C.",
            epilog="For example: dts-ee label-studio out/own --port 9090",
            help=description,
        )
        subparser.add_argument("archive_file", metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        add_server_arguments(subparser, port=9090)
        add_sentence_arguments(subparser, None)
        add_threshold_arguments(subparser)
        subparser.set_defaults(func=label_studio_from_args)
        return subparser


def label_studio_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    from dts_ee.serving.server import check_packages

    check_packages()
    check_for_gpu(args.cuda_device)
    with quiet_loading():
        archive = load_archive(args.archive_file, cuda_device=args.cuda_device)
        options = {**sentence_options(args), **threshold_options(args)}
        predictor = Predictor.from_archive(archive, extra_args=options)
    if not isinstance(predictor, DtsPredictor):
        raise ConfigurationError(
            f"{args.archive_file} has the predictor {type(predictor).__name__}, not `dts`"
        )
    _serve(predictor, args)


def _serve(predictor: DtsPredictor, args: argparse.Namespace) -> None:
    import uvicorn

    from dts_ee.serving.label_studio_backend import LabelStudioBackend, build_backend
    from dts_ee.serving.origins import hosts_for
    from dts_ee.serving.server import address_of, listen

    backend = LabelStudioBackend(predictor)
    app = build_backend(backend, ServingSettings(), hosts_for(args.host, args.allowed_host))
    with listen(args.host, args.port) as listener:
        print(f"{backend.model_version} is listening at {address_of(listener)}", flush=True)
        config = uvicorn.Config(app, ws="none", log_config=None, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])
