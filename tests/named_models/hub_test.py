"""With huggingface_hub's own client, and a server on this machine."""

import socket
from contextlib import contextmanager

import pytest
import yaml
from allennlp.common.checks import ConfigurationError
from huggingface_hub import constants

from dts_ee import Extractor
from dts_ee.named_models.card import Figures, ModelCard
from dts_ee.named_models.find import find_model
from dts_ee.named_models.hub_address import HubAddress
from dts_ee.named_models.hub_card import hub_card
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_NEWS
from tests.hub_server import TOKEN, serve_hub

TEXT = "Marta Lindqvist lives in Tarnby."


def use_host(monkeypatch, url):
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + template)


@contextmanager
def closed_host(monkeypatch):
    """The address of a host that refuses every connection, and is used as the hub."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        use_host(monkeypatch, url)
        yield url


@pytest.fixture(autouse=True)
def hub(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no_token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # The protocol of the hub's own storage, which this server has not.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with serve_hub() as hub:
        use_host(monkeypatch, hub.url)
        yield hub


def test_a_model_that_was_pushed_is_loaded_by_its_address(
    hub, news_archive, monkeypatch, tmp_path, capsys
):
    options = ["--licence", "CC0-1.0", "--version", "1.2", "--private", "--revision", "next"]
    options += ["--training-data", str(TINY_NEWS)]
    assert run_allennlp("push", news_archive, "owner/News_small", *options) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"{hub.url}/owner/News_small/commit/")
    assert "The card" not in output
    assert hub.private == {"owner/News_small"}
    branches = hub.repositories["owner/News_small"]
    assert branches.keys() == {"main", "next"}
    assert branches["main"] == {}
    assert branches["next"].keys() == {"model.tar.gz", "README.md"}

    _, front, text = branches["next"]["README.md"].decode().split("---\n", 2)
    data = yaml.safe_load(front)
    assert (data["library_name"], data["license"]) == ("dts_ee", "cc0-1.0")
    assert "relation-extraction" in data["tags"]
    assert 'dts-ee predict hf://owner/News_small@next --text "…"' in text
    assert "| Training data | news.json: 8 sentences" in text
    assert "## Limits" in text and "Strict evaluation" in text

    # Again, to a repository and a branch that exist.
    assert run_allennlp("push", news_archive, "hf://owner/News_small", "--revision", "next") == 0
    assert "The card states no licence" in capsys.readouterr().out

    expected = Extractor.load(news_archive)(TEXT)
    hub.requests.clear()
    assert Extractor.from_pretrained("owner/News_small", revision="next")(TEXT) == expected
    assert any(request.startswith("GET") for request in hub.requests)
    assert not any("README" in request for request in hub.requests)
    hub.requests.clear()
    cached = find_model("hf://owner/News_small@next")
    assert cached.startswith(str(tmp_path / "cache"))
    assert all(request.startswith("HEAD") for request in hub.requests)

    with closed_host(monkeypatch):
        # Without a network, it is in the cache.
        assert find_model("hf://owner/News_small@next") == cached


def test_a_model_that_is_not_in_the_cache_needs_a_network(monkeypatch):
    # The client tries again after some seconds.
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)
    with (
        closed_host(monkeypatch) as url,
        pytest.raises(ConfigurationError) as error,
    ):
        find_model("hf://owner/news")
    problem = f"hf://owner/news: {url} cannot be reached, and the model is not in the cache"
    assert str(error.value) == problem


@pytest.mark.parametrize(
    "address, problem",
    [
        ("hf://owner/missing", "hf://owner/missing: there is no such repository, or it is private"),
        ("hf://owner/news@old", "hf://owner/news@old: the repository has no revision 'old'"),
        ("hf://owner/news", "hf://owner/news: the repository has no model.tar.gz"),
        ("hf://news", "'hf://news' is not the address of a model"),
        ("hf://owner/../news", "'hf://owner/../news' is not the address of a model"),
    ],
)
def test_what_the_hub_does_not_have(hub, address, problem):
    hub.repositories["owner/news"] = {"main": {"README.md": b""}}
    with pytest.raises(ConfigurationError) as error:
        find_model(address)
    assert str(error.value).startswith(problem)


def test_an_archive_of_the_hub_is_a_strangers(hub):
    hub.repositories["owner/news"] = {"main": {"model.tar.gz": b"no archive"}}
    with pytest.raises(ConfigurationError, match="hf://owner/news"):
        Extractor.load("hf://owner/news")


def test_a_push_needs_a_valid_token(hub, news_archive, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", "wrong")
    assert run_allennlp("push", news_archive, "owner/news") == 2
    assert "the token is not valid, or may not do this (401)" in capsys.readouterr().err
    monkeypatch.delenv("HF_TOKEN")
    assert run_allennlp("push", news_archive, "owner/news") == 2
    assert "the hub needs a token to upload: `hf auth login`" in capsys.readouterr().err
    assert run_allennlp("push", news_archive, "news") == 2
    assert "'news' is not the address of a model" in capsys.readouterr().err
    assert hub.repositories == {}


def test_a_push_without_a_network(news_archive, monkeypatch, capsys):
    with closed_host(monkeypatch) as url:
        assert run_allennlp("push", news_archive, "owner/news") == 2
    assert f"error: hf://owner/news: {url} cannot be reached\n" in capsys.readouterr().err


def test_the_front_matter_has_the_strict_scores():
    figures = {
        "entities": Figures(0.9, 0.8, 0.84706, 0.75, {"Loc": 0.7}, "NER"),
        "relations": Figures(0.5, 0.25, 1 / 3, 0.2, {"Live_In": 0.2}, "RE"),
    }
    card = ModelCard("news", "1.0", "My licence", entity_types=["Loc"], figures={"test": figures})
    data = yaml.safe_load(hub_card(card, HubAddress("owner/news")).split("---\n")[1])
    assert (data["license"], data["license_name"]) == ("other", "My licence")
    assert data["tags"] == ["dts_ee", "allennlp", "named-entity-recognition"]
    (model,) = data["model-index"]
    (result,) = model["results"]
    assert result["dataset"]["split"] == "test"
    assert [(metric["name"], metric["value"]) for metric in result["metrics"]] == [
        ("NER precision (strict, micro)", 0.9),
        ("NER recall (strict, micro)", 0.8),
        ("NER F1 (strict, micro)", 0.8471),
        ("NER F1 (strict, macro)", 0.75),
        ("RE precision (strict, micro)", 0.5),
        ("RE recall (strict, micro)", 0.25),
        ("RE F1 (strict, micro)", 0.3333),
        ("RE F1 (strict, macro)", 0.2),
    ]
    bare = yaml.safe_load(hub_card(ModelCard("a", "1"), HubAddress("o/a")).split("---\n")[1])
    assert not bare.keys() & {"license", "model-index"}
