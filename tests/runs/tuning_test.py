import json
import multiprocessing
import time

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived
from optuna.trial import TrialState

from dts_ee.runs import tuning
from dts_ee.runs.search_space import Dimension
from dts_ee.runs.settings import load_settings
from dts_ee.runs.tuning import (
    Candidate,
    Search,
    TrialFailed,
    best_trials,
    check_study,
    open_study,
    run_trials,
    train_with_seeds,
)
from dts_ee.runs.tuning_report import candidates_table, write_best

SETTINGS = {
    "model": {"dropout": 0.0, "size": 1},
    "trainer": {"num_epochs": 3, "validation_metric": "+mean_f1"},
    "validation_data_path": "dev.json",
    "test_data_path": "test.json",
    "evaluate_on_test": True,
}
SPACE = [
    Dimension("model.dropout", "float", 0.0, 1.0),
    Dimension("model.size", "categorical", choices=[[1], [2]]),
]

TRAIN = """
    import json
    settings = json.loads((folder / "config.json").read_text())
    assert not {"test_data_path", "evaluate_on_test"} & settings.keys()
    f1 = 1 - abs(settings["model"]["dropout"] - 0.25)
    for epoch in range(3):
        metrics = {"training_loss": 1.0, "validation_mean_f1": f1 * (epoch + 1) / 3}
        (folder / f"metrics_epoch_{epoch}.json").write_text(json.dumps(metrics))
    (folder / "metrics.json").write_text(json.dumps({"best_validation_mean_f1": f1}))
    (folder / "model.tar.gz").write_text("")
"""
"""Stands in for a training whose F1 is best with a dropout of 0.25."""


@pytest.fixture
def search(tmp_path):
    return Search(SETTINGS, SPACE, tmp_path / "out")


@pytest.fixture
def storage(tmp_path):
    return f"sqlite:///{tmp_path / 'study.db'}"


def f1_of(dropout):
    return 1 - abs(dropout - 0.25)


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_trials_are_scored_by_the_validation_metric_of_their_best_epoch(
    trains, search, storage, tmp_path, kind
):
    trains(TRAIN)
    study = open_study(
        "a", storage if kind == "sqlite" else f"journal:{tmp_path / 'a.log'}", "none"
    )
    run_trials(search, study, 3)
    trials = study.trials
    assert [trial.state for trial in trials] == [TrialState.COMPLETE] * 3
    for trial in trials:
        assert trial.value == pytest.approx(f1_of(trial.params["model.dropout"]))
        thirds = [trial.value / 3, 2 * trial.value / 3, trial.value]
        assert list(trial.intermediate_values.values()) == pytest.approx(thirds)
        stored = json.loads(
            (tmp_path / "out" / f"trial_{trial.number}" / "config.json").read_text()
        )
        assert stored["model"]["dropout"] == trial.params["model.dropout"]
        assert stored["model"]["size"] == json.loads(trial.params["model.size"])
        # The model is not kept.
        assert not (tmp_path / "out" / f"trial_{trial.number}" / "model.tar.gz").exists()
    best = best_trials(search, study, 2)
    assert [candidate.score for candidate in best] == sorted(
        (trial.value for trial in trials), reverse=True
    )[:2]
    # There are enough trials already, also for another process.
    run_trials(search, open_study("a", storage, "none") if kind == "sqlite" else study, 3)
    assert len(study.trials) == 3


def test_the_first_trial_is_the_experiment_as_it_is(trains, tmp_path, storage, capsys):
    trains(TRAIN)
    space = [SPACE[0], Dimension("model.size", "categorical", choices=[2, 1])]
    study = open_study("a", storage, "none")
    run_trials(Search(SETTINGS, space, tmp_path / "out"), study, 2)
    assert study.trials[0].params == {"model.dropout": 0.0, "model.size": "1"}
    assert "not in the search space" not in capsys.readouterr().err
    # A study that goes on does not try it again.
    run_trials(Search(SETTINGS, space, tmp_path / "out"), study, 3)
    assert study.trials[2].params["model.dropout"] != 0.0


def test_it_is_said_when_the_experiments_values_are_not_in_the_space(
    trains, search, storage, capsys
):
    trains(TRAIN)
    run_trials(search, open_study("a", storage, "none"), 1)
    assert "its model.size, 1, is not in the search space" in capsys.readouterr().err


def test_a_trial_below_the_median_is_ended_early(trains, search, storage, monkeypatch):
    trains(TRAIN)
    study = open_study("a", storage, "median")
    run_trials(search, study, 5)
    # It would never end.
    trains(
        """
        import json
        (folder / "metrics_epoch_0.json").write_text(json.dumps({"validation_mean_f1": 0.0}))
        time.sleep(1000)
        """
    )
    run_trials(search, study, 6)
    assert study.trials[5].state == TrialState.PRUNED
    assert study.trials[5].intermediate_values == {1: 0.0}


