import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.dataset_readers import SpertReader
from dts_ee.dataset_readers.choices import check_choice


def test_a_choice_is_returned():
    assert check_choice("tag_encoding", "BIO", ("BIO", "BIOUL")) == "BIO"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tag_encoding": "IOB1"}, "`tag_encoding` is 'IOB1': choose one of BIO, BIOUL"),
        ({"tag_sequences": "two"}, "`tag_sequences` is 'two': choose one of one, per_type"),
        ({"on_overlap": "last"}, "`on_overlap` is 'last': choose one of error, longest, first"),
    ],
)
def test_a_reader_refuses_other_values(settings, message):
    with pytest.raises(ConfigurationError, match=message):
        SpertReader(**settings)
