"""Where a model comes from, and its checksum."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.models import archival
from allennlp.models.archival import CONFIG_NAME, load_archive
from allennlp.predictors import Predictor

from dts_ee.archives.trust import trusting_archives
from dts_ee.modules.frozen_encoders.onnx_network import RECORD_FILE
from dts_ee.named_models import find_model
from dts_ee.predictors import DtsPredictor
from dts_ee.quiet_loading import quiet_loading


@dataclass(frozen=True)
class ModelSource:
    """
    What a predictor is loaded from, in any process.

    # Parameters

    model : `str`
        A model's name, an archive, or the folder of a training.
    predictor_args : `Mapping[str, Any]`, optional (default = `{}`)
        Arguments of `DtsPredictor`.
    overrides : `str`, optional (default = `""`)
        Changes of the model's configuration.
    weights_file : `str`, optional (default = `None`)
        Weights in place of the archive's.
    cuda_device : `int`, optional (default = `-1`)
        The index of the GPU; -1 for the CPU.
    trust_archive : `bool`, optional (default = `False`)
        Whether the configuration may name classes by their paths.
    """

    model: str
    predictor_args: Mapping[str, Any] = field(default_factory=dict)
    overrides: str = ""
    weights_file: Optional[str] = None
    cuda_device: int = -1
    trust_archive: bool = False

    def load(self) -> DtsPredictor:
        """
        Loads the predictor.

        # Raises

        `ConfigurationError`
            If there is no such model, or an argument is invalid.
        """
        with quiet_loading(), trusting_archives(self.trust_archive):
            archive = load_archive(
                self.model, self.cuda_device, self.overrides, self.weights_file or ""
            )
            predictor = Predictor.from_archive(archive, extra_args=dict(self.predictor_args))
        if not isinstance(predictor, DtsPredictor):
            raise ConfigurationError(
                f"--output-dir is for the predictor `dts`, not {type(predictor).__name__}"
            )
        return predictor

    def checksum(self) -> str:
        """The SHA-256 of the archive, or of the files of the folder that make the model."""
        path = Path(cached_path(find_model(self.model)))
        if path.is_file():
            return _file_checksum(path)
        files = [path / CONFIG_NAME, *sorted((path / "vocabulary").glob("*.txt"))]
        checksums = [
            _file_checksum(file) for file in (*files, Path(archival.get_weights_path(path)))
        ]
        return hashlib.sha256("".join(checksums).encode()).hexdigest()

    def options(self) -> Dict[str, Any]:
        """What changes the predictions of a model, as JSON; files by their checksums."""
        options = {**self.predictor_args, "overrides": self.overrides}
        files = {"weights_file": self.weights_file, "calibration": options.get("calibration")}
        if "onnx" in options:
            # It has the checksum of the other file.
            files["onnx"] = os.path.join(options["onnx"], RECORD_FILE)
        checksums = {n: _file_checksum(Path(file)) for n, file in files.items() if file is not None}
        options = {**options, **checksums}
        return {name: options[name] for name in sorted(options) if options[name] not in (None, "")}


def _file_checksum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