TRAIN_FOLD = """
    import json
    settings = json.loads((folder / "config.json").read_text())
    assert not {"test_data_path", "evaluate_on_test"} & settings.keys()
    f1 = settings["model"]["dropout"] * {"1.json": 1.0, "2.json": 0.5}[settings["train_data_path"]]
    f1 += 0.125 * settings.get("random_seed", 0)
    with (folder / "trainings").open("a") as file:
        file.write("x")
    for name in ("metrics_epoch_0.json", "metrics.json"):
        metrics = {"validation_mean_f1": f1, "best_validation_mean_f1": f1}
        (folder / name).write_text(json.dumps(metrics))
    (folder / "model.tar.gz").write_text("")
"""
"""Stands in for a training of a fold, whose F1 is the dropout in one, half of it in another."""


@pytest.fixture
def search_of_folds(tmp_path):
    folds = {fold: {**SETTINGS, "train_data_path": f"{fold}.json"} for fold in (1, 2)}
    return Search(folds[1], SPACE, tmp_path / "out", folds=folds)


def test_the_score_of_a_trial_is_the_mean_of_its_folds(trains, search_of_folds, storage, capsys):
    trains(TRAIN_FOLD)
    study = open_study("a", storage, "none")
    run_trials(search_of_folds, study, 2)
    printed = capsys.readouterr().err
    for trial in study.trials:
        dropout = trial.params["model.dropout"]
        assert trial.value == pytest.approx(0.75 * dropout)
        assert trial.intermediate_values == pytest.approx({1: dropout, 2: 1.5 * dropout})
        folder = search_of_folds.directory / f"trial_{trial.number}"
        assert {path.name for path in folder.glob("fold_*")} == {"fold_1", "fold_2"}
        assert f"trial {trial.number}: mean {0.75 * dropout:.4f}\n" in printed
    check_study(study, search_of_folds)
    changed = Search(SETTINGS, SPACE, search_of_folds.directory)
    with pytest.raises(ConfigurationError, match="folds was"):
        check_study(study, changed)


def test_a_trial_is_ended_after_a_fold_by_the_sum_of_its_scores(
    trains, search_of_folds, storage, capsys
):
    trains(TRAIN_FOLD)
    study = open_study("a", storage, "median")
    for dropout in (0.5, 0.5, 0.5, 0.5, 0.5, 0.25):
        study.enqueue_trial({"model.dropout": dropout, "model.size": "[1]"})
    run_trials(search_of_folds, study, 6)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 5 + [
        TrialState.PRUNED
    ]
    assert study.trials[5].intermediate_values == {1: 0.25}
    assert "trial 5: pruned after 1 fold\n" in capsys.readouterr().err


