import logging

import pytest

from dts_ee.quiet_loading import quiet_loading

LOGGER = logging.getLogger("allennlp.common.params")


@pytest.fixture(autouse=True)
def _not_disabled(monkeypatch):
    """AllenNLP's own test cases turn this logger off for good."""
    monkeypatch.setattr(LOGGER, "disabled", False)


def test_what_is_said_of_each_parameter_is_left_out_and_warnings_are_not(caplog):
    caplog.set_level(logging.INFO)
    with quiet_loading():
        LOGGER.info("a parameter")
        LOGGER.warning("something is wrong")
    LOGGER.info("another parameter")
    assert caplog.messages == ["something is wrong", "another parameter"]


def test_a_level_that_was_set_stays_and_comes_back(monkeypatch):
    monkeypatch.setattr(LOGGER, "level", logging.DEBUG)
    with quiet_loading():
        assert LOGGER.level == logging.DEBUG
    assert LOGGER.level == logging.DEBUG


def test_an_error_goes_through():
    level = LOGGER.level
    with pytest.raises(KeyError):
        fail_quietly()
    assert LOGGER.level == level


def fail_quietly():
    with quiet_loading():
        raise KeyError
