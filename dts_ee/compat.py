"""
What AllenNLP 2.10.1 and allennlp-models 2.10.1 need to run beside torch 2, Python 3.11 and
transformers 4.41.

Both were written for torch < 1.13. Each function below mends one thing, names the release that
broke it, and changes nothing where it is not broken: on the classic stack (Python 3.10 with
AllenNLP's own pins) only what AllenNLP does wrong with any torch is mended, in recovering a
training, writing archives, importing packages and what it prints. Importing this module applies
all of them, before the rest of the package imports anything of AllenNLP. AllenNLP's models of
images are not mended.
"""

import errno
import functools
import glob
import importlib
import inspect
import io
import json
import logging
import os
import pkgutil
import re
import shutil
import sys
import tarfile
import types
import warnings
import zlib
from contextlib import AbstractContextManager, contextmanager, suppress
from os import PathLike
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Set,
    Type,
    Union,
    get_origin,
)

from packaging.version import Version

from dts_ee.console import keep_log_whole, quiet_console, say, shows_log
from dts_ee.errors import MISTAKE, explain
from dts_ee.quick_imports import quick_imports
from dts_ee.suggestions import did_you_mean

logger = logging.getLogger(__name__)


def import_torchvision_quietly() -> None:
    """
    Imports torchvision without its warning about image files.

    AllenNLP 2.10.1 imports torchvision as soon as `allennlp.data` is imported. No torchvision that
    can be imported beside torch 2.13 brings a reader for image files that loads there, so that
    every start warned of it. Nothing here reads images.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to load image Python extension")
        importlib.import_module("torchvision")


def import_plugins_without_downloads() -> None:
    """
    Keeps `allennlp.common.plugins.import_plugins` from downloading anything.

    allennlp-models 2.10.1, one of AllenNLP's default plugins, calls `nltk.download` when its
    evaluation script for NarrativeQA is imported: without a network that prints errors at every
    start, or hangs. Who runs that script downloads its data with `python -m nltk.downloader punkt
    wordnet`.
    """
    import nltk
    from allennlp.common import plugins

    original = plugins.import_plugins

    @functools.wraps(original)
    def import_plugins() -> None:
        download = nltk.download
        nltk.download = lambda *args, **kwargs: False
        try:
            with quick_imports():
                original()
        finally:
            nltk.download = download

    _replace_everywhere("allennlp", original, import_plugins)


def import_submodules_in_one_pass() -> None:
    """
    Makes `allennlp.common.util.import_module_and_submodules` quick, and import nothing else.

    For each of hundreds of modules AllenNLP (2.10.1, with any torch) makes Python forget what the
    folders of `sys.path` hold and then has all of them listed, to look for one optional package. On
    its way it imports any other package that has the name of a sub-package, such as a folder
    `models` in the working directory.
    """
    from allennlp.common import util

    original = util.import_module_and_submodules

    @functools.wraps(original)
    def import_module_and_submodules(package_name: str, exclude: Optional[Set[str]] = None) -> None:
        excluded = set(exclude or ())
        importlib.invalidate_caches()
        try:
            importlib.import_module("checklist")
        except ImportError:
            excluded.add("allennlp.confidence_checks.task_checklists")

        def import_all(name: str) -> None:
            if name in excluded:
                return
            module = importlib.import_module(name)
            for found in pkgutil.iter_modules(getattr(module, "__path__", [])[:1]):
                if not found.name.startswith(("_", "test")):
                    import_all(f"{name}.{found.name}")

        with util.push_python_path("."):
            import_all(package_name)

    _replace_everywhere("allennlp", original, import_module_and_submodules)


def ask_torch_whether_it_compiles() -> None:
    """
    Keeps transformers from importing torch's compiler in order to ask whether it is at work.

    transformers 4.41 does so at an encoder's first batch, and with torch 2.13 it takes longer than
    importing torch. `torch.compiler`, which torch 2.3 brought, gives the same answer.
    """
    import torch
    from transformers.utils import import_utils

    original = getattr(import_utils, "is_torchdynamo_compiling", None)
    if original is None or not hasattr(getattr(torch, "compiler", None), "is_compiling"):
        return
    _replace_everywhere("transformers", original, torch.compiler.is_compiling)

    from transformers import modeling_attn_mask_utils

    # This one asks `torch._dynamo` itself, which torch imports at the mention of its name.
    torch_without_compiler: Any = types.ModuleType(torch.__name__)
    torch_without_compiler.__getattr__ = functools.partial(getattr, torch)
    torch_without_compiler._dynamo = types.SimpleNamespace(is_compiling=torch.compiler.is_compiling)
    _replace(modeling_attn_mask_utils, "torch", torch_without_compiler)


def let_jsonnet_ask_for_variables() -> None:
    """
    Gives Jsonnet files all environment variables as one JSON object, `DTS_EE_ENVIRONMENT`, too.

    AllenNLP (2.10.1, with any torch) gives each as an external variable of its own, and Jsonnet has
    no way to ask whether there is one: `std.extVar` of another is an error. The experiment for a
    user's own data needs to know which files there are.
    """
    from allennlp.common import params

    original = params._environment_variables

    @functools.wraps(original)
    def environment_variables() -> Dict[str, str]:
        variables = original()
        return {**variables, "DTS_EE_ENVIRONMENT": json.dumps(variables)}

    _replace_everywhere("allennlp", original, environment_variables)


def allow_numpy_in_training_state() -> None:
    """
    Lets `allennlp train --recover` load a training state that holds numpy values.

    torch 2.6 made `weights_only=True` the default of `torch.load`, which then refuses the numpy
    scalars that the `cosine` scheduler and many metrics leave in the state.
    """
    import numpy
    import torch

    if not hasattr(torch.serialization, "add_safe_globals"):
        return
    # numpy 2 moved these functions: asking a value how it is pickled finds them in either place.
    rebuild: List[Any] = [numpy.float64(0).__reduce__()[0], numpy.zeros(1).__reduce__()[0]]
    dtypes = {type(numpy.dtype(code)) for code in numpy.typecodes["All"]}
    torch.serialization.add_safe_globals([*rebuild, numpy.ndarray, numpy.dtype, *dtypes])


def write_checkpoints_whole() -> None:
    """
    Makes `allennlp train --recover` work whenever the training was killed.

    AllenNLP (2.10.1, with any torch) writes checkpoints in place, the model's state before the
    trainer's, and takes the newest model's state for the newest checkpoint. Killed while it writes,
    it leaves a checkpoint that cannot be loaded. Here every file appears whole or not at all, and a
    model's state without a trainer's is dropped in favour of the checkpoint before it.
    """
    import torch
    from allennlp.training import checkpointer
    from allennlp.training.gradient_descent_trainer import GradientDescentTrainer

    original_load = checkpointer.Checkpointer.load_checkpoint
    original_save_model = GradientDescentTrainer._save_model_state

    def save(state: Any, path: str) -> None:
        partial = f"{path}.partial"
        torch.save(state, partial)
        os.replace(partial, path)

    @functools.wraps(original_load)
    def load_checkpoint(self: checkpointer.Checkpointer) -> Any:
        if self._is_primary:
            for point in self._find_all_checkpoints():
                if not os.path.isfile(self._training_state_path(*point)):
                    self._remove_checkpoint(*point)
        return original_load(self)

    @functools.wraps(original_save_model)
    def save_model_state(self: GradientDescentTrainer, path: str) -> None:
        partial = f"{path}.partial"
        original_save_model(self, partial)
        os.replace(partial, path)

    _replace(checkpointer, "torch", types.SimpleNamespace(save=save, load=torch.load))
    _replace(checkpointer.Checkpointer, "load_checkpoint", load_checkpoint)
    _replace(GradientDescentTrainer, "_save_model_state", save_model_state)


def write_archives_whole_and_uncompressed() -> None:
    """
    Makes the archive of a model appear whole or not at all, and without the wait.

    AllenNLP (2.10.1, with any torch) writes `model.tar.gz` in place: killed while it writes, it
    leaves an archive that cannot be read. It also compresses it as hard as it can, which saves a
    twelfth of the weights of an encoder and takes longer than reading and predicting. Here the file
    is still a gzipped tar, but what is in it is stored as it is.
    """
    from allennlp.models import archival

    @contextmanager
    def write_tar(name: Union[str, PathLike]) -> Iterator[tarfile.TarFile]:
        partial = f"{name}.partial"
        try:
            with (
                open(partial, "wb") as file,
                tarfile.open(name, "w:gz", fileobj=file, compresslevel=0) as archive,
            ):
                yield archive
            os.replace(partial, name)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(partial)

    def open_tar(name: Union[str, PathLike], mode: Any) -> AbstractContextManager:
        return write_tar(name) if mode == "w:gz" else tarfile.open(name, mode)

    _replace(archival, "tarfile", types.SimpleNamespace(open=open_tar))


def recover_moving_averages() -> None:
    """
    Lets a moving average follow the model after `allennlp train --recover`.

    AllenNLP (2.10.1, with any torch) restores the averaged parameters themselves from the
    checkpoint: copies, which the model never changes and never sees, so that `best.th` holds
    weights that are not averaged. Here their values are restored, and the parameters stay the
    model's.
    """
    from allennlp.training.moving_average import MovingAverage

    def load_state_dict(self: MovingAverage, state_dict: Dict[str, Any]) -> None:
        for own, restored in (
            (self._shadows, state_dict["shadows"]),
            (self._backups, state_dict["backups"]),
        ):
            for name, value in own.items():
                value.copy_(restored[name])

    _replace(MovingAverage, "load_state_dict", load_state_dict)


def register_reduce_on_plateau() -> None:
    """
    Registers a `reduce_on_plateau` scheduler that does not pass `verbose` on to torch.

    torch 2.7 dropped this argument of `ReduceLROnPlateau`. Here it makes the scheduler log every
    change, as torch did.
    """
    import torch
    from allennlp.training.learning_rate_schedulers import LearningRateScheduler
    from allennlp.training.learning_rate_schedulers.pytorch_lr_schedulers import (
        ReduceOnPlateauLearningRateScheduler,
    )
    from allennlp.training.optimizers import Optimizer

    torch_scheduler: Any = torch.optim.lr_scheduler.ReduceLROnPlateau
    if "verbose" in inspect.signature(torch_scheduler).parameters:
        return

    @LearningRateScheduler.register("reduce_on_plateau", exist_ok=True)
    class ReduceOnPlateau(ReduceOnPlateauLearningRateScheduler):
        """AllenNLP's scheduler of this name, for a torch without `verbose`."""

        def __init__(
            self,
            optimizer: Optimizer,
            mode: str = "min",
            factor: float = 0.1,
            patience: int = 10,
            threshold_mode: str = "rel",
            threshold: float = 1e-4,
            cooldown: int = 0,
            min_lr: Union[float, List[float]] = 0,
            eps: float = 1e-8,
            verbose: bool = False,
        ) -> None:
            # AllenNLP's own constructor is what passes `verbose`: its parent's is called instead.
            super(ReduceOnPlateauLearningRateScheduler, self).__init__(
                torch_scheduler(
                    optimizer=optimizer,
                    mode=mode,
                    factor=factor,
                    patience=patience,
                    threshold=threshold,
                    threshold_mode=threshold_mode,
                    cooldown=cooldown,
                    min_lr=min_lr,
                    eps=eps,
                )
            )
            self._verbose = verbose

        def step(self, metric: Any = None) -> None:
            before = [group["lr"] for group in self.lr_scheduler.optimizer.param_groups]
            super().step(metric)
            after = [group["lr"] for group in self.lr_scheduler.optimizer.param_groups]
            if self._verbose and after != before:
                logger.info("Reduced the learning rates from %s to %s.", before, after)


