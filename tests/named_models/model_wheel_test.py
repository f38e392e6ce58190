import email
import os
import subprocess
import sys
import zipfile

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee import Extractor
from dts_ee.named_models import find_model, named_models
from dts_ee.named_models.model_wheel import build_wheel
from tests.named_models.archive_copy_test import TEXT


def pip_install(wheel, site):
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
        + ["--disable-pip-version-check", "--target", site, wheel],
        check=True,
    )


def test_an_installed_wheel_makes_the_name_known(training, tmp_path, monkeypatch):
    wheel, card = build_wheel(
        str(training), tmp_path / "dist", "news-small", "1.0", licence="CC0", description="A\nB"
    )
    assert list((tmp_path / "dist").iterdir()) == [wheel]
    assert wheel.name == "news_small-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
        metadata = email.message_from_bytes(file.read("news_small-1.0.dist-info/METADATA"))
        assert file.read("news_small/README.md").decode() == card.to_markdown()
    assert {"news_small/__init__.py", "news_small/model.tar.gz"} <= names
    assert (metadata["Name"], metadata["Version"]) == ("news-small", "1.0")
    assert (metadata["Summary"], metadata["License"]) == ("A B", "CC0")
    assert metadata["Requires-Dist"] is None
    assert "# news-small 1.0" in metadata.get_payload()

    site = tmp_path / "site"
    pip_install(wheel, site)
    (tmp_path / "dist").rename(tmp_path / "away")
    for folder, _, files in os.walk(site):
        for name in files:
            os.chmod(os.path.join(folder, name), 0o444)
        os.chmod(folder, 0o555)
    monkeypatch.syspath_prepend(str(site))
    (model,) = named_models()
    assert (model.name, model.package, model.card) == ("news-small", "news-small 1.0", card)
    expected = Extractor.load(training, relation_threshold=0.0)(TEXT)
    assert Extractor.load("news-small", relation_threshold=0.0)(TEXT) == expected
    # An archive's name is all that a model of the same name needs to be packaged again.
    assert build_wheel("news-small", tmp_path / "dist", "news-small", "1.1")[0].is_file()
    monkeypatch.undo()
    assert not any(model.package == "news-small 1.0" for model in named_models())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torch", "'torch' is taken by a package that is installed"),
        ("dts-ee", "'dts-ee' is taken"),
        ("json", "'json' is the name of a module of Python itself"),
        ("yaml", "'yaml' is taken: .* would be hidden"),
        ("News", "'News' cannot be the name of a model.*; 'news' can"),
    ],
)
def test_names_that_are_refused(name, message, training, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        build_wheel(str(training), tmp_path / "dist", name)
    assert not (tmp_path / "dist").exists()


def test_a_version_that_is_none_is_refused(training, tmp_path):
    with pytest.raises(ConfigurationError, match="'first' is not a version of a package"):
        build_wheel(str(training), tmp_path / "dist", "news", "first")


def test_what_cannot_be_packaged_leaves_nothing_behind(training, tmp_path, monkeypatch):
    with pytest.raises(ConfigurationError, match="cannot be left out"):
        build_wheel(str(training), tmp_path / "dist", "news", without_encoder=True)
    assert list((tmp_path / "dist").iterdir()) == []
    monkeypatch.setattr("dts_ee.named_models.model_wheel._SETUP", "raise SystemExit('no space')")
    with pytest.raises(OSError, match="could not build the wheel: no space"):
        build_wheel(str(training), tmp_path / "dist", "news")
    assert list((tmp_path / "dist").iterdir()) == []


def test_a_path_is_not_a_name(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        find_model(tmp_path / "news")
