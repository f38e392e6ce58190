"""With a module that keeps what it gets, in place of wandb."""

import json
import sys
import types
from contextlib import suppress
from importlib.machinery import ModuleSpec

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.training import TrainerCallback

from dts_ee.compat import wandb_callback
from dts_ee.training.tracked_run import RUN_VARIABLE


@pytest.fixture
def calls(monkeypatch):
    """What wandb was called with: like a current one, it makes no ids and takes no `anonymous`."""
    calls: list = []

    def init(*, id, dir, project, entity, group, name, notes, config, tags, **further):
        calls.append(("init", id, name, group, further))

    content = {
        "init": init,
        "save": lambda path, base_path: None,
        "finish": lambda exit_code: calls.append(("finish", exit_code)),
        "__spec__": ModuleSpec("wandb", None),
    }
    module = types.ModuleType("wandb")
    vars(module).update(content)
    monkeypatch.setitem(sys.modules, "wandb", module)
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    return calls


@pytest.fixture
def make(tmp_path):
    """Makes a callback for the folder `seed_3`, from its configuration."""
    folder = tmp_path / "seed_3"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"random_seed": 3}))

    def make(**settings):
        params = Params({"type": "wandb", "watch_model": False, **settings})
        return TrainerCallback.from_params(params, serialization_dir=str(folder))

    return make


def test_a_training_that_is_recovered_has_failed_first(calls, make, tmp_path):
    first = make()
    first.on_start(None)
    with suppress(KeyboardInterrupt):
        try:
            raise KeyboardInterrupt
        finally:
            first.on_end(None)
    second = make()
    second.load_state_dict(first.state_dict())
    second.on_start(None)
    second.on_end(None)
    (_, id, *started), failed, recovered, ended = calls
    assert len(id) == 8
    name = str(tmp_path / "seed_3")
    assert started == [name, None, {}]
    assert failed == ("finish", 1)
    assert recovered == ("init", id, name, None, {"resume": "allow"})
    assert ended == ("finish", 0)


def test_the_runs_of_an_experiment_are_a_group(calls, make, monkeypatch, tmp_path):
    monkeypatch.setenv(RUN_VARIABLE, "seed 3")
    make().on_start(None)
    make(name="news", group="mine", wandb_kwargs={"job_type": "test"}).on_start(None)
    group = str(tmp_path)
    assert [call[2:] for call in calls] == [
        (f"{group}/seed_3", group, {"job_type": "seed"}),
        ("news/seed_3", "mine", {"job_type": "test"}),
    ]
    assert calls[0][1] != calls[1][1]


def test_a_worker_of_a_distributed_training_tracks_nothing(calls, make):
    callback = make()
    callback.on_start(None, is_primary=False)
    callback.on_end(None, is_primary=False)
    assert calls == []


def test_without_wandb_it_says_what_to_install(make, monkeypatch):
    monkeypatch.setattr(wandb_callback, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="pip install wandb"):
        make()
