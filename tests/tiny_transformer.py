"""Builds folders of small Hugging Face models, with random weights and the files of real ones."""

import functools
import io
import json
import shutil
import string
import tempfile
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from safetensors.torch import save_file
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizer,
    DebertaV2Config,
    DebertaV2Model,
    DebertaV2Tokenizer,
    DistilBertConfig,
    DistilBertModel,
    DistilBertTokenizer,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    MPNetTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    RobertaTokenizer,
)

_BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_MPNET_SPECIALS = ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"]
_DEBERTA_V3: dict[str, Any] = {
    "relative_attention": True,
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "type_vocab_size": 0,
}
_CHARACTERS = string.ascii_lowercase + string.digits + string.punctuation


def build_tiny_transformer(
    folder: Path,
    kind: str = "bert",
    dim: int = 8,
    num_layers: int = 2,
    max_length: int = 24,
    seed: int = 0,
) -> Path:
    """
    Makes `folder` with config.json, model.safetensors and the files of a fast tokenizer.

    The tokenizers of "bert" and "mpnet" are uncased and have a piece for every ASCII character, so
    that a word of five letters has five pieces; that of "roberta" is byte-level, and that of
    "deberta" sentencepiece's, without the file of a fast one.

    # Parameters

    folder : `Path`
        What to make.
    kind : `str`, optional (default = `"bert"`)
        `"bert"`, `"mpnet"`, `"roberta"`, `"distilbert"`, `"deberta"` (DeBERTa-v3) or
        `"modernbert"`.
    dim : `int`, optional (default = `8`)
        The size of the hidden states, even.
    num_layers : `int`, optional (default = `2`)
        How many layers there are above the embeddings.
    max_length : `int`, optional (default = `24`)
        The most pieces that the encoder takes, with the two special tokens.
    seed : `int`, optional (default = `0`)
        For the weights.
    """
    built = _build(kind, dim, num_layers, max_length, seed)
    return Path(shutil.copytree(built.name, folder))


@functools.cache
def _build(
    kind: str, dim: int, num_layers: int, max_length: int, seed: int
) -> tempfile.TemporaryDirectory[str]:
    temporary = tempfile.TemporaryDirectory()
    folder = Path(temporary.name)
    tokenizer = _build_tokenizer(folder, kind)
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(str(folder))

    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": dim,
        "num_hidden_layers": num_layers,
        "num_attention_heads": 2,
        "intermediate_size": 2 * dim,
        # Large enough for what a word is surrounded by to make a difference.
        "initializer_range": 0.5,
        "pad_token_id": tokenizer.pad_token_id,
    }
    reserved = tokenizer.pad_token_id + 1 if kind in ("mpnet", "roberta") else 0
    config: PretrainedConfig
    network: PreTrainedModel
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        if kind == "bert":
            config = BertConfig(max_position_embeddings=max_length, **sizes)
            network = BertModel(config, add_pooling_layer=False)
        elif kind == "mpnet":
            config = MPNetConfig(max_position_embeddings=max_length + reserved, **sizes)
            network = MPNetModel(config, add_pooling_layer=False)
        elif kind == "distilbert":
            config = DistilBertConfig(max_position_embeddings=max_length, **sizes)
            network = DistilBertModel(config)
        elif kind == "deberta":
            config = DebertaV2Config(max_position_embeddings=max_length, **sizes, **_DEBERTA_V3)
            network = DebertaV2Model(config)
        elif kind == "modernbert":
            specials = {"cls_token_id": tokenizer.cls_token_id, "bos_token_id": None}
            specials |= {"sep_token_id": tokenizer.sep_token_id, "eos_token_id": None}
            config = ModernBertConfig(max_position_embeddings=max_length, **sizes, **specials)
            network = ModernBertModel(config)
        else:
            config = RobertaConfig(max_position_embeddings=max_length + reserved, **sizes)
            network = RobertaModel(config, add_pooling_layer=False)
    config.save_pretrained(str(folder))
    weights = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    return temporary


def _build_tokenizer(folder: Path, kind: str) -> PreTrainedTokenizerBase:
    if kind == "roberta":
        trained = ByteLevelBPETokenizer()
        trained.train_from_iterator(
            ["a bank in the town of the north"],
            vocab_size=300,
            min_frequency=1,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        )
        trained.save_model(str(folder))
        return RobertaTokenizer.from_pretrained(str(folder))
    if kind == "deberta":
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["The bank in Oslo left Rome", string.printable] * 9),
            model_writer=model,
            vocab_size=120,
            hard_vocab_limit=False,
            pad_id=0,
            bos_id=1,
            eos_id=2,
            unk_id=3,
            pad_piece="[PAD]",
            bos_piece="[CLS]",
            eos_piece="[SEP]",
            unk_piece="[UNK]",
            minloglevel=2,
        )
        (folder / "spm.model").write_bytes(model.getvalue())
        return DebertaV2Tokenizer.from_pretrained(str(folder))
    specials = _MPNET_SPECIALS if kind == "mpnet" else _BERT_SPECIALS
    pieces = [*specials, *_CHARACTERS, *(f"##{character}" for character in _CHARACTERS)]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    if kind == "modernbert":
        backend = BertTokenizer.from_pretrained(str(folder)).backend_tokenizer
        names = ("pad", "unk", "cls", "sep", "mask")
        special_tokens = {
            f"{name}_token": piece for name, piece in zip(names, _BERT_SPECIALS, strict=True)
        }
        return PreTrainedTokenizerFast(tokenizer_object=backend, **special_tokens)
    if kind == "bert":
        return BertTokenizer.from_pretrained(str(folder))
    if kind == "distilbert":
        return DistilBertTokenizer.from_pretrained(str(folder))
    return MPNetTokenizer.from_pretrained(str(folder))


def set_truncation(folder: Path, max_length: int) -> None:
    """Makes tokenizer.json ask for truncation and padding, as sentence-transformers' files do."""
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    content["truncation"] = {
        "max_length": max_length,
        "strategy": "LongestFirst",
        "stride": 0,
        "direction": "Right",
    }
    content["padding"] = {
        "strategy": {"Fixed": max_length},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    file.write_text(json.dumps(content))
