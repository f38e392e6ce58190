"""
Errors in a configuration, with the key that led to them.
"""

import errno
import functools
import inspect
import json
import os
import re
from contextlib import contextmanager
from difflib import get_close_matches
from os import PathLike
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Union,
    get_args,
    get_origin,
)

from dts_ee.compat.patching import replace
from dts_ee.suggestions import did_you_mean

_KEYS_BEFORE_TRAINING = {
    "distributed",
    "evaluation",
    "include_in_archive",
    "numpy_seed",
    "pytorch_seed",
    "random_seed",
}
"""Keys that AllenNLP removes from a configuration before it builds the `TrainModel`."""


def name_configuration_key_in_errors() -> None:
    """
    Makes errors in building an object from a configuration name the key.

    AllenNLP (2.10.1, with any torch) does not name the key of a value of a wrong type, and suggests
    no correction of a misspelt key or registered name. If a constructor takes `**kwargs`, a
    misspelt key raises Python's `TypeError`, as in the model `dts`, or is ignored, as in the
    trainer. A string in the place of a list is taken for the list of its characters. Its suggestion
    for a predictor, or for the class of a model, needs NLTK. Here exceptions have the key as
    `configuration_key`, which `dts_ee.errors` puts into the message. Data are read when a data
    loader is built, whose key says nothing about an error in them: it has an empty key.
    """
    from allennlp.commands.train import TrainModel
    from allennlp.common import FromParams, Lazy, Params, Registrable, params, registrable
    from allennlp.common import from_params as from_params_module
    from allennlp.common.checks import ConfigurationError
    from allennlp.data import DatasetReader, Instance
    from allennlp.training import Trainer

    original_from_params = inspect.getattr_static(FromParams, "from_params").__func__
    original_create_kwargs = from_params_module.create_kwargs
    original_pop_and_construct_arg = from_params_module.pop_and_construct_arg
    original_pop_choice = Params.pop_choice
    original_read = DatasetReader.read
    original_from_file = inspect.getattr_static(Params, "from_file").__func__
    original_with_overrides = params.with_overrides

    @contextmanager
    def naming(key: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The innermost key is the most precise.
            if key and getattr(error, "configuration_key", None) is None:
                error.configuration_key = key  # type: ignore[attr-defined]
            raise

    def unknown_key(key: str, history: str, names: Iterable[str]) -> ConfigurationError:
        known = sorted(set(names) - {"self", "kwargs"})
        hint = did_you_mean(key, known) or f"; the keys are {', '.join(known) or 'none'}"
        return ConfigurationError(f"{history}{key}: there is no such key{hint}")

    def check_lazy(annotation: Any, settings: Any, history: str) -> None:
        """Checks the keys of an object that is only built after the data have been read."""
        annotation = from_params_module.remove_optional(annotation)
        if get_origin(annotation) is not Lazy or not isinstance(settings, (dict, Params)):
            return
        (base,) = get_args(annotation)
        name = settings.get("type") or getattr(base, "default_implementation", None)
        if not issubclass(base, Registrable) or name not in base.list_available():
            return
        cls, constructor_name = base.resolve_class_name(name)
        constructor = getattr(cls, constructor_name) if constructor_name else cls.__init__
        names = from_params_module.infer_params(cls, constructor).keys()
        for key in settings:
            if key != "type" and key not in names:
                raise unknown_key(key, history, names)

    def check_list(annotation: Any, value: Any, key: str) -> None:
        annotation = from_params_module.remove_optional(annotation)
        if get_origin(annotation) is list and isinstance(value, str):
            example = json.dumps([value])
            raise ConfigurationError(f"{key}: this should be a list, such as {example}")

    @functools.wraps(original_from_params)
    def from_params(
        cls: Any,
        params: Any,
        constructor_to_call: Any = None,
        constructor_to_inspect: Any = None,
        **extras: Any,
    ) -> Any:
        history = params.history if isinstance(params, Params) else ""
        keys = list(params) if isinstance(params, Params) else []
        with naming(history.rstrip(".")):
            try:
                return original_from_params(
                    cls, params, constructor_to_call, constructor_to_inspect, **extras
                )
            except TypeError as error:
                unexpected = re.search(r"unexpected keyword argument '(\w+)'", str(error))
                if unexpected is None or unexpected[1] not in keys:
                    raise
                names = from_params_module.infer_params(cls, constructor_to_inspect).keys()
                raise unknown_key(unexpected[1], history, names - extras.keys()) from error

    @functools.wraps(original_create_kwargs)
    def create_kwargs(constructor: Callable, cls: Any, params: Params, **extras: Any) -> Any:
        parameters = from_params_module.infer_params(cls, constructor)
        accepts_any = any(value.kind == value.VAR_KEYWORD for value in parameters.values())
        # A trainer accepts any key, and ignores unknown ones.
        if not accepts_any or issubclass(cls, Trainer):
            for key in params:
                if key not in parameters:
                    # Raised before the objects of the other keys are built.
                    names = parameters.keys() - extras.keys()
                    if cls is TrainModel:
                        names |= _KEYS_BEFORE_TRAINING
                    raise unknown_key(key, params.history, names)
        for key, parameter in parameters.items():
            check_lazy(parameter.annotation, params.get(key), f"{params.history}{key}.")
            check_list(parameter.annotation, params.get(key), f"{params.history}{key}")
            is_optional = type(None) in getattr(parameter.annotation, "__args__", ())
            needs_value = parameter.default is inspect.Parameter.empty and not is_optional
            if needs_value and key in params and params[key] is None and key not in extras:
                raise ConfigurationError(f"{params.history}{key}: this key needs a value")
        # AllenNLP's samplers would divide by it, or never end.
        size = params.get("batch_size")
        if isinstance(size, int) and size < 1:
            raise ConfigurationError(f"{params.history}batch_size: {size} is less than 1")
        return original_create_kwargs(constructor, cls, params, **extras)

    @functools.wraps(original_pop_and_construct_arg)
    def pop_and_construct_arg(
        class_name: str,
        argument_name: str,
        annotation: Any,
        default: Any,
        params: Any,
        **extras: Any,
    ) -> Any:
        value = params.get(argument_name)
        is_object = hasattr(annotation, "from_params") or get_origin(annotation) is Lazy
        if isinstance(value, str) and is_object:
            # AllenNLP does the same, but without the key in errors.
            params[argument_name] = {"type": value}
        with naming(f"{params.history}{argument_name}"):
            return original_pop_and_construct_arg(
                class_name, argument_name, annotation, default, params, **extras
            )

    @functools.wraps(original_pop_choice)
    def pop_choice(
        self: Params,
        key: str,
        choices: List[Any],
        default_to_first_choice: bool = False,
        allow_class_names: bool = True,
    ) -> Any:
        value = self.get(key)
        if isinstance(value, str) and value not in choices and "." not in value:
            names = [str(choice) for choice in choices]
            hint = did_you_mean(value, names) or f"; there are {', '.join(sorted(names))}"
            # An object that is named by its type alone has no key of its own.
            prefix = f"{self.history}{key}: " if self.history else ""
            raise ConfigurationError(f"{prefix}there is no {value!r}{hint}")
        return original_pop_choice(self, key, choices, default_to_first_choice, allow_class_names)

    @functools.wraps(original_read)
    def read(self: DatasetReader, file_path: Any) -> Iterator[Instance]:
        try:
            yield from original_read(self, file_path)
        except ConfigurationError as error:
            if getattr(error, "configuration_key", None) is None:
                error.configuration_key = ""  # type: ignore[attr-defined]
            raise

    @functools.wraps(original_from_file)
    def from_file(cls: Any, params_file: Union[str, PathLike], *args: Any, **kwargs: Any) -> Params:
        # Jsonnet would end the process.
        if os.path.isdir(params_file):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(params_file))
        read = original_from_file(cls, params_file, *args, **kwargs)
        if not isinstance(read.params, dict):
            raise ConfigurationError(f"{params_file}: this is no configuration, as it is no object")
        # JSON Lines are an expression of Jsonnet: the sum of all objects.
        if "tokens" in read.params and "model" not in read.params:
            raise ConfigurationError(
                f"{params_file}: this is no configuration, but a file of sentences: an experiment "
                "such as own.jsonnet comes here, and names the data"
            )
        return read

    @functools.wraps(original_with_overrides)
    def with_overrides(original: Any, overrides_dict: Dict[str, Any], prefix: str = "") -> Any:
        if not isinstance(overrides_dict, dict):
            raise ConfigurationError("--overrides: this is no JSON object")
        try:
            return original_with_overrides(original, overrides_dict, prefix)
        except ValueError as error:
            for key in (name.partition(".")[0] for name in overrides_dict):
                if isinstance(original, dict) and key not in original:
                    raise unknown_key(key, f"--overrides: {prefix}", original) from error
            raise ConfigurationError(f"--overrides: {error}") from error

    def nearest(name: str, available: List[str]) -> Optional[str]:
        return next(iter(get_close_matches(name, available, 1)), None)

    replace(registrable, "_get_suggestion", nearest)
    replace(FromParams, "from_params", classmethod(from_params))
    replace(from_params_module, "create_kwargs", create_kwargs)
    replace(from_params_module, "pop_and_construct_arg", pop_and_construct_arg)
    replace(Params, "pop_choice", pop_choice)
    replace(DatasetReader, "read", read)
    replace(Params, "from_file", classmethod(from_file))
    replace(params, "with_overrides", with_overrides)
