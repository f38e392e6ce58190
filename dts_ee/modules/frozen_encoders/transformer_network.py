"""Loads and inspects pretrained transformers in Hugging Face folders."""

from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Dict, Tuple

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.from_params import takes_arg
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import (
    MODEL_MAPPING,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from dts_ee.archives.size_limit import limited_parameters
from dts_ee.modules.frozen_encoders.encoder_files import first_line, weight_files
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_config


def load_network(folder: Path) -> PreTrainedModel:
    """
    Loads a pretrained encoder, in evaluation mode.

    # Parameters

    folder : `Path`
        A folder with config.json and weights, in safetensors or PyTorch's own format, in one or
        several files. The model may have a pretraining head, which is not used.

    # Raises

    `ConfigurationError`
        If the model is not an encoder, or its weights are not complete.
    """
    config = load_config(folder)
    if config.is_encoder_decoder or type(config) not in MODEL_MAPPING:
        raise ConfigurationError(
            f"The model in {folder} is not an encoder: its type is {config.model_type}."
        )
    files = weight_files(folder)
    if not files:
        raise ConfigurationError(
            f"There are no weights in {folder}: neither model.safetensors nor pytorch_model.bin."
        )
    weights: Dict[str, torch.Tensor] = {}
    for file in files:
        weights.update(_load_weights(file))
    model_class: Any = MODEL_MAPPING[type(config)]
    options: Dict[str, Any] = {}
    if takes_arg(model_class, "add_pooling_layer"):
        # Only sentence vectors need it, and some models have no weights for it.
        options["add_pooling_layer"] = False
        weights = {name: tensor for name, tensor in weights.items() if ".pooler." not in f".{name}"}
    # The weights are passed in, because transformers would look for one kind of file alone. In half
    # precision, they would make a network in half precision.
    try:
        with limited_parameters(sum(file.stat().st_size for file in files)):
            network, loading = model_class.from_pretrained(
                None,
                config=config,
                state_dict=weights,
                dtype=torch.float32,
                output_loading_info=True,
                **options,
            )
    except RuntimeError as error:
        # Since transformers 5, it is an error, whose message refers to what was logged.
        if "ignore_mismatched_sizes" not in str(error):
            raise
        raise ConfigurationError(
            f"The weights in {folder} do not fit its config.json: they are of another size."
        ) from error
    if loading["missing_keys"] or loading["mismatched_keys"]:
        raise ConfigurationError(
            f"The weights in {folder} do not fit its config.json. Missing: "
            f"{loading['missing_keys']}; of another size: {loading['mismatched_keys']}."
        )
    return network


def _load_weights(file: Path) -> Dict[str, torch.Tensor]:
    try:
        if file.suffix == ".safetensors":
            return load_file(str(file))
        return torch.load(str(file), map_location="cpu", weights_only=True)
    except (EOFError, OSError, RuntimeError, SafetensorError, UnpicklingError) as error:
        raise ConfigurationError(
            f"{file} is damaged, or holds more than weights: {first_line(error)}"
        ) from error


def special_ids(tokenizer: PreTrainedTokenizerFast) -> Tuple[Tuple[int, ...], Tuple[int, ...]]:
    """The ids of the special tokens that the tokenizer puts before and after a text."""
    with_specials = tokenizer("a", add_special_tokens=True)["input_ids"]
    without = tokenizer("a", add_special_tokens=False)["input_ids"]
    for start in range(len(with_specials) - len(without) + 1):
        end = start + len(without)
        if with_specials[start:end] == without:
            return tuple(with_specials[:start]), tuple(with_specials[end:])
    raise ConfigurationError(
        f"The tokenizer {tokenizer.name_or_path} does not put special tokens around a text."
    )


def position_limit(network: PreTrainedModel) -> int:
    """The largest number of tokens that the network can encode."""
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa and similar models, such as MPNet, number positions from `padding_idx + 1` on.
            reserved = 0 if module.padding_idx is None else module.padding_idx + 1
            return module.num_embeddings - reserved
    return getattr(network.config, "max_position_embeddings", 512)


def architecture(config: PretrainedConfig) -> str:
    """The settings of a configuration that can change the encoder's output."""
    settings = config.to_dict()
    for name in ("_name_or_path", "transformers_version", "architectures", "dtype"):
        settings.pop(name, None)
    return repr(sorted(settings.items()))


def drop_layers_above(network: PreTrainedModel, last: int) -> None:
    """Removes the layers above the last one that is used."""
    # `encoder` is that of BERT, RoBERTa, MPNet, ELECTRA and DeBERTa, `transformer` DistilBERT's.
    # Other networks may apply something after the last layer, and are not changed.
    stack = getattr(network, "encoder", getattr(network, "transformer", None))
    modules = getattr(stack, "layer", None)
    if isinstance(modules, torch.nn.ModuleList) and last < len(modules):
        del modules[last:]
