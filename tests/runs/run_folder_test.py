import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.runs.run_folder import FOLD, SEED, Run, RunFolder
from tests.runs.examples import write_epochs, write_trained


@pytest.fixture
def folder(tmp_path):
    folder = RunFolder.within(tmp_path, Run(SEED, 3))
    folder.path.mkdir()
    return folder


def test_an_archive_alone_is_no_end_of_a_training(folder):
    folder.archive.write_bytes(b"")
    assert not folder.is_trained()
    write_trained(folder)
    assert folder.is_trained()


def test_training_time_of_one_sitting(folder):
    folder.record_start()
    write_epochs(folder, ["0:00:10.5", "1 day, 1:01:01"])
    assert folder.training_seconds() == 86_400 + 3_661


def test_training_times_of_sittings_are_added(folder):
    folder.record_start()
    write_epochs(folder, ["0:00:10.500000", "0:00:20"])
    (folder.path / "training_state_e1_b0.th").write_bytes(b"")
    (folder.path / "training_state_e2_b0.th").write_bytes(b"")
    folder.record_start()
    # A sitting that comes to no epoch of its own adds nothing.
    folder.record_start()
    # The third epoch alone took longer than the first two.
    write_epochs(folder, ["0:00:10.500000", "0:00:20", "0:00:30"])
    assert folder.training_seconds() == 50


def test_a_training_by_hand_has_its_time_too(folder):
    write_epochs(folder, ["0:00:01", "0:00:02"])
    assert folder.training_seconds() == 2
    assert folder.num_epochs() == 2


def test_development_metrics_are_those_of_the_best_epoch(folder):
    write_trained(
        folder, {"best_epoch": 4, "best_validation_entity_f1": 0.5, "validation_entity_f1": 0.4}
    )
    assert folder.development() == {"entity_f1": 0.5}
    assert folder.best_epoch() == 4


def test_without_a_development_split_no_epoch_is_the_best(folder):
    write_trained(folder, {"best_epoch": 4, "training_loss": 0.1})
    assert folder.development() == {}
    assert folder.best_epoch() is None


def test_settings_that_cannot_be_read_are_named(folder):
    assert folder.stored_settings() is None
    folder.config.write_text('{"model"')
    with pytest.raises(ConfigurationError, match=r"seed_3/config\.json cannot be read"):
        folder.stored_settings()


def test_folders_are_found_in_the_order_of_their_numbers(tmp_path):
    for name in ("seed_10", "seed_2", "seed_x", "fold_3", "other", "seed_1_old"):
        (tmp_path / name).mkdir()
    (tmp_path / "seed_7").write_text("no folder")
    found = RunFolder.all_within(tmp_path)
    assert [folder.run for folder in found] == [Run(FOLD, 3), Run(SEED, 2), Run(SEED, 10)]
    assert [folder.path.name for folder in found] == ["fold_3", "seed_2", "seed_10"]


def test_the_end_of_the_log_has_no_blank_lines(folder):
    assert folder.last_lines_of_log() == []
    folder.log.write_text("".join(f"line {i}\n\n" for i in range(9_000)))
    assert folder.last_lines_of_log(2) == ["line 8998", "line 8999"]
