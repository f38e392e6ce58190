"""
Subcommand for serving a trained model over HTTP.
"""

import argparse
import json
import os
from dataclasses import fields
from typing import Any, Optional, Sequence, Union

import torch
from allennlp.commands import Subcommand
from allennlp.common.checks import ConfigurationError, check_for_gpu
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP, add_onnx_argument, onnx_options
from dts_ee.commands.reading_arguments import add_sentence_arguments, sentence_options
from dts_ee.commands.server_arguments import add_server_arguments
from dts_ee.commands.server_log import logged_requests
from dts_ee.commands.threshold_arguments import add_threshold_arguments, threshold_options
from dts_ee.predictors import DtsPredictor
from dts_ee.quiet_loading import quiet_loading
from dts_ee.runs.machine import available_cores
from dts_ee.serving import ServingSettings
from dts_ee.serving.model_facts import model_facts
from dts_ee.serving.worker import LoadedModel, SentencePredictor


@Subcommand.register("serve-dts")
class ServeDts(Subcommand):
    """
    `allennlp serve-dts ARCHIVE`: answers HTTP requests with entities and relations.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Serve a trained model over HTTP."
        subparser = parser.add_parser(
            self.name,
            description=(
                f"{description} POST /predict takes a line of the input of `allennlp predict`, or "
                "a list; / is a page with a form; /docs has the documentation. It ends at SIGTERM "
                "or Ctrl+C, when all accepted requests are answered."
            ),
            epilog="For example: allennlp serve-dts out/conll04/model.tar.gz --port 8080",
            help=description,
        )
        subparser.add_argument("archive_file", metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        add_server_arguments(subparser, port=8000)
        defaults = ServingSettings()
        for option, kind, text in (
            (
                "workers",
                int,
                "the number of processes that predict, which share the memory of the model",
            ),
            ("batch_size", int, "the maximum number of sentences that are predicted together"),
            ("batch_tokens", int, "the maximum number of tokens that are predicted together"),
            ("batch_wait_ms", float, "milliseconds for which an input waits for others"),
            (
                "queue_size",
                int,
                "the maximum number of inputs that are accepted and not answered yet",
            ),
            ("queue_tokens", int, "the maximum number of tokens in these inputs"),
            ("max_items", int, "the maximum number of inputs in a request"),
            ("max_body_bytes", int, "the maximum number of bytes in a request"),
            ("max_text_length", int, "the maximum number of characters in an input"),
            ("max_sentence_tokens", int, "the maximum number of tokens in a sentence"),
            ("max_entities", int, "the maximum number of entities in an input"),
            ("timeout", float, "seconds that a request may take, and reading its answer"),
            (
                "read_timeout",
                float,
                "seconds in which a request's head has to arrive, and its body",
            ),
        ):
            subparser.add_argument(
                f"--{option.replace('_', '-')}",
                type=kind,
                metavar="N",
                default=getattr(defaults, option),
                help=f"{text} (default = %(default)s)",
            )
        add_sentence_arguments(subparser, None)
        add_threshold_arguments(subparser)
        add_onnx_argument(subparser)
        subparser.add_argument(
            "-o",
            "--overrides",
            default="",
            help="a JSON object that changes the archive's configuration",
        )
        subparser.add_argument(
            "--predictor-args",
            type=json.loads,
            default={},
            metavar="JSON",
            help="a JSON object of further arguments of the predictor",
        )
        subparser.set_defaults(func=serve_from_args)
        return subparser


def serve_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    settings = ServingSettings(
        **{field.name: getattr(args, field.name) for field in fields(ServingSettings)}
    )
    serve_archive(
        args.archive_file,
        args.host,
        args.port,
        settings,
        args.cuda_device,
        args.overrides,
        {
            **args.predictor_args,
            **sentence_options(args),
            **threshold_options(args),
            **onnx_options(args),
        },
        args.allowed_host,
    )


def serve_archive(
    archive_file: str,
    host: str,
    port: int,
    settings: ServingSettings,
    cuda_device: int = -1,
    overrides: Union[str, dict[str, Any]] = "",
    predictor_args: Optional[dict[str, Any]] = None,
    allowed_hosts: Sequence[str] = (),
) -> None:
    """
    Serve a model until SIGTERM or SIGINT; the address is printed to standard output.

    # Parameters

    archive_file : `str`
        A model's name, an archive, or the folder of a training.
    host : `str`
        The name or address to listen at.
    port : `int`
        The port; 0 for any free port.
    settings : `ServingSettings`
        The limits.
    cuda_device : `int`, optional (default = `-1`)
        The GPU, or -1.
    overrides : `Union[str, dict[str, Any]]`, optional (default = `""`)
        Changes of the archive's configuration.
    predictor_args : `Optional[dict[str, Any]]`, optional (default = `None`)
        Further arguments of the predictor.
    allowed_hosts : `Sequence[str]`, optional (default = `()`)
        Names by which clients call the server; see `hosts_for`.

    # Raises

    `ConfigurationError`
        If a package that serving needs is missing, or the model's predictor is not `dts`.
    `OSError`
        If the archive cannot be read, or the server cannot listen at the address.
    `KeyboardInterrupt`
        At a second signal, while requests are being answered.
    """
    from dts_ee.serving.origins import hosts_for
    from dts_ee.serving.server import address_of, check_packages, listen, serve

    check_packages()

    num_threads = _num_threads(settings.workers)

    def load() -> LoadedModel:
        # Workers are forked from here, and a fork lacks the threads of torch and of tokenizers.
        torch.set_num_threads(1)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        with quiet_loading():
            archive = load_archive(archive_file, cuda_device=-1, overrides=overrides)
            predictor = Predictor.from_archive(archive, extra_args=predictor_args or {})
        if not isinstance(predictor, DtsPredictor):
            raise ConfigurationError(
                f"{archive_file} has the predictor {type(predictor).__name__}; `serve-dts` is for "
                "the predictor `dts`"
            )
        facts = model_facts(archive_file, archive, predictor)
        print("The model is loaded", flush=True)
        return predictor, facts

    def prepare(predictor: SentencePredictor) -> None:
        torch.set_num_threads(num_threads)
        if cuda_device >= 0:
            check_for_gpu(cuda_device)
            assert isinstance(predictor, DtsPredictor)
            predictor.to_gpu(cuda_device)

    hosts = hosts_for(host, allowed_hosts)
    with logged_requests(), listen(host, port) as listener:
        print(f"Listening at {address_of(listener)}", flush=True)
        if hosts == ["*"]:
            print(
                "Every Host is answered: with --allowed-host NAME, for each name that clients use, "
                "web pages cannot reach the server under a name of theirs",
                flush=True,
            )
        if settings.workers > 1:
            print(
                f"{settings.workers} workers, each with {num_threads} of torch's threads, on "
                f"{available_cores()} cores (OMP_NUM_THREADS changes the threads)",
                flush=True,
            )
        serve(load, listener, settings, hosts, prepare)


def _num_threads(num_workers: int) -> int:
    """The number of a worker's threads: that of the environment, or a share of the cores."""
    if "OMP_NUM_THREADS" in os.environ:
        return torch.get_num_threads()
    return max(torch.get_num_threads() // num_workers, 1)
