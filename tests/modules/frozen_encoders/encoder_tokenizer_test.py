import json
import logging

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.data.tokenizers import Token
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, CanineTokenizer, PreTrainedTokenizerFast

from dts_ee.modules.frozen_encoders import encoder_tokenizer
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_config, load_tokenizer
from dts_ee.modules.frozen_encoders.transformer_network import load_network
from dts_ee.token_indexers import WordPiecesIndexer
from tests.tiny_transformer import build_tiny_transformer

WORDS = ["The", "bank", "in", "Oslo", "left", "the", "Rome", "bank"]


@pytest.fixture
def bert(tmp_path):
    return build_tiny_transformer(tmp_path / "bert")


def _pieces(folder, words):
    """The pieces of each word, as the indexer has them."""
    indexed = WordPiecesIndexer(str(folder)).tokens_to_indices(
        [Token(word) for word in words], Vocabulary()
    )
    ids = iter(indexed["piece_ids"])
    names = load_tokenizer(str(folder)).convert_ids_to_tokens
    return [[names(next(ids)) for _ in range(count)] for count in indexed["piece_counts"]]


@pytest.mark.parametrize(
    "kind", ["bert", "mpnet", "roberta", "distilbert", "deberta", "modernbert"]
)
def test_words_have_the_pieces_that_they_have_in_running_text(tmp_path, kind):
    folder = build_tiny_transformer(tmp_path / kind, kind)
    # With a space before the first word too, which byte-level tokenizers distinguish.
    expected = AutoTokenizer.from_pretrained(str(folder)).tokenize(" " + " ".join(WORDS))
    pieces = _pieces(folder, WORDS)
    assert sum(pieces, []) == expected
    assert pieces[1] == pieces[7]
    text = ["".join(word).replace("##", "").strip("▁Ġ") for word in pieces]
    assert [piece.lower() for piece in text] == [word.lower() for word in WORDS]


@pytest.mark.parametrize(
    ("pre_tokenizer", "mark"),
    [
        (pre_tokenizers.ByteLevel(add_prefix_space=False), "Ġ"),
        (
            pre_tokenizers.Sequence(
                [pre_tokenizers.Digits(), pre_tokenizers.ByteLevel(add_prefix_space=False)]
            ),
            "Ġ",
        ),
        (pre_tokenizers.Metaspace(prepend_scheme="never"), "▁"),
    ],
)
def test_beginnings_of_words_are_marked_whatever_the_tokenizers_class(bert, pre_tokenizer, mark):
    vocabulary = [f"{mark}in", "in", f"{mark}b", "b", "[UNK]", "[CLS]", "[SEP]", "[PAD]"]
    backend = Tokenizer(
        models.BPE(
            {piece: i for i, piece in enumerate([*vocabulary, mark, "i", "n"])},
            [("i", "n"), (mark, "in"), (mark, "b")],
            unk_token="[UNK]",
        )
    )
    backend.pre_tokenizer = pre_tokenizer
    for file in ("vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (bert / file).unlink(missing_ok=True)
    PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
    ).save_pretrained(str(bert))
    assert _pieces(bert, ["in", "b", "in"]) == [[f"{mark}in"], [f"{mark}b"], [f"{mark}in"]]


def _keep_vocabulary_alone(folder):
    """As in the folders of SciBERT and BioBERT."""
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).unlink(missing_ok=True)


def _add_pieces(folder, *pieces):
    with (folder / "vocab.txt").open("a") as file:
        file.writelines(f"{piece}\n" for piece in pieces)


def test_a_vocabulary_in_upper_and_lower_case_keeps_the_case(bert):
    _add_pieces(bert, "Oslo", "Rome", "oslo")
    _keep_vocabulary_alone(bert)
    assert _pieces(bert, ["Oslo", "oslo"]) == [["Oslo"], ["oslo"]]


def test_a_vocabulary_in_lower_case_alone_is_for_lower_case(bert):
    _add_pieces(bert, "oslo")
    _keep_vocabulary_alone(bert)
    assert _pieces(bert, ["Oslo", "oslo"]) == [["oslo"], ["oslo"]]


