"""Which positions of a batch are tokens."""

from typing import cast

import torch
from allennlp.data import TextFieldTensors
from allennlp.nn.util import get_text_field_mask


def token_mask(tokens: TextFieldTensors) -> torch.BoolTensor:
    """
    AllenNLP's `get_text_field_mask`, where several indexers may give a mask as well: with two
    encoders that have their own pieces of words, both do, and both masks are of the same tokens.

    # Parameters

    tokens : `TextFieldTensors`
        The batch's tokens as the indexers write them.

    # Returns

    `torch.BoolTensor`
        Shape `(batch_size, num_tokens)`, false for padding.
    """
    for tensors in tokens.values():
        if "mask" in tensors:
            return cast(torch.BoolTensor, tensors["mask"].bool())
    return get_text_field_mask(tokens)
