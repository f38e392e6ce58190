"""
Subcommand for exporting a model's encoder.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from allennlp.commands import Subcommand
from allennlp.models.archival import load_archive

from dts_ee.archives.trust import add_trust_argument
from dts_ee.commands.model_arguments import MODEL_HELP
from dts_ee.quiet_loading import quiet_loading

if TYPE_CHECKING:
    from dts_ee.modules.frozen_encoders.onnx_export import OnnxExport


@Subcommand.register("export")
class Export(Subcommand):
    """
    `dts-ee export ARCHIVE --onnx DIR`: writes the frozen encoder of a model for onnxruntime.
    """

    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = "Export the frozen encoder of a model for onnxruntime."
        subparser = parser.add_parser(
            self.name,
            description=f"{description} DIR gets encoder.onnx, after a comparison with torch, and "
            "encoder.json, which says what it was made from. `predict --onnx DIR` and `serve-dts "
            "--onnx DIR` use it with the same model.",
            epilog="For example: dts-ee export out/conll04 --onnx out/conll04-onnx --int8",
            help=description,
        )
        subparser.add_argument("archive_file", metavar="ARCHIVE", help=MODEL_HELP)
        add_trust_argument(subparser)
        subparser.add_argument(
            "--onnx", type=Path, required=True, metavar="DIR", help="a new or empty folder"
        )
        subparser.add_argument(
            "--int8",
            action="store_true",
            help="quantise the matrix products to 8-bit integers: faster, smaller and less exact",
        )
        subparser.add_argument(
            "-o",
            "--overrides",
            default="",
            help="a JSON object that changes the archive's configuration",
        )
        subparser.set_defaults(func=export_from_args)
        return subparser


def export_from_args(args: argparse.Namespace) -> None:
    """Run the command."""
    written = export(args.archive_file, args.onnx, args.int8, args.overrides)
    print(
        f"{written.path}: {written.num_bytes / 1e6:.1f} MB; relative error {written.error:.1e} "
        "against torch"
    )


def export(
    archive_file: str, folder: Path, int8: bool = False, overrides: str = ""
) -> "OnnxExport":
    """
    Writes the frozen encoder of a model as an ONNX file.

    # Parameters

    archive_file : `str`
        A model's name, an archive, or the folder of a training.
    folder : `Path`
        A new or empty folder.
    int8 : `bool`, optional (default = `False`)
        Whether to quantise the matrix products to 8-bit integers.
    overrides : `str`, optional (default = `""`)
        Changes of the archive's configuration, in JSON.

    # Raises

    `ConfigurationError`
        If there is no such model, it does not have one frozen transformer in float32, a package is
        missing, or the encoder cannot be exported.
    `FileExistsError`
        If the folder is not empty.
    """
    # Imported late: only few commands need it.
    from dts_ee.modules.token_embedders.frozen_transformer import frozen_transformer_of

    with quiet_loading():
        archive = load_archive(archive_file, overrides=overrides)
    return frozen_transformer_of(archive.model).export_onnx(folder, int8)