def test_the_tokenizers_file_says_whether_it_keeps_the_case(bert):
    (bert / "tokenizer_config.json").unlink()
    content = json.loads((bert / "tokenizer.json").read_text())
    content["normalizer"]["lowercase"] = False
    content["model"]["vocab"]["Oslo"] = len(content["model"]["vocab"])
    (bert / "tokenizer.json").write_text(json.dumps(content))
    assert _pieces(bert, ["Oslo"]) == [["Oslo"]]


@pytest.mark.parametrize("lowers", [True, False])
def test_the_settings_have_the_last_word_and_a_contradiction_is_a_warning(bert, lowers, caplog):
    _add_pieces(bert, "Oslo", "Rome", "oslo")
    _keep_vocabulary_alone(bert)
    (bert / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lowers}))
    with caplog.at_level(logging.WARNING, logger=encoder_tokenizer.__name__):
        assert _pieces(bert, ["Oslo"]) == [["oslo" if lowers else "Oslo"]]
    assert any("do_lower_case" in record.getMessage() for record in caplog.records) == lowers


def test_no_warning_without_a_contradiction(bert, caplog):
    with caplog.at_level(logging.WARNING, logger=encoder_tokenizer.__name__):
        load_tokenizer(str(bert))
    assert not caplog.records


def test_a_configuration_without_a_type_is_berts_whatever_the_folders_name(tmp_path):
    folder = build_tiny_transformer(tmp_path / "albert-like" / "roberta-files")
    config = json.loads((folder / "config.json").read_text())
    del config["model_type"]
    (folder / "config.json").write_text(json.dumps(config))
    assert load_config(folder).model_type == "bert"
    _keep_vocabulary_alone(folder)
    assert _pieces(folder, ["ab"]) == [["a", "##b"]]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"model_type": "of-tomorrow"}', "of-tomorrow"),
        ("no JSON", "Expecting value"),
        (
            '{"model_type": "of-tomorrow", "auto_map": {"AutoConfig": "code.Config"}}',
            "custom code|trust_remote_code",
        ),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_line(bert, content, reason):
    (bert / "config.json").write_text(content)
    with pytest.raises(ConfigurationError, match=reason) as error:
        load_tokenizer(str(bert))
    assert len(str(error.value).splitlines()) == 1


def test_a_slow_tokenizer_is_refused(bert, monkeypatch):
    slow = CanineTokenizer()
    slow.add_tokens(["Oslo"])
    monkeypatch.setattr(
        encoder_tokenizer.AutoTokenizer, "from_pretrained", lambda *args, **kwargs: slow
    )
    with pytest.raises(ConfigurationError, match="no fast tokenizer"):
        load_tokenizer(str(bert))


def test_a_tokenizer_without_files_is_one_line(bert):
    (bert / "vocab.txt").unlink()
    _keep_vocabulary_alone(bert)
    with pytest.raises(ConfigurationError, match="The tokenizer in") as error:
        load_tokenizer(str(bert))
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("has_type", [True, False])
def test_no_code_that_a_configuration_names_is_run(bert, tmp_path, monkeypatch, has_type):
    marker = tmp_path / "marker"
    code = f"open({str(marker)!r}, 'w')\nclass Evil: pass\n"
    (bert / "evil.py").write_text(code)
    monkeypatch.setenv("TRANSFORMERS_CACHE", str(tmp_path / "cache"))
    settings = json.loads((bert / "config.json").read_text())
    if not has_type:
        del settings["model_type"]
    settings |= {
        "auto_map": dict.fromkeys(("AutoConfig", "AutoModel", "AutoTokenizer"), "evil.Evil"),
        "attn_implementation": "evil/kernels",
        "_attn_implementation": "evil/kernels",
        "_attn_implementation_internal": "evil/kernels",
        "tokenizer_class": "evil.Evil",
        "trust_remote_code": True,
    }
    (bert / "config.json").write_text(json.dumps(settings))
    tokenizer_settings = json.loads((bert / "tokenizer_config.json").read_text())
    tokenizer_settings["auto_map"] = {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}
    (bert / "tokenizer_config.json").write_text(json.dumps(tokenizer_settings))
    network = load_network(bert)
    assert network.config._attn_implementation == "sdpa"
    assert load_tokenizer(str(bert)).is_fast
    assert not marker.exists()
