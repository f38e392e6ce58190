import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.serving import ServingSettings


@pytest.mark.parametrize(
    "setting, value, message",
    [
        ("batch_size", 0, "batch_size is 0, less than 1"),
        ("max_body_bytes", -1, "max_body_bytes is -1"),
        ("max_text_length", 0, "max_text_length is 0"),
        ("batch_wait_ms", -0.5, "batch_wait_ms is -0.5"),
        ("batch_wait_ms", float("nan"), "batch_wait_ms is nan"),
        ("timeout", 0.0, "timeout is 0.0"),
        ("timeout", float("inf"), "timeout is inf"),
        ("queue_size", 63, "queue_size is 63, less than max_items, 64"),
    ],
)
def test_limits_that_make_no_sense_are_refused(setting, value, message):
    with pytest.raises(ConfigurationError, match=message):
        ServingSettings(**{setting: value})


def test_the_smallest_server_is_allowed():
    settings = ServingSettings(
        batch_size=1, batch_wait_ms=0, queue_size=1, max_items=1, timeout=0.1
    )
    assert settings.queue_size == 1