def test_a_trial_that_is_taken_up_keeps_its_trained_folds(
    trains, search_of_folds, storage, monkeypatch
):
    trains(TRAIN_FOLD)
    study = open_study("a", storage, "none")
    folder = search_of_folds.directory / "trial_0"

    sleep = time.sleep

    def interrupt(seconds):
        if (folder / "fold_2").exists():
            raise KeyboardInterrupt
        sleep(seconds)

    with monkeypatch.context() as context:
        context.setattr(tuning.time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_trials(search_of_folds, study, 1)
    run_trials(search_of_folds, study, 1)
    assert study.trials[1].state == TrialState.COMPLETE
    assert (folder / "fold_1" / "trainings").read_text() == "x"


def test_seeds_are_trained_on_all_folds(trains, search_of_folds):
    trains(TRAIN_FOLD)
    candidate = Candidate(4, {"model.dropout": 0.5, "model.size": [1]}, 0.9, {})
    (ranked,) = train_with_seeds(search_of_folds, [candidate], [1, 2])
    assert ranked.scores == pytest.approx({1: 0.5, 2: 0.625})
    assert (search_of_folds.directory / "best_4" / "seed_2" / "fold_1" / "model.tar.gz").exists()


def test_the_median_ends_no_trial_in_its_first_third(trains, search_of_folds, storage):
    assert Search(SETTINGS, SPACE, search_of_folds.directory).warmup_steps == 2
    assert search_of_folds.warmup_steps == 1
    trains(TRAIN_FOLD)
    study = open_study("a", storage, "median", warmup_steps=2)
    for dropout in (0.5, 0.5, 0.5, 0.5, 0.5, 0.25):
        study.enqueue_trial({"model.dropout": dropout, "model.size": "[1]"})
    run_trials(search_of_folds, study, 6)
    assert study.trials[5].intermediate_values == {1: 0.25, 2: 0.375}


def test_failures_one_after_the_other_end_the_search(trains, search, storage, capsys):
    trains("print('no such encoder'); sys.exit(2)")
    study = open_study("a", storage, "none")
    with pytest.raises(TrialFailed, match="3 trials failed one after the other: .*exit status 2"):
        run_trials(search, study, 9)
    assert "no such encoder" in capsys.readouterr().err
    # It can go on.
    trains(TRAIN)
    run_trials(search, study, 2)
    states = [trial.state for trial in study.trials]
    assert states == [TrialState.FAIL] * 3 + [TrialState.COMPLETE] * 2


def test_a_trial_does_not_take_up_a_training_of_another_study(trains, search, tmp_path):
    trains(TRAIN)
    storage = f"sqlite:///{tmp_path / 'one.db'}"
    run_trials(search, open_study("a", storage, "none"), 1)
    before = (search.directory / "trial_0" / "config.json").read_text()
    other = open_study("a", f"sqlite:///{tmp_path / 'other.db'}", "none")
    other.enqueue_trial({"model.dropout": 0.75, "model.size": "[1]"})
    with pytest.raises(ConfigurationError, match="trial_0 has a training of another study: .*0.75"):
        run_trials(search, other, 1)
    assert (search.directory / "trial_0" / "config.json").read_text() == before


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SigTermReceived])
def test_an_interrupted_trial_is_taken_up_at_once(trains, search, storage, monkeypatch, signal):
    trains("(folder / 'began').write_text(''); time.sleep(1000)")
    study = open_study("a", storage, "none")

    def interrupt(seconds):
        if (search.directory / "trial_0" / "began").exists():
            raise signal

    with monkeypatch.context() as context:
        context.setattr(tuning.time, "sleep", interrupt)
        with pytest.raises(signal):
            run_trials(search, study, 1)
    trains(TRAIN)
    run_trials(search, open_study("a", storage, "none"), 1)
    first, second = study.trials
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert second.params == first.params
    assert second.user_attrs["folder"] == str(search.directory / "trial_0")


def test_a_trial_whose_process_was_killed_is_taken_up_by_another(
    trains, search, storage, monkeypatch
):
    monkeypatch.setattr(tuning, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(tuning, "GRACE_SECONDS", 1)
    study = open_study("a", storage, "none")
    # A process that is killed leaves a running trial whose heart beats no more.
    trial = study.ask()
    params = {dimension.key: dimension.suggest(trial) for dimension in SPACE}
    study._storage.record_heartbeat(trial._trial_id)
    time.sleep(2.1)
    trains(TRAIN)
    run_trials(search, open_study("a", storage, "none"), 1)
    first, second = study.trials
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert second.params["model.dropout"] == params["model.dropout"]
    assert second.user_attrs["folder"] == str(search.directory / "trial_0")


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_trial_whose_process_was_killed_is_taken_up_at_once_in_its_folder(
    trains, search, storage, tmp_path, kind
):
    if kind == "journal":
        storage = f"journal:{tmp_path / 'a.log'}"
    # It ends a while after its parent.
    trains(
        """
        parent = os.getppid()
        (folder / "began").write_text("")
        while os.getppid() == parent:
            time.sleep(0.05)
        time.sleep(0.5)
        """
    )
    process = multiprocessing.get_context("fork").Process(
        target=lambda: run_trials(search, open_study("a", storage, "none"), 1)
    )
    process.start()
    while not (search.directory / "trial_0" / "began").exists():
        time.sleep(0.02)
    study = open_study("a", storage, "none")
    # A living process keeps its trial.
    tuning._queue_killed_again(search, study)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING]
    process.kill()
    process.join()
    trains(TRAIN)
    run_trials(search, study, 1)
    first, second = study.trials
    assert (first.state, second.state) == (TrialState.FAIL, TrialState.COMPLETE)
    assert second.params == first.params
    assert second.user_attrs["folder"] == str(search.directory / "trial_0")


def test_trials_of_another_folder_are_left_to_their_processes(search, storage, tmp_path):
    study = open_study("a", storage, "none")
    search.directory.mkdir()

    def ask(directory, locked):
        trial = study.ask()
        folder = directory / f"trial_{trial.number}"
        folder.mkdir(parents=True)
        (folder / ".trial.lock").touch()
        trial.set_user_attr("folder", str(folder))
        trial.set_user_attr("locked", locked)

    ask(tmp_path / "elsewhere", 0)
    # One that is tried again, whose new process does not have the lock yet.
    ask(search.directory, 0)
    tuning._queue_killed_again(search, study)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING] * 2
    ask(search.directory, 2)
    tuning._queue_killed_again(search, study)
    assert study.trials[2].state == TrialState.FAIL


