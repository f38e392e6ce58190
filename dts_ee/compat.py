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

import functools
import importlib
import inspect
import io
import logging
import os
import pkgutil
import sys
import tarfile
import types
import warnings
from contextlib import AbstractContextManager, contextmanager, suppress
from os import PathLike
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Set, Type, Union

from packaging.version import Version

from dts_ee.console import keep_log_whole, quiet_console, say, shows_log
from dts_ee.quick_imports import quick_imports

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
    allow_numpy_in_training_state,
    write_checkpoints_whole,
    write_archives_whole_and_uncompressed,
    recover_moving_averages,
    register_reduce_on_plateau,
    name_autocast_by_its_new_path,
    rescale_sparse_gradients,
    check_for_gpu_first,
    lock_progress_bars_in_the_workers_context,
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