def name_autocast_by_its_new_path() -> None:
    """
    Gives AllenNLP's trainer torch's present `autocast` and `GradScaler`.

    torch 2.4 deprecated `torch.cuda.amp`, which the trainer enters at every batch, with a warning
    in each run.
    """
    import torch
    from allennlp.training import gradient_descent_trainer

    if not hasattr(torch.amp, "GradScaler"):
        return
    amp = types.SimpleNamespace(
        autocast=lambda enabled: torch.amp.autocast("cuda", enabled=enabled),
        GradScaler=lambda: torch.amp.GradScaler("cuda"),
    )
    _replace(gradient_descent_trainer, "amp", amp)


def rescale_sparse_gradients() -> None:
    """
    Makes the trainer's `grad_norm` work with the gradients of a sparse embedding.

    `torch.nn.utils.clip_grad_norm_` took them until torch 2.1 gave it an operator that has no
    implementation for sparse tensors.
    """
    import torch
    from allennlp.training import gradient_descent_trainer, util

    if Version(torch.__version__) < Version("2.1"):
        return

    original = gradient_descent_trainer.clip_grad_norm_

    @functools.wraps(original)
    def clip_grad_norm_(
        parameters: Iterable[torch.nn.Parameter], max_norm: float, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        stand_ins = []
        for parameter in parameters:
            if parameter.grad is not None and parameter.grad.is_sparse:
                # The values of a coalesced gradient share memory with it: clipped as a dense
                # gradient, they clip it.
                parameter.grad = parameter.grad.coalesce()
                values = parameter.grad.values().detach()
                parameter = torch.nn.Parameter(values)
                parameter.grad = values
            stand_ins.append(parameter)
        return original(stand_ins, max_norm, *args, **kwargs)

    _replace(gradient_descent_trainer, "clip_grad_norm_", clip_grad_norm_)
    _replace(util, "clip_grad_norm_", clip_grad_norm_)


def check_for_gpu_first() -> None:
    """
    Lets AllenNLP say that a GPU is asked for where there is none.

    Since torch 2.5 (its pull request 129119) `torch.device(0)` means whatever accelerator there is,
    and raises torch's own error where there is none, before AllenNLP's check and its advice to set
    `trainer.cuda_device=-1` are reached. AllenNLP (2.10.1, with any torch) does not check at all
    before it loads an archive's model onto a GPU.
    """
    import torch
    from allennlp.common import Params, util
    from allennlp.common.checks import check_for_gpu
    from allennlp.models import Model

    original_int_to_device = util.int_to_device
    original_load = inspect.getattr_static(Model, "load").__func__

    @functools.wraps(original_int_to_device)
    def int_to_device(device: Union[int, torch.device]) -> torch.device:
        if isinstance(device, int) and device >= 0:
            return torch.device("cuda", device)
        return original_int_to_device(device)

    @functools.wraps(original_load)
    def load(
        cls: Type[Model],
        config: Params,
        serialization_dir: Union[str, PathLike],
        weights_file: Optional[Union[str, PathLike]] = None,
        cuda_device: int = -1,
    ) -> Model:
        check_for_gpu(cuda_device)
        return original_load(cls, config, serialization_dir, weights_file, cuda_device)

    _replace_everywhere("allennlp", original_int_to_device, int_to_device)
    _replace(Model, "load", classmethod(load))


def load_archives_by_name() -> None:
    """
    Lets whatever loads an archive take the name of a model.

    AllenNLP (2.10.1, with any torch) knows paths and addresses. Commands of its own, such as
    `evaluate`, load archives as those of this package do.
    """
    from allennlp.models import archival

    from dts_ee.named_models import find_model

    original = archival.load_archive

    @functools.wraps(original)
    def load_archive(
        archive_file: Union[str, PathLike], *args: Any, **kwargs: Any
    ) -> archival.Archive:
        return original(find_model(archive_file), *args, **kwargs)

    _replace_everywhere("allennlp", original, load_archive)


def lock_progress_bars_in_the_workers_context() -> None:
    """
    Lets a data loader with `num_workers` start them by `spawn`.

    AllenNLP hands each worker a lock made in the default context, which Python 3.11.5 and later
    refuse to share with a process of another context.
    """
    from allennlp.data.data_loaders import multiprocess_data_loader

    if sys.version_info < (3, 11):
        return

    loader_class = multiprocess_data_loader.MultiProcessDataLoader
    for name in ("_start_instance_workers", "_start_batch_workers"):
        setattr(loader_class, name, _with_context_as_mp(getattr(loader_class, name)))


def _with_context_as_mp(start_workers: Callable) -> Callable:
    """Makes `mp.RLock()` mean the context's while `start_workers(self, queue, context)` runs."""
    from allennlp.data.data_loaders import multiprocess_data_loader

    @functools.wraps(start_workers)
    def wrapper(self: Any, queue: Any, ctx: Any) -> Any:
        multiprocessing = multiprocess_data_loader.mp
        multiprocess_data_loader.mp = ctx
        try:
            return start_workers(self, queue, ctx)
        finally:
            multiprocess_data_loader.mp = multiprocessing

    return wrapper


def report_errors_in_one_line() -> None:
    """
    Gives AllenNLP's command line the parser of this package's.

    AllenNLP's parser (2.10.1, with any torch) answers a misspelt command or option with a page that
    does not name the right one, and each of its commands a mistake in a configuration with a
    traceback. `dts_ee.argument_parser` says in one line what to do. `allennlp train` builds the
    parser of its own commands before it loads plugins: there, only this package's are changed.
    """
    from allennlp.commands import ArgumentParserWithDefaults

    from dts_ee.argument_parser import CommandLineParser

    # Its base and not the class itself, of which `allennlp` has made a parser before this.
    ArgumentParserWithDefaults.__bases__ = (CommandLineParser,)


def require_keys_of_print_results() -> None:
    """
    Makes `print-results` ask for `--keys`.

    AllenNLP (2.10.1, with any torch) has them for an option, and fails without them.
    """
    from allennlp.commands.print_results import PrintResults

    original = PrintResults.add_subparser

    @functools.wraps(original)
    def add_subparser(self: PrintResults, parser: Any) -> Any:
        subparser = original(self, parser)
        for action in subparser._actions:
            action.required = action.required or action.dest == "keys"
        return subparser

    _replace(PrintResults, "add_subparser", add_subparser)


_KEYS_BEFORE_TRAINING = {
    "distributed",
    "evaluation",
    "include_in_archive",
    "numpy_seed",
    "pytorch_seed",
    "random_seed",
}
"""What a configuration can hold that AllenNLP takes out of it before it builds the `TrainModel`."""


def say_where_in_the_configuration() -> None:
    """
    Makes what goes wrong in building an object from a configuration say which key led to it.

    AllenNLP (2.10.1, with any torch) says neither where a value of a wrong type is, nor which key
    or registered name a misspelt one is near to. Where a constructor takes `**kwargs`, a misspelt
    key is Python's `TypeError`, as in the model `dts`, or changes nothing, as in the trainer.
    Whatever is raised has the key as its `configuration_place` here, from which `dts_ee.errors`
    makes the message.
    """
    from allennlp.commands.train import TrainModel
    from allennlp.common import FromParams, Lazy, Params, params
    from allennlp.common import from_params as from_params_module
    from allennlp.common.checks import ConfigurationError
    from allennlp.training import Trainer

    original_from_params = inspect.getattr_static(FromParams, "from_params").__func__
    original_create_kwargs = from_params_module.create_kwargs
    original_pop_and_construct_arg = from_params_module.pop_and_construct_arg
    original_pop_choice = Params.pop_choice
    original_from_file = inspect.getattr_static(Params, "from_file").__func__
    original_with_overrides = params.with_overrides

    @contextmanager
    def naming(place: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The innermost place is the most exact.
            if not getattr(error, "configuration_place", None):
                error.configuration_place = place  # type: ignore[attr-defined]
            raise

    def unknown_key(key: str, history: str, names: Iterable[str]) -> ConfigurationError:
        known = sorted(set(names) - {"self", "kwargs"})
        near = did_you_mean(key, known) or f"; the keys are {', '.join(known) or 'none'}"
        return ConfigurationError(f"{history}{key}: there is no such key{near}")

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
        takes_any = any(each.kind == each.VAR_KEYWORD for each in parameters.values())
        # A trainer takes any key, and does nothing with those that it does not know.
        if not takes_any or issubclass(cls, Trainer):
            for key in params:
                if key not in parameters:
                    # Before everything that the other keys stand for is built.
                    names = parameters.keys() - extras.keys()
                    if cls is TrainModel:
                        names |= _KEYS_BEFORE_TRAINING
                    raise unknown_key(key, params.history, names)
        for key, parameter in parameters.items():
            is_optional = type(None) in getattr(parameter.annotation, "__args__", ())
            needs_value = parameter.default is inspect.Parameter.empty and not is_optional
            if needs_value and key in params and params[key] is None and key not in extras:
                raise ConfigurationError(f"{params.history}{key}: this key needs a value")
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
            # What AllenNLP makes of it too, but without the place.
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
            near = did_you_mean(value, names) or f"; there are {', '.join(sorted(names))}"
            # An object that is named by its type alone has no place of its own.
            place = f"{self.history}{key}: " if self.history else ""
            raise ConfigurationError(f"{place}there is no {value!r}{near}")
        return original_pop_choice(self, key, choices, default_to_first_choice, allow_class_names)

    @functools.wraps(original_from_file)
    def from_file(cls: Any, params_file: Union[str, PathLike], *args: Any, **kwargs: Any) -> Params:
        # Jsonnet ends the process.
        if os.path.isdir(params_file):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(params_file))
        read = original_from_file(cls, params_file, *args, **kwargs)
        if not isinstance(read.params, dict):
            raise ConfigurationError(f"{params_file}: this is no configuration, as it is no object")
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

    _replace(FromParams, "from_params", classmethod(from_params))
    _replace(from_params_module, "create_kwargs", create_kwargs)
    _replace(from_params_module, "pop_and_construct_arg", pop_and_construct_arg)
    _replace(Params, "pop_choice", pop_choice)
    _replace(Params, "from_file", classmethod(from_file))
    _replace(params, "with_overrides", with_overrides)


def say_what_is_no_archive() -> None:
    """
    Makes `load_archive` say what is wrong with a file or folder that holds no model.

    AllenNLP (2.10.1, with any torch) speaks of a temporary folder, or not at all of the archive.
    """
    from allennlp.common.checks import ConfigurationError
    from allennlp.models import archival

    original = archival.load_archive

    @functools.wraps(original)
    def load_archive(
        archive_file: Union[str, PathLike],
        cuda_device: int = -1,
        overrides: Union[str, Dict[str, Any]] = "",
        weights_file: Any = None,
    ) -> Any:
        if os.path.isdir(archive_file):
            weights = weights_file or archival.get_weights_path(archive_file)
            for path, reason in (
                (
                    os.path.join(archive_file, archival.CONFIG_NAME),
                    "it is not the folder of a training",
                ),
                (weights, "the training has not finished its first epoch"),
            ):
                if not os.path.exists(path):
                    raise ConfigurationError(
                        f"{archive_file}: there is no model in this folder: {reason} "
                        f"({os.path.basename(path)} is missing)"
                    )
        try:
            return original(archive_file, cuda_device, overrides, weights_file)
        except (tarfile.TarError, zlib.error, EOFError) as error:
            problem = str(error)
            cause: Exception = error
        except FileNotFoundError as error:
            if not os.path.isfile(archive_file) or archival.CONFIG_NAME not in str(error):
                raise
            problem, cause = f"it holds no {archival.CONFIG_NAME}", error
        raise ConfigurationError(
            f"{archive_file}: this is no model.tar.gz as a training writes it, or it is damaged "
            f"({problem})"
        ) from cause

    _replace_everywhere("allennlp", original, load_archive)


def _is_clear_mistake(error: Exception) -> bool:
    """Whether the message says enough, so that nobody will look into the log."""
    explanation = explain(error)
    return explanation.status == MISTAKE and explanation.is_expected


def leave_no_folder_of_a_mistake() -> None:
    """
    Removes the serialization folder of a training that a mistake ended before it began.

    AllenNLP (2.10.1, with any torch) writes the configuration and a log there first, and refuses
    the folder when the mistake is mended, as it is not empty.
    """
    from allennlp.commands import train

    original = train.train_model

    @functools.wraps(original)
    def train_model(
        params: Any,
        serialization_dir: Union[str, PathLike],
        recover: bool = False,
        force: bool = False,
        **kwargs: Any,
    ) -> Any:
        is_there = os.path.isdir(serialization_dir) and os.listdir(serialization_dir)
        try:
            return original(params, serialization_dir, recover, force, **kwargs)
        except Exception as error:
            if (
                (force or not is_there)
                and _is_clear_mistake(error)
                and not glob.glob(os.path.join(glob.escape(str(serialization_dir)), "*.th"))
            ):
                shutil.rmtree(serialization_dir, ignore_errors=True)
            raise

    _replace(train, "train_model", train_model)


def keep_log_out_of_the_console() -> None:
    """
    Keeps what AllenNLP logs out of the console, and all of it in the log file.

    AllenNLP (2.10.1, with any torch) shows every message at the level `INFO`, thousands of lines in
    a training, and `ALLENNLP_LOG_LEVEL`, which is to make it quieter, takes them out of the
    training's log file as well.
    """
    from allennlp.common import logging as common_logging

    original = common_logging.prepare_global_logging

    @functools.wraps(original)
    def prepare_global_logging(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        keep_log_whole()
        quiet_console()

    _replace_everywhere("allennlp", original, prepare_global_logging)
    # `allennlp` and the processes of a distributed training have set up their logging by now.
    quiet_console()


def leave_plugins_unmentioned() -> None:
    """
    Keeps AllenNLP (2.10.1, with any torch) from saying at each start which plugins there are.

    Those that could not be loaded are still errors.
    """
    if not shows_log():
        logging.getLogger("allennlp.common.plugins").setLevel(logging.WARNING)


def show_few_progress_bars() -> None:
    """
    Shows AllenNLP's progress bars only on a terminal, and only as long as they move.

    AllenNLP (2.10.1, with any torch) has two for each epoch of a training, which stay, and draws
    them into files, too. The trainer's are not shown at all: `EpochLines` has one for all epochs.
    The log has all of them, and `--file-friendly-logging` shows them as lines, as it did.
    """
    from allennlp.common import logging as common_logging
    from allennlp.common import tqdm as allennlp_tqdm
    from allennlp.training import gradient_descent_trainer

    original_write = allennlp_tqdm.TqdmToLogsWriter.write
    original_tqdm = allennlp_tqdm.Tqdm.tqdm

    class TrainerWriter(allennlp_tqdm.TqdmToLogsWriter):
        pass

    @functools.wraps(original_write)
    def write(self: allennlp_tqdm.TqdmToLogsWriter, message: str) -> None:
        is_shown = (
            shows_log()
            or common_logging.FILE_FRIENDLY_LOGGING
            or (sys.stderr.isatty() and not isinstance(self, TrainerWriter))
        )
        screen = sys.stderr if is_shown else io.StringIO()
        _replace(allennlp_tqdm, "sys", types.SimpleNamespace(stderr=screen))
        original_write(self, message)

    @functools.wraps(original_tqdm)
    def tqdm(*args: Any, **kwargs: Any) -> Any:
        if not shows_log() and not common_logging.FILE_FRIENDLY_LOGGING:
            kwargs = {"leave": not sys.stderr.isatty(), **kwargs}
        return original_tqdm(*args, **kwargs)

    def trainer_tqdm(*args: Any, **kwargs: Any) -> Any:
        return tqdm(*args, **{"file": TrainerWriter(), **kwargs})

    _replace(allennlp_tqdm.TqdmToLogsWriter, "write", write)
    _replace(allennlp_tqdm.Tqdm, "tqdm", staticmethod(tqdm))
    _replace(gradient_descent_trainer, "Tqdm", types.SimpleNamespace(tqdm=trainer_tqdm))


def show_trainings() -> None:
    """
    Shows of a training what it is about, a line for each epoch, and what came of it.

    AllenNLP (2.10.1, with any torch) says all this in its log alone.
    """
    from allennlp.commands import train
    from allennlp.training import gradient_descent_trainer

    from dts_ee.training.epoch_lines import EpochLines

    original_init = train.TrainModel.__init__
    original_finish = train.TrainModel.finish
    original_archive_model = train.archive_model
    original_train_model = train.train_model

    @functools.wraps(original_init)
    def init(self: train.TrainModel, *args: Any, **kwargs: Any) -> None:
        # What it needs is mended by then.
        from dts_ee.training.announcement import announce

        original_init(self, *args, **kwargs)
        announce(self)

    @functools.wraps(original_finish)
    def finish(self: train.TrainModel, metrics: Dict[str, Any]) -> None:
        original_finish(self, metrics)
        from dts_ee.training.epoch_line import figures

        test = figures(metrics, "test_", [])
        if test:
            say(f"test {test}", sys.stdout)

    @functools.wraps(original_archive_model)
    def archive_model(serialization_dir: Union[str, PathLike], *args: Any, **kwargs: Any) -> None:
        original_archive_model(serialization_dir, *args, **kwargs)
        say(f"the model is {os.path.join(serialization_dir, 'model.tar.gz')}", sys.stdout)

    @functools.wraps(original_train_model)
    def train_model(*args: Any, **kwargs: Any) -> Any:
        model = original_train_model(*args, **kwargs)
        arguments = inspect.signature(original_train_model).bind(*args, **kwargs).arguments
        if arguments.get("dry_run"):
            say("a dry run: nothing was trained", sys.stdout)
        return model

    _replace(train.TrainModel, "__init__", init)
    _replace(train.TrainModel, "finish", finish)
    _replace(train, "archive_model", archive_model)
    _replace_everywhere("allennlp", original_train_model, train_model)
    callbacks = (*gradient_descent_trainer.DEFAULT_CALLBACKS, EpochLines)
    _replace(gradient_descent_trainer, "DEFAULT_CALLBACKS", callbacks)


def mend_distributed_trainings_from_the_start() -> None:
    """
    Loads this package in the processes of a distributed training before anything is done there.

    AllenNLP (2.10.1, with any torch) sets up their logging and loads their other plugins first.
    """
    from allennlp.commands import train

    spawn = train.mp.spawn

    def spawn_workers(function: Callable, args: Any, nprocs: int) -> Any:
        return spawn(_train_worker, args=args, nprocs=nprocs)

    _replace(train, "mp", types.SimpleNamespace(spawn=spawn_workers))


def _train_worker(*args: Any) -> Any:
    """AllenNLP's function of this name: whoever looks for this one imports this module."""
    from allennlp.commands import train

    return train._train_worker(*args)


def evaluate_with_a_table() -> None:
    """
    Makes `evaluate` print a table of what it finds.

    AllenNLP (2.10.1, with any torch) writes the metrics to a file where it is given one, and prints
    nothing but its log.
    """
    from allennlp.evaluation import Evaluator

    _replace(Evaluator, "default_implementation", "documents")


def _replace(owner: Any, name: str, replacement: Any) -> None:
    """Replaces an attribute of a module or class."""
    setattr(owner, name, replacement)


def _replace_everywhere(package: str, original: Callable, replacement: Callable) -> None:
    """Replaces a function in all modules of a package: where it is defined, and where imported."""
    for name, module in list(sys.modules.items()):
        if name == package or name.startswith(f"{package}."):
            for attribute, value in list(vars(module).items()):
                if value is original:
                    _replace(module, attribute, replacement)


PATCHES: List[Callable[[], None]] = [
    import_torchvision_quietly,
    keep_log_out_of_the_console,
    import_plugins_without_downloads,
    import_submodules_in_one_pass,
    ask_torch_whether_it_compiles,
    let_jsonnet_ask_for_variables,
    allow_numpy_in_training_state,
    write_checkpoints_whole,
    write_archives_whole_and_uncompressed,
    recover_moving_averages,
    register_reduce_on_plateau,
    name_autocast_by_its_new_path,
    rescale_sparse_gradients,
    check_for_gpu_first,
    lock_progress_bars_in_the_workers_context,
    report_errors_in_one_line,
    require_keys_of_print_results,
    say_where_in_the_configuration,
    say_what_is_no_archive,
    leave_no_folder_of_a_mistake,
    load_archives_by_name,
    leave_plugins_unmentioned,
    show_few_progress_bars,
    show_trainings,
    mend_distributed_trainings_from_the_start,
    evaluate_with_a_table,
]
"""The patches in the order in which they are applied."""


@functools.cache
def apply() -> None:
    """Applies every patch once, however often it is called."""
    for patch in PATCHES:
        patch()


apply()