def test_best_trials_are_ranked_by_their_means_over_the_seeds(trains, search):
    trains(
        """
        import json
        settings = json.loads((folder / "config.json").read_text())
        f1 = settings["model"]["dropout"] * (-1) ** settings["random_seed"]
        (folder / "metrics.json").write_text(json.dumps({"best_validation_mean_f1": f1}))
        (folder / "model.tar.gz").write_text("")
        """
    )
    candidates = [
        Candidate(number, {"model.dropout": dropout, "model.size": [1]}, 0.9, {})
        for number, dropout in ((4, 0.5), (7, 0.25))
    ]
    ranked = train_with_seeds(search, candidates, [1, 2, 3])
    assert [candidate.number for candidate in ranked] == [7, 4]
    assert ranked[1].scores == {1: -0.5, 2: 0.5, 3: -0.5}
    assert ranked[1].mean == pytest.approx(-0.5 / 3)
    table = candidates_table(ranked)
    assert table.header == [
        "trial",
        "score",
        *("seed 1", "seed 2", "seed 3", "mean"),
        *("model.dropout", "model.size"),
    ]
    assert table.rows[0] == [7, "0.9000", "-0.2500", "0.2500", "-0.2500", "-0.0833", "0.25", "[1]"]


def test_a_search_needs_development_data(tmp_path):
    settings = {**SETTINGS, "validation_data_path": None}
    with pytest.raises(ConfigurationError, match="no validation_data_path"):
        Search(settings, SPACE, tmp_path)


def test_a_storage_that_cannot_be_opened_is_named(tmp_path):
    for url in (f"sqlite:///{tmp_path}/nowhere/study.db", "notaurl", f"journal:{tmp_path}"):
        with pytest.raises(ConfigurationError, match="--storage: ") as error:
            open_study("a", url, "none")
    with pytest.raises(ConfigurationError, match="--storage: ") as error:
        open_study("a", "postgresql+psycopg://ann:hidden@127.0.0.1:1/none", "none")
    assert "hidden" not in str(error.value)


def test_a_study_goes_on_with_the_experiment_that_it_was_begun_with(search, storage, tmp_path):
    check_study(open_study("a", storage, "none"), search)
    elsewhere = {**SETTINGS, "validation_data_path": "/other/dev.json"}
    check_study(open_study("a", storage, "none"), Search(elsewhere, SPACE, tmp_path))
    changed = {**SETTINGS, "model": {"dropout": 0.5, "size": 1}}
    with pytest.raises(ConfigurationError, match="model.dropout was 0.0 and is 0.5 now"):
        check_study(open_study("a", storage, "none"), Search(changed, SPACE, tmp_path))


@pytest.mark.parametrize("is_function", [False, True])
def test_the_best_experiment_is_the_experiment_with_the_values(tmp_path, is_function):
    experiment = """{
        model: { size: 2, twice: 2 * self.size, features: [{ a: 1 }, { b: null }] },
        trainer: { optimizer: { type: 'adam', lr: 0.1 }, scheduler: { type: 'x', y: 1 } },
    }"""
    config = tmp_path / "experiments" / "a.jsonnet"
    config.parent.mkdir()
    config.write_text(f"function(fold=0) {experiment}" if is_function else experiment)
    best = tmp_path / "out" / "best.jsonnet"
    values = {"model.size": 5, "model.features": [{"c": 1}], "trainer.optimizer.lr": 0.25}
    # An object is replaced as a whole, as in a trial.
    values |= {
        "trainer.scheduler": {"type": "z"},
        "trainer.name": "'\\",
        "model.features.0.c": 7,
    }
    write_best(best, config, values)
    assert load_settings(best) == {
        "model": {"size": 5, "twice": 4, "features": [{"c": 7}]},
        "trainer": {
            "optimizer": {"type": "adam", "lr": 0.25},
            "scheduler": {"type": "z"},
            "name": "'\\",
        },
    }


def test_the_best_experiment_of_folds_is_a_function_of_the_fold(tmp_path):
    config = tmp_path / "a.jsonnet"
    config.write_text("function(fold) { fold: fold, model: { size: 2 } }")
    best = tmp_path / "best.jsonnet"
    write_best(best, config, {"model.size": 5}, [3, 4])
    assert load_settings(best) == {"fold": 3, "model": {"size": 5}}
    assert load_settings(best, fold=7) == {"fold": 7, "model": {"size": 5}}
