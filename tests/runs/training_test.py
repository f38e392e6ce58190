import fcntl
import json
import os

import pytest

from dts_ee.runs import training
from dts_ee.runs.progress import Progress
from dts_ee.runs.run_folder import SEED, Run, RunFolder, write_json
from dts_ee.runs.training import RunTraining, threads_for_each, train_command, train_runs

FINISH = "(folder / 'metrics.json').write_text('{}'); (folder / 'model.tar.gz').write_text('')"


def folder_of(directory, seed) -> RunFolder:
    return RunFolder.within(directory, Run(SEED, seed))


class Outcome:
    """What became of each seed."""

    def __init__(self) -> None:
        self.trained: list[int] = []
        self.failed: dict[int, str] = {}


def train(directory, seeds, jobs=1, progress_class=Progress) -> Outcome:
    folders = [folder_of(directory, seed) for seed in seeds]
    outcome = Outcome()
    with progress_class(dict.fromkeys(folders, 2)) as progress:
        train_runs(
            {folder: {"random_seed": folder.run.number} for folder in folders},
            jobs,
            [],
            progress,
            lambda folder: outcome.trained.append(folder.run.number),
            lambda folder, problem: outcome.failed.update({folder.run.number: problem}),
        )
    return outcome


class WatchedProgress(Progress):
    """Leaves a file `shown` in the folder of each run whose first epoch it has shown."""

    def update(self, running):
        folders = list(running)
        shown = [folder for folder in folders if (folder.path / "metrics_epoch_0.json").exists()]
        super().update(folders)
        for folder in shown:
            (folder.path / "shown").touch()


def test_seeds_are_trained_one_after_the_other(tmp_path, trains, capsys):
    trains(f"""
        others = [path for path in folder.parent.iterdir() if path != folder]
        assert all((path / "model.tar.gz").exists() for path in others)
        import json
        names = ("entity_f1", "_entity_precision", "_entity_recall", "loss")
        record = {{"training_loss": 2.5, **{{f"validation_{{name}}": 0.75 for name in names}}}}
        metrics = json.dumps(record)
        import os
        (folder / "unfinished").write_text(metrics)
        os.replace(folder / "unfinished", folder / "metrics_epoch_0.json")
        while not (folder / "shown").exists():
            time.sleep(0.01)
        print("done:", os.environ["DTS_EE_RUN"])
        {FINISH}
    """)
    outcome = train(tmp_path, [5, 3], progress_class=WatchedProgress)
    assert outcome.trained == [5, 3]
    assert outcome.failed == {}
    folder = folder_of(tmp_path, 3)
    assert folder.stored_settings() == {"random_seed": 3}
    assert folder.log.read_text() == "done: seed 3\n"
    line = "seed 5: epoch 1 of 2: loss 2.50, development NER 75.0; about 0:00:"
    assert line in capsys.readouterr().err


def test_several_seeds_are_trained_at_once(tmp_path, trains):
    # Each waits for the other.
    trains(f"""
        (folder / "here").write_text("")
        for _ in range(1000):
            if len(list(folder.parent.glob("*/here"))) == 2:
                {FINISH}
                break
            time.sleep(0.02)
    """)
    outcome = train(tmp_path, [1, 2], jobs=2)
    assert sorted(outcome.trained) == [1, 2]


def test_a_failed_seed_does_not_stop_the_others(tmp_path, trains):
    trains(f"""
        if folder.name == "seed_1":
            sys.exit("no memory")
        if folder.name == "seed_2":
            os.kill(os.getpid(), signal.SIGKILL)
        if folder.name == "seed_4":
            {FINISH}
    """)
    outcome = train(tmp_path, [1, 2, 3, 4])
    assert outcome.trained == [4]
    assert outcome.failed == {
        1: "the training ended with exit status 1",
        2: "the training was ended by SIGKILL",
        3: "the training ended without model.tar.gz",
    }
    assert folder_of(tmp_path, 1).last_lines_of_log() == ["no memory"]


def test_the_archive_of_an_interrupted_training_is_no_result(tmp_path, trains):
    folder = folder_of(tmp_path, 1)
    write_json(folder.metrics, {})
    folder.archive.write_bytes(b"from the interruption")
    trains("pass")
    assert train(tmp_path, [1]).failed == {1: "the training ended without model.tar.gz"}


def test_an_interrupt_ends_the_trainings(tmp_path, trains):
    class Interrupted(Progress):
        def update(self, running) -> None:
            if len(list(tmp_path.glob("*/pid"))) == 2:
                raise KeyboardInterrupt

    # The second one does not listen.
    trains("""
        if folder.name == "seed_2":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (folder / "pid.new").write_text(str(os.getpid()))
        (folder / "pid.new").rename(folder / "pid")
        time.sleep(60)
    """)
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(training, "SECONDS_TO_STOP", 0.3)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, [1, 2, 3], jobs=2, progress_class=Interrupted)
    for seed in (1, 2):
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / f"seed_{seed}" / "pid").read_text()), 0)
    assert not (tmp_path / "seed_3").exists()


def test_a_seed_is_trained_by_one_process(tmp_path, trains):
    trains(FINISH)
    folder = folder_of(tmp_path, 1)
    folder.path.mkdir()
    with folder.log.open("ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        outcome = train(tmp_path, [1, 2])
    assert outcome.failed == {1: "another process trains in its folder"}
    assert outcome.trained == [2]
    assert train(tmp_path, [1]).trained == [1]


def test_the_lock_outlives_the_parent(tmp_path, trains):
    trains("time.sleep(60)")
    folder = folder_of(tmp_path, 1)
    first = RunTraining(folder, {}, 1, [])
    try:
        # Nothing here holds the file any more: the process does.
        with pytest.raises(BlockingIOError):
            RunTraining(folder, {}, 1, [])
    finally:
        first.kill()
    second = RunTraining(folder, {}, 1, [])
    second.kill()


def test_each_gets_its_share_of_the_cores_unless_the_environment_says_more(
    tmp_path, trains, monkeypatch
):
    monkeypatch.setattr(training, "available_cores", lambda: 5)
    trains(f"print(os.environ['OMP_NUM_THREADS']); {FINISH}")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert [threads_for_each(jobs) for jobs in (1, 2, 9)] == [5, 2, 1]
    train(tmp_path, [1], jobs=2)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert threads_for_each(2) == 7
    train(tmp_path, [2], jobs=2)
    logs = [folder_of(tmp_path, seed).log.read_text() for seed in (1, 2)]
    assert logs == ["2\n", "7\n"]


def test_the_command_is_allennlps_train(tmp_path):
    folder = folder_of(tmp_path, 1)
    command = train_command(folder, ["mine"])
    assert command[1:4] == ["-m", "dts_ee", "train"]
    assert json.dumps(command).count(str(folder.path)) == 2
    assert command[-2:] == ["--include-package", "mine"]
    assert "--recover" in command
