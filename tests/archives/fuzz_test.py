"""Whatever an archive holds, it is a model, or one line says what is wrong with it."""

import json
import os

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import load_archive
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dts_ee import Extractor
from dts_ee.archives.writer import open_archive_writer
from tests.archive_members import read_members, write_members
from tests.changed_values import changed, changed_bytes, changed_text
from tests.paths import FIXTURES

ARCHIVES = FIXTURES / "archives"
TEXT = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."

FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # Loading a model takes longer than reading a file.
    max_examples=settings().max_examples // 4,
    deadline=None,
)


# From before there were manifests.
MEMBERS = read_members(ARCHIVES / "per_type.tar.gz")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """A new archive with a manifest."""
    folder = tmp_path_factory.mktemp("archive")
    with open_archive_writer(folder / "model.tar.gz") as writer:
        for name, content in MEMBERS.items():
            (folder / "member").write_bytes(content)
            writer.add(folder / "member", name)
    return folder / "model.tar.gz"


def load(path):
    """The loaded archive, or `None` if there was an error of one line that names it."""
    try:
        return load_archive(path)
    except ConfigurationError as error:
        message = str(error)
        assert message.startswith(f"{path}: ")
        assert len(message.splitlines()) == 1
        return None


@given(st.data())
@FUZZ
def test_a_damaged_archive_is_an_error_or_the_same_model(tmp_path, archive, data):
    path = tmp_path / "model.tar.gz"
    path.write_bytes(data.draw(changed_bytes(archive.read_bytes())))
    if load(path) is not None:
        # The header of gzip has bytes that nobody reads.
        assert Extractor.load(path)(TEXT) == Extractor.load(archive)(TEXT)
    assert os.listdir(tmp_path) == ["model.tar.gz"]


@given(st.data())
@FUZZ
def test_a_changed_configuration_is_an_error_or_another_model(tmp_path, data):
    settings = data.draw(changed(json.loads(MEMBERS["config.json"])))
    path = tmp_path / "model.tar.gz"
    write_members(path, {**MEMBERS, "config.json": json.dumps(settings).encode()})
    load(path)


@given(st.data())
@FUZZ
def test_a_changed_text_in_an_old_archive_is_an_error_or_another_model(tmp_path, data):
    texts = [name for name in MEMBERS if name.endswith((".json", ".txt"))]
    name = data.draw(st.sampled_from(texts))
    text = data.draw(changed_text(MEMBERS[name].decode()))
    path = tmp_path / "model.tar.gz"
    write_members(path, {**MEMBERS, name: text.encode()})
    load(path)


def test_a_name_in_an_error_begins_no_line(tmp_path):
    path = tmp_path / "model.tar.gz"
    write_members(path, {**MEMBERS, "meta.json": b'{"\\u0085version\\u001b": "2.10.1"}'})
    # Python 3.13 adds which argument may be meant.
    with pytest.raises(ConfigurationError, match=r"meta\.json is damaged: .*' version\\x1b'"):
        load_archive(path)


@given(st.data())
@FUZZ
def test_changed_weights_of_an_old_archive_are_an_error_or_others(tmp_path, data):
    weights = data.draw(changed_bytes(MEMBERS["weights.th"]))
    path = tmp_path / "model.tar.gz"
    write_members(path, {**MEMBERS, "weights.th": weights})
    load(path)


@given(st.data())
@FUZZ
def test_an_archive_without_some_of_its_files_is_an_error_or_a_model(tmp_path, data):
    names = data.draw(st.sets(st.sampled_from(sorted(MEMBERS))))
    path = tmp_path / "model.tar.gz"
    write_members(path, {name: MEMBERS[name] for name in names})
    load(path)
