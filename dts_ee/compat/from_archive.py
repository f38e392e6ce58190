"""
Trainings that go on from the model of an archive.
"""

import functools
import inspect
from os import PathLike
from typing import Any, Dict, Optional, Union

from dts_ee.compat.patching import replace, replace_everywhere


def replace_archive_in_configurations() -> None:
    """
    Lets a configuration have the key `from_archive`, the archive of a model to train further.

    AllenNLP (2.10.1, with any torch) has a model of the type `from_archive`. Its configuration
    repeats the dataset reader; its trained model cannot be loaded without the first archive; and it
    has the outputs of the first model only, so that a new type is an `IndexError`.
    """
    from allennlp.common import Params, params
    from allennlp.common.params import parse_overrides

    original = inspect.getattr_static(Params, "from_file").__func__

    @functools.wraps(original)
    def from_file(
        cls: Any,
        params_file: Union[str, PathLike],
        params_overrides: Union[str, Dict[str, Any]] = "",
        ext_vars: Optional[Dict[str, Any]] = None,
    ) -> Params:
        read = original(cls, params_file, "", ext_vars)
        overrides: Any = params_overrides
        if isinstance(overrides, str):
            overrides = parse_overrides(overrides, ext_vars)
        has_keys = isinstance(overrides, dict)
        if has_keys and ("from_archive" in read or "from_archive" in overrides):
            # Imported late, when all patches are applied.
            from dts_ee.training.from_archive import with_archive_and_overrides

            return cls(with_archive_and_overrides(read.as_dict(quiet=True), overrides))
        if overrides:
            return cls(params.with_overrides(read.as_dict(quiet=True), overrides))
        return read

    replace(Params, "from_file", classmethod(from_file))


def keep_encoders_of_archive() -> None:
    """
    Copies the encoders of the archive that a model goes on from into the folder of the training.

    AllenNLP (2.10.1, with any torch) makes the folder just before it builds the dataset reader,
    which needs the encoder's tokenizer. A distributed training finds encoders by their names: it
    refuses a folder with a vocabulary.
    """
    from allennlp.common import Params
    from allennlp.training import util

    original = util.create_serialization_dir

    @functools.wraps(original)
    def create_serialization_dir(
        params: Params, serialization_dir: Union[str, PathLike], recover: bool, force: bool
    ) -> None:
        from dts_ee.training.from_archive import check_archive_outside, keep_encoders_of_archive

        model = params.get("model")
        archive = model.get("pretrained_file") if isinstance(model, Params) else None
        if archive is None or model.get("type") != "dts":
            original(params, serialization_dir, recover, force)
            return
        check_archive_outside(archive, serialization_dir, force)
        original(params, serialization_dir, recover, force)
        if "distributed" not in params:
            keep_encoders_of_archive(archive, serialization_dir)

    replace_everywhere("allennlp", original, create_serialization_dir)
