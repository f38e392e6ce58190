import importlib
import inspect
import io
import json
import logging
import pickle
import re
import sys
import tarfile
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any, List, Optional

import numpy
import pytest
import torch
from allennlp import commands
from allennlp.commands import evaluate, predict, train
from allennlp.commands.train import TrainModel, train_model
from allennlp.common import FromParams, Lazy, Params, Registrable, plugins, util
from allennlp.common import logging as common_logging
from allennlp.common import tqdm as allennlp_tqdm
from allennlp.common.checks import ConfigurationError, check_for_gpu
from allennlp.data import Vocabulary
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.dataset_readers import SequenceTaggingDatasetReader
from allennlp.evaluation import Evaluator
from allennlp.models import Model, archival
from allennlp.models.archival import archive_model, extracted_archive, load_archive
from allennlp.training import (
    Checkpointer,
    GradientDescentTrainer,
    Trainer,
    gradient_descent_trainer,
)
from allennlp.training.learning_rate_schedulers import LearningRateScheduler
from allennlp.training.trainer import TrainerCheckpoint

from dts_ee import compat
from dts_ee.errors import MISTAKE, explain


def trainer_after(epochs: int) -> Any:
    """A trainer as `Checkpointer.save_checkpoint` sees it."""
    position = {"epochs_completed": epochs, "batches_in_epoch_completed": 0}
    state = TrainerCheckpoint({"weight": torch.ones(1000) * epochs}, position)
    return SimpleNamespace(get_checkpoint_state=lambda: state)


