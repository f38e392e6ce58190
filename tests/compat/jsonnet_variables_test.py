from allennlp.common import Params

VARIABLES = 'local variables = std.parseJson(std.extVar("DTS_EE_ENVIRONMENT")); '


def read(tmp_path, expression: str) -> object:
    file = tmp_path / "config.jsonnet"
    file.write_text(f"{VARIABLES}{{ value: {expression} }}")
    return Params.from_file(str(file))["value"]


def test_a_configuration_can_ask_whether_a_variable_is_set(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAIN_DATA", 'a "quoted" path')
    monkeypatch.delenv("TEST_DATA", raising=False)
    assert read(tmp_path, 'std.objectHas(variables, "TRAIN_DATA")') is True
    assert read(tmp_path, 'std.objectHas(variables, "TEST_DATA")') is False
    assert read(tmp_path, "variables.TRAIN_DATA") == 'a "quoted" path'


def test_single_variables_are_read_as_before(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAIN_DATA", "train.json")
    assert read(tmp_path, 'std.extVar("TRAIN_DATA")') == "train.json"
