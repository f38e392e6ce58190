import io
import tarfile

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.named_models import ModelCard, find_model, named_models
from dts_ee.named_models.card import CARD_NAME
from dts_ee.named_models.names import problem_with_name
from dts_ee.user_folders import models_folder, resources_folder


def write_archive(path, name, version="1.0.0"):
    """The beginning of an archive: only its card is looked at here."""
    content = ModelCard(name, version).to_json().encode()
    member = tarfile.TarInfo(CARD_NAME)
    member.size = len(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def keep(home):
    return lambda name: write_archive(home / "models" / f"{name}.tar.gz", name)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a package of a model into a folder of packages, of which the last comes first."""

    def install(name, version):
        site = tmp_path / f"site-{version}"
        module = name.replace("-", "_")
        archive = write_archive(site / module / "model.tar.gz", name, version)
        information = site / f"{module}-{version}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        (information / "entry_points.txt").write_text(f"[dts_ee_models]\n{name} = {module}\n")
        monkeypatch.syspath_prepend(str(site))
        return archive

    return install


def test_kept_and_installed_models_have_names(keep, install):
    kept, installed = keep("news"), install("case-reports", "2.0")
    models = named_models()
    assert [(model.name, model.archive, model.package) for model in models] == [
        ("case-reports", installed, "case-reports 2.0"),
        ("news", kept, None),
    ]
    assert [model.card and model.card.version for model in models] == ["2.0", "1.0.0"]
    assert find_model("news") == str(kept)
    assert find_model("case-reports") == str(installed)


def test_of_two_versions_the_first_on_the_path_is_meant(install):
    install("news", "1.0")
    second = install("news", "2.0")
    assert [model.package for model in named_models()] == ["news 2.0"]
    assert find_model("news") == str(second)


def test_a_kept_model_goes_before_an_installed_one_and_a_path_before_both(keep, install, tmp_path):
    install("news", "1.0")
    kept = keep("news")
    assert find_model("news") == str(kept)
    assert [model.package for model in named_models()] == [None, "news 1.0"]
    (tmp_path / "work" / "news").mkdir()
    assert find_model("news") == "news"


def test_addresses_are_left_alone():
    assert find_model("https://example.org/model.tar.gz") == "https://example.org/model.tar.gz"


def test_an_unknown_name_names_the_nearest(keep):
    keep("news-small")
    with pytest.raises(ConfigurationError, match="no model has this name; did you mean news-small"):
        find_model("news-smal")
    with pytest.raises(ConfigurationError, match=r"this name\. `dts-ee models` lists the names$"):
        find_model("weather")


@pytest.mark.parametrize("path", ["out/model", "model.tar.gz"])
def test_a_missing_path_is_no_name(path):
    with pytest.raises(ConfigurationError, match=f"^'?{path}: there is no such file or folder'?$"):
        find_model(path)


def test_a_package_without_its_archive_is_an_error(install):
    install("news", "1.0").unlink()
    with pytest.raises(ConfigurationError, match="the package news 1.0 has no .*model.tar.gz"):
        find_model("news")


def test_an_archive_without_a_card_has_none(home):
    archive = home / "models" / "news.tar.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"no archive")
    assert [model.card for model in named_models()] == [None]


def test_the_folders(home, tmp_path, monkeypatch):
    assert (models_folder(), resources_folder()) == (home / "models", home / "resources")
    monkeypatch.setenv("DTS_EE_MODELS", str(tmp_path / "m"))
    monkeypatch.setenv("DTS_EE_RESOURCES", str(tmp_path / "r"))
    assert (models_folder(), resources_folder()) == (tmp_path / "m", tmp_path / "r")
    monkeypatch.delenv("DTS_EE_MODELS")
    monkeypatch.setenv("HOME", str(tmp_path))
    # The specification has relative paths ignored.
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    assert models_folder() == tmp_path / ".local" / "share" / "dts_ee" / "models"


@pytest.mark.parametrize("name", ["news", "news-small", "news2", "a-1-b"])
def test_names_that_are_fine(name):
    assert problem_with_name(name) is None


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("News_Small", "'news-small' can"),
        ("my model", "'my-model' can"),
        ("-news-", "'news' can"),
        ("2024", None),
        ("../news", "'news' can"),
        ("", None),
        ("été", None),
    ],
)
def test_names_that_are_not(name, suggestion):
    problem = problem_with_name(name)
    assert problem is not None
    assert repr(name) in problem
    assert problem.endswith(suggestion or "begin with a letter")
