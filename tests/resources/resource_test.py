import json
import logging
import re

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.resources import KnownFile, command_to_fetch, load_manifest, resource_names
from dts_ee.resources.source_errors import ManifestError


def test_manifest_lists_what_the_experiments_use():
    assert list(load_manifest()) == [
        "conll04",
        "ade",
        "scierc",
        "glove-6b-50d",
        "glove-6b-300d",
        "glove-840b-300d",
        "spacy-md-vectors",
        "minilm",
        "mpnet",
        "elmo-5.5b",
    ]


def test_manifest_has_a_checksum_or_says_why_not():
    for resource in load_manifest().values():
        assert resource.description
        assert resource.licence
        assert resource.sources
        for file in resource.files:
            if file.sha256 is None:
                assert "SHA-256" in (resource.note or ""), resource.name
            else:
                assert re.fullmatch("[0-9a-f]{64}", file.sha256), file.name
                assert file.size


def test_manifest_has_the_published_weights():
    manifest = load_manifest()
    digests = {
        name: {file.name: file.sha256 for file in manifest[name].files}
        for name in ("minilm", "mpnet")
    }
    assert digests["minilm"]["model.safetensors"] == (
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    )
    assert digests["mpnet"]["model.safetensors"] == (
        "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
    )


def test_size_of_a_resource():
    manifest = load_manifest()
    assert manifest["conll04"].size == 474194 + 124823 + 151092
    assert manifest["elmo-5.5b"].size is None


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a\\b", "/etc/passwd", "C:x"])
def test_a_name_that_leads_elsewhere_is_refused(name):
    with pytest.raises(ManifestError, match="is not a plain file name"):
        KnownFile(name)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        {"a": 1},
        {"a": {"description": "", "licence": "", "files": []}},
        {"a": {"description": "", "licence": "", "files": [], "sources": [], "more": 1}},
        {"..": {"description": "", "licence": "", "files": [], "sources": []}},
        {"a": {"description": "", "licence": "", "files": [{"name": "../b"}], "sources": []}},
    ],
)
def test_a_manifest_that_is_not_well_formed(entries, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(entries))
    with pytest.raises(ManifestError):
        load_manifest(path)


@pytest.mark.parametrize("source", [{"type": "ftp"}, {"type": "url", "bases": []}])
def test_a_source_that_is_not_well_formed(source, tmp_path):
    path = tmp_path / "manifest.json"
    entry = {"description": "", "licence": "", "files": [], "sources": [source]}
    path.write_text(json.dumps({"a": entry}))
    with pytest.raises(ConfigurationError):
        list(load_manifest(path)["a"].sources)


def test_every_source_of_the_manifest_can_be_built():
    for resource in load_manifest().values():
        assert [source.location for source in resource.sources]


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("resources/minilm", "`dts-ee fetch minilm` gets it"),
        ("/data/resources/glove-6b-50d/glove.6B.50d.txt", "`dts-ee fetch glove-6b-50d` gets it"),
        ("resources/minilm-2/model", ""),
        ("a.json", ""),
    ],
)
def test_the_command_that_fetches_what_is_missing(path, command):
    assert command_to_fetch(path) == command


def test_names_are_read_without_building_resources():
    assert resource_names() == list(load_manifest())


def test_reading_the_manifest_logs_none_of_its_values(caplog):
    with caplog.at_level(logging.INFO):
        for resource in load_manifest().values():
            list(resource.sources)
    assert not caplog.records