def test_plugins_download_nothing_while_they_are_imported(tmp_path, monkeypatch):
    import nltk

    downloads = []

    def download(name: str) -> bool:
        downloads.append(name)
        return True

    (tmp_path / "downloading_plugin.py").write_text("import nltk\nnltk.download('punkt')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(nltk, "download", download)
    monkeypatch.setattr(plugins, "DEFAULT_PLUGINS", ("downloading_plugin",))

    plugins.import_plugins()

    assert "downloading_plugin" in sys.modules
    assert downloads == []
    nltk.download("punkt")
    assert downloads == ["punkt"]


def test_main_uses_the_patched_import_of_plugins():
    assert commands.import_plugins is plugins.import_plugins


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The name of a package of several modules, some of which fail when they are imported."""
    for module in ("__init__", "one", "sub/__init__", "sub/two", "left_out/__init__"):
        path = tmp_path / "submodules_package" / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for module in ("left_out/three", "_private", "test_one", "sub/tests_of_two"):
        path = tmp_path / "submodules_package" / f"{module}.py"
        path.write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return "submodules_package"


def test_the_public_submodules_of_a_package_are_imported(package):
    util.import_module_and_submodules(package, exclude={f"{package}.left_out"})
    imported = {name for name in sys.modules if name.startswith(package)}
    assert imported == {package, *(f"{package}.{name}" for name in ("one", "sub", "sub.two"))}


def test_submodules_that_cannot_be_imported_are_an_error(package):
    with pytest.raises(RuntimeError, match="imported"):
        util.import_module_and_submodules(package)


def test_other_packages_with_the_name_of_a_subpackage_are_not_imported(
    package, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere" / "sub").mkdir(parents=True)
    (tmp_path / "elsewhere" / "sub" / "__init__.py").write_text("raise RuntimeError\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    util.import_module_and_submodules(f"{package}.sub")
    util.import_module_and_submodules(package, exclude={f"{package}.left_out"})
    assert "sub" not in sys.modules


def test_modules_of_the_working_directory_that_were_just_written_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    (tmp_path / "just_written.py").write_text("VALUE = 1\n")
    util.import_module_and_submodules("just_written")
    assert sys.modules.pop("just_written").VALUE == 1
    assert sys.path == path


def test_folders_are_listed_once_for_all_submodules(package, monkeypatch):
    calls: list[None] = []
    monkeypatch.setattr(importlib, "invalidate_caches", lambda: calls.append(None))
    util.import_module_and_submodules(package, exclude={f"{package}.left_out"})
    assert len(calls) == 1


def test_all_of_allennlp_uses_the_patched_import_of_submodules():
    assert commands.import_module_and_submodules is util.import_module_and_submodules
    assert plugins.import_module_and_submodules is util.import_module_and_submodules


@pytest.mark.parametrize(
    "value",
    [
        numpy.float64(0.5),
        numpy.float32(0.5),
        numpy.int64(3),
        numpy.int32(3),
        numpy.bool_(True),
        numpy.arange(3.0),
    ],
    ids=lambda value: type(value).__name__ + str(value.dtype),
)
def test_numpy_values_in_a_training_state_are_loaded(tmp_path, value):
    torch.save({"learning_rate_scheduler": {"last_values": [value]}}, tmp_path / "state.th")
    loaded = torch.load(tmp_path / "state.th")["learning_rate_scheduler"]["last_values"][0]
    assert type(loaded) is type(value)
    numpy.testing.assert_array_equal(loaded, value)


def test_a_checkpoint_half_written_leaves_the_one_before(tmp_path, monkeypatch):
    checkpointer = Checkpointer(tmp_path)
    checkpointer.save_checkpoint(trainer_after(1))
    whole_save = torch.save
    half_written = []

    def killed_while_saving(state, path):
        whole_save(state, path)
        content = Path(path).read_bytes()
        Path(path).write_bytes(content[: len(content) // 2])
        half_written.append(path)
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed_while_saving)
    with pytest.raises(KeyboardInterrupt):
        checkpointer.save_checkpoint(trainer_after(2))

    assert half_written
    loaded = Checkpointer(tmp_path).load_checkpoint()
    assert loaded is not None
    assert loaded.trainer_state["epochs_completed"] == 1


def test_a_model_state_without_a_trainer_state_is_dropped(tmp_path):
    checkpointer = Checkpointer(tmp_path)
    checkpointer.save_checkpoint(trainer_after(1))
    checkpointer.save_checkpoint(trainer_after(2))
    (tmp_path / "training_state_e2_b0.th").unlink()

    loaded = Checkpointer(tmp_path).load_checkpoint()

    assert loaded is not None
    assert loaded.trainer_state["epochs_completed"] == 1
    assert not (tmp_path / "model_state_e2_b0.th").exists()


def test_the_best_model_half_written_leaves_the_one_before(tmp_path, monkeypatch):
    trainer: Any = SimpleNamespace(model=torch.nn.Linear(1, 1), _ddp_wrapped_model=None)
    best = tmp_path / "best.th"
    GradientDescentTrainer._save_model_state(trainer, str(best))
    before = best.read_bytes()

    def killed_while_saving(state, path):
        Path(path).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed_while_saving)
    with pytest.raises(KeyboardInterrupt):
        GradientDescentTrainer._save_model_state(trainer, str(best))
    assert best.read_bytes() == before


NUM_BYTES = 100_000


@pytest.fixture
def trained(tmp_path) -> Path:
    """A folder of the files that AllenNLP puts into an archive, the weights well compressible."""
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "labels.txt").write_text("O\n")
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "meta.json").write_text("{}")
    (tmp_path / "best.th").write_bytes(bytes(NUM_BYTES))
    return tmp_path


def test_an_archive_is_a_gzipped_tar_and_not_compressed(trained):
    path = Path(archive_model(trained))
    assert path == trained / "model.tar.gz"
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert path.stat().st_size > NUM_BYTES
    with extracted_archive(path) as folder:
        assert (Path(folder) / "weights.th").read_bytes() == bytes(NUM_BYTES)
        assert (Path(folder) / "vocabulary" / "labels.txt").read_text() == "O\n"
    assert not (trained / "model.tar.gz.partial").exists()


def test_compressed_archives_of_before_are_read(trained):
    with tarfile.open(trained / "model.tar.gz", "w:gz") as archive:
        archive.add(trained / "config.json", arcname="config.json")
    with extracted_archive(trained / "model.tar.gz") as folder:
        assert (Path(folder) / "config.json").read_text() == "{}"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("the disk is full")])
def test_an_archive_half_written_leaves_the_one_before(trained, monkeypatch, error):
    path = Path(archive_model(trained))
    before = path.read_bytes()
    whole_add = tarfile.TarFile.add

    def interrupted_add(self, name, arcname=None, **options):
        if arcname == "vocabulary":
            raise error
        whole_add(self, name, arcname, **options)

    monkeypatch.setattr(tarfile.TarFile, "add", interrupted_add)
    with pytest.raises(type(error)):
        archive_model(trained)
    assert path.read_bytes() == before
    assert sorted(each.name for each in trained.glob("model*")) == ["model.tar.gz"]


def test_reduce_on_plateau_is_built_reduces_and_says_so(caplog, capsys):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = LearningRateScheduler.from_params(
        Params({"type": "reduce_on_plateau", "patience": 0, "factor": 0.5, "verbose": True}),
        optimizer=optimizer,
    )
    caplog.clear()
    with caplog.at_level("INFO"):
        scheduler.step(1.0)
        assert optimizer.param_groups[0]["lr"] == 1.0
        assert "educ" not in caplog.text
        scheduler.step(2.0)
    assert optimizer.param_groups[0]["lr"] == 0.5
    # torch < 2.2 prints it itself.
    assert "educ" in caplog.text + capsys.readouterr().out


def test_a_batch_enters_autocast_without_a_deprecation():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        with gradient_descent_trainer.amp.autocast(False):
            assert not torch.is_autocast_enabled()


def gradient_of(parameter: torch.nn.Parameter) -> torch.Tensor:
    assert parameter.grad is not None
    return parameter.grad


@pytest.mark.parametrize("max_norm", [0.5, 1000.0])
def test_sparse_gradients_are_rescaled_like_dense_ones(max_norm):
    norms, gradients = [], []
    for sparse in (False, True):
        torch.manual_seed(0)
        embedding = torch.nn.Embedding(5, 3, sparse=sparse)
        projection = torch.nn.Linear(3, 2)
        # Token 1 occurs twice: its two gradients have to be added before they are measured.
        projection(embedding(torch.tensor([1, 1, 4]))).pow(2).sum().backward()
        parameters = [*embedding.parameters(), *projection.parameters()]
        norm = gradient_descent_trainer.clip_grad_norm_(parameters, max_norm)
        norms.append(norm.item())
        gradients.append([gradient_of(parameter).to_dense() for parameter in parameters])
    assert norms[0] == pytest.approx(norms[1])
    for dense, sparse in zip(*gradients):
        torch.testing.assert_close(dense, sparse)
    total = torch.stack([gradient.norm() for gradient in gradients[1]]).norm().item()
    assert total == pytest.approx(min(max_norm, norms[1]), rel=1e-4)


NO_SUCH_GPU = 1000


def test_a_missing_gpu_is_a_configuration_error():
    assert util.int_to_device(NO_SUCH_GPU) == torch.device("cuda", NO_SUCH_GPU)
    assert util.int_to_device(-1) == torch.device("cpu")
    with pytest.raises(ConfigurationError, match="GPU"):
        check_for_gpu(NO_SUCH_GPU)


def test_loading_a_model_onto_a_missing_gpu_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError, match="GPU"):
        Model.load(Params({"model": {"type": "simple_tagger"}}), tmp_path, cuda_device=NO_SUCH_GPU)


def test_workers_can_be_spawned(tmp_path):
    data = tmp_path / "data.tsv"
    data.write_text("The###DET\tcat###NN\nA###DET\tdog###NN\n")
    loader = MultiProcessDataLoader(
        SequenceTaggingDatasetReader(),
        str(data),
        batch_size=1,
        num_workers=1,
        start_method="spawn",
    )
    loader.index_with(Vocabulary.from_instances(SequenceTaggingDatasetReader().read(str(data))))
    assert sum(1 for _ in loader) == 2


def test_every_way_to_load_an_archive_takes_a_name(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("DTS_EE_MODELS", str(tmp_path / "models"))
    (tmp_path / "models").mkdir()
    archive_model(trained, archive_path=tmp_path / "models" / "news.tar.gz")

    class Found(Exception):
        pass

    def refuse(path):
        raise Found(path)

    monkeypatch.setattr(archival, "cached_path", refuse)
    for load in (archival.load_archive, evaluate.load_archive, predict.load_archive):
        with pytest.raises(Found, match=f"^{tmp_path / 'models' / 'news.tar.gz'}$"):
            load("news")


class Part(Registrable):
    """Something that a configuration names by its type."""


@Part.register("long_name")
class LongName(Part):
    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError("size is below 0")


@Part.register("open")
class OpenPart(LongName):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Whole(FromParams):
    def __init__(
        self,
        part: Part,
        parts: Optional[List[Part]] = None,
        later: Optional[Lazy[Part]] = None,
        threshold: float = 0.5,
    ) -> None:
        if later is not None:
            later.construct()


GOOD = {"type": "long_name", "size": 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"part": GOOD, "treshold": 0.1},
            "treshold: there is no such key; did you mean threshold?",
        ),
        (
            {"part": GOOD, "x": 0.1},
            "x: there is no such key; the keys are later, part, parts, thres",
        ),
        ({"part": {**GOOD, "syze": 1}}, "part.syze: there is no such key; did you mean size?"),
        (
            {"part": {"type": "open", "size": 1, "syze": 1}},
            "part.syze: there is no such key; did you mean size?",
        ),
        (
            {"part": {**GOOD, "type": "long"}},
            "part.type: there is no 'long'; did you mean long_name?",
        ),
        ({"part": "lon_name"}, "part.type: there is no 'lon_name'; did you mean long_name?"),
        ({"part": "xyz"}, "part.type: there is no 'xyz'; there are long_name, open"),
        ({"part": "long_name"}, "part.size: this key is missing, and it has no default"),
        ({"part": {"size": 1}}, "part.type: this key is missing, and it has no default"),
        ({"threshold": 1}, "part: this key is missing, and it has no default"),
        ({"part": None}, "part: this key needs a value"),
        ({"part": {**GOOD, "size": "x"}}, "part.size: this should be a whole number"),
        ({"part": {**GOOD, "size": -1}}, "part: size is below 0"),
        ({"part": GOOD, "threshold": "x"}, "threshold: this should be a number"),
        (
            {"part": GOOD, "parts": [GOOD, {**GOOD, "size": "x"}]},
            "parts.1.size: this should be a w",
        ),
        (
            {"part": GOOD, "later": {**GOOD, "size": "x"}},
            "later.size: this should be a whole number",
        ),
        ({"part": GOOD, "later": "lon_name"}, "later.type: there is no 'lon_name'; did you mean l"),
    ],
)
def test_a_mistake_in_a_configuration_has_its_place(settings, message):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        Whole.from_params(Params({"whole": json.loads(json.dumps(settings))}).pop("whole"))
    explanation = explain(raised.value)
    assert explanation.message.startswith(f"whole.{message}")
    assert explanation.status == MISTAKE


def test_a_configuration_without_mistakes_is_built():
    settings = {"part": GOOD, "parts": [GOOD, {"type": "open", "size": 2}], "later": GOOD}
    Whole.from_params(Params(json.loads(json.dumps(settings))))


def test_a_key_that_the_trainer_would_drop_is_refused():
    with pytest.raises(ConfigurationError, match="num_epocs: .*; did you mean num_epochs?"):
        Trainer.from_params(Params({"num_epocs": 3}))


def test_a_key_of_the_experiment_is_near_to_those_that_are_taken_out_before():
    with pytest.raises(ConfigurationError, match="random_sed: .*; did you mean random_seed?"):
        TrainModel.from_params(Params({"random_sed": 3}))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ('{"modle.x": 1}', "--overrides: modle: there is no such key; did you mean model?"),
        (
            '{"model.encodr.x": 1}',
            "--overrides: model.encodr: there is no such key; did you mean e",
        ),
        ("3", "--overrides: this is no JSON object"),
        ('{"model.encoder.size.x": 1}', "--overrides: overrides for 'model.encoder.size.\\*'"),
    ],
)
def test_overrides_of_what_is_not_there(overrides, message, tmp_path):
    (tmp_path / "a.json").write_text('{"model": {"encoder": {"size": 3}}}')
    with pytest.raises(ConfigurationError, match=message):
        Params.from_file(tmp_path / "a.json", overrides)


def test_a_folder_or_a_list_is_no_configuration(tmp_path):
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        Params.from_file(tmp_path)
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(ConfigurationError, match=r"a\.json: this is no configuration"):
        Params.from_file(tmp_path / "a.json")


def test_a_folder_without_a_model_is_no_archive(tmp_path):
    with pytest.raises(ConfigurationError, match=r"not the folder of a training \(config\.json"):
        load_archive(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"its first epoch \(best\.th is missing"):
        load_archive(tmp_path)
    with pytest.raises(ConfigurationError, match="nowhere: there is no such file or folder"):
        load_archive(tmp_path / "nowhere")


def test_a_file_that_is_no_archive_is_named(trained, tmp_path):
    (tmp_path / "notes.txt").write_text("Ida Holm works for Nordlys.")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "notes.txt", "notes.txt")
    content = Path(archive_model(trained)).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(content[: len(content) // 2])
    for name in ("notes.txt", "other.tar.gz", "cut.tar.gz"):
        with pytest.raises(ConfigurationError, match=f"{name}: this is no model.tar.gz"):
            load_archive(tmp_path / name)


def test_a_mistake_leaves_no_folder_of_a_training(tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="modle: there is no such key"):
            train_model(Params({"modle": {}}), out)
        assert not out.exists()


def test_an_unexpected_error_leaves_the_folder_with_its_log(tmp_path, monkeypatch):
    def fail(**kwargs: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(TrainModel, "from_params", fail)
    with pytest.raises(MemoryError):
        train_model(Params({}), tmp_path / "out")
    assert (tmp_path / "out" / "out.log").exists()


def test_a_mistake_leaves_a_folder_that_was_there(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigurationError, match="not empty"):
        train_model(Params({"modle": {}}), tmp_path)
    assert (tmp_path / "notes.txt").exists()


def test_allennlps_commands_have_the_parser_that_names_the_nearest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["allennlp", "train", "a.jsonnet", "--serialisation-dir", "b"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == MISTAKE
    assert "did you mean --serialization-dir?" in capsys.readouterr().err


def test_allennlps_commands_report_their_errors(monkeypatch, capsys, tmp_path):
    config, out = str(tmp_path / "a.jsonnet"), str(tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["allennlp", "train", config, "-s", out, "--debug"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == MISTAKE
    error = capsys.readouterr().err
    assert error.startswith("Traceback")
    assert error.endswith(f"error: {config}: there is no such file\n")


def test_print_results_asks_for_keys(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["allennlp", "print-results", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == MISTAKE
    assert "-k/--keys" in capsys.readouterr().err


def test_applying_the_patches_again_changes_nothing():
    before = [
        plugins.import_plugins,
        util.import_module_and_submodules,
        gradient_descent_trainer.clip_grad_norm_,
        Checkpointer.load_checkpoint,
        inspect.getattr_static(Model, "load"),
    ]
    compat.apply()
    after = [
        plugins.import_plugins,
        util.import_module_and_submodules,
        gradient_descent_trainer.clip_grad_norm_,
        Checkpointer.load_checkpoint,
        inspect.getattr_static(Model, "load"),
    ]
    assert before == after


@pytest.mark.parametrize("level", [None, "ERROR"])
def test_the_log_file_has_everything_and_the_console_warnings_alone(
    level, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["allennlp", "train"])
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)
    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    if level is not None:
        monkeypatch.setenv("ALLENNLP_LOG_LEVEL", level)
    common_logging.prepare_global_logging(tmp_path)
    logger = logging.getLogger("some.module")
    logger.info("a parameter")
    logger.warning("a type has few examples")
    logger.error("a file is missing")
    messages = [line.split(" - ")[-1] for line in (tmp_path / "out.log").read_text().splitlines()]
    assert messages == ["a parameter", "a type has few examples", "a file is missing"]
    warning = "" if level == "ERROR" else "warning: a type has few examples\n"
    assert capsys.readouterr() == ("", f"{warning}error: a file is missing\n")


def test_the_log_is_on_the_console_where_it_is_wanted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["allennlp", "train"])
    monkeypatch.setenv("ALLENNLP_LOG_LEVEL", "INFO")
    common_logging.prepare_global_logging(tmp_path)
    logging.getLogger("some.module").info("a parameter")
    assert capsys.readouterr().out.endswith(" - INFO - some.module - a parameter\n")


def test_plugins_are_mentioned_only_where_they_are_not_loaded():
    assert logging.getLogger("allennlp.common.plugins").getEffectiveLevel() == logging.WARNING


def test_progress_bars_are_in_the_log_and_not_in_files(monkeypatch, capsys):
    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)
    logged: List[str] = []
    monkeypatch.setattr(allennlp_tqdm.logger, "info", logged.append)
    for bars in (allennlp_tqdm.Tqdm, gradient_descent_trainer.Tqdm):
        logged.clear()
        assert list(bars.tqdm([1, 2], desc="reading")) == [1, 2]
        assert "reading: 100%" in logged[-1]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(common_logging, "FILE_FRIENDLY_LOGGING", True)
    for bars in (allennlp_tqdm.Tqdm, gradient_descent_trainer.Tqdm):
        list(bars.tqdm([1, 2], desc="reading"))
        assert "reading: 100%" in capsys.readouterr().err


def test_the_trainers_own_bars_are_not_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    list(gradient_descent_trainer.Tqdm.tqdm([1, 2], desc="training"))
    assert terminal.getvalue() == ""
    list(allennlp_tqdm.Tqdm.tqdm([1, 2], desc="reading"))
    # It goes once it is full.
    assert "reading:" in terminal.getvalue() and terminal.getvalue().endswith("\r")


def test_every_trainer_shows_its_epochs():
    names = [callback.__name__ for callback in gradient_descent_trainer.DEFAULT_CALLBACKS]
    assert names == ["ConsoleLoggerCallback", "EpochLines"]


def test_evaluators_print_a_table_unless_another_is_named():
    assert type(Evaluator.from_params(Params({}))).__name__ == "DocumentEvaluator"
    assert type(Evaluator.from_params(Params({"type": "simple"}))).__name__ == "SimpleEvaluator"


def test_the_processes_of_a_distributed_training_load_this_package_first(monkeypatch):
    started = []
    monkeypatch.setattr(train, "_train_worker", lambda *args: started.append(args))
    train.mp.spawn(train._train_worker, args=("params",), nprocs=0)
    # What a process is started with is found by its module, which is imported for it.
    assert compat._train_worker.__module__ == "dts_ee.compat"
    assert pickle.loads(pickle.dumps(compat._train_worker)) is compat._train_worker
    compat._train_worker(0, "params")
    assert started == [(0, "params")]
