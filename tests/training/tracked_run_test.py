from dts_ee.training.tracked_run import RUN_VARIABLE, TrackedRun, tracked_run


def test_a_single_training_is_called_by_its_folder_or_as_the_configuration_says(monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    # A folder of this name alone says nothing.
    assert tracked_run("out/seed_1/") == TrackedRun("out/seed_1")
    assert tracked_run("out/conll04", "baseline") == TrackedRun("baseline")


def test_one_of_several_trainings_has_a_group(monkeypatch):
    monkeypatch.setenv(RUN_VARIABLE, "fold 3")
    run = TrackedRun("out/ade/fold_3", "out/ade", "fold", "3")
    assert tracked_run("out/ade/fold_3") == run
    assert tracked_run("out/ade/fold_3", "ade") == TrackedRun("ade/fold_3", "ade", "fold", "3")
