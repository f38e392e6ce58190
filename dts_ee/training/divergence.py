"""
Trainings whose loss or weights are no numbers any more.
"""

from itertools import islice
from typing import Any, Iterable, List, Mapping

import torch

from dts_ee.document import Document

_MAX_DOCUMENTS = 8
_MAX_WORDS = 8


def check_loss(loss: torch.Tensor, epoch: int, batch: Mapping[str, Any]) -> None:
    """
    # Parameters

    loss : `torch.Tensor`
        The loss of a batch of training data.
    epoch : `int`
        The epoch, counted from 1.
    batch : `Mapping[str, Any]`
        The batch, whose documents are named.

    # Raises

    `FloatingPointError`
        If the loss is infinite or not a number.
    """
    if not torch.isfinite(loss):
        documents = [document for field in batch.values() for document in _documents(field)]
        raise FloatingPointError(
            f"epoch {epoch}: the loss is {loss.item()} on {_named(documents)}; "
            f"{_what_to_try(epoch)}"
        )


def check_weights(model: torch.nn.Module, epoch: int) -> None:
    """
    # Raises

    `FloatingPointError`
        If a weight is infinite or not a number after an epoch, counted from 1.
    """
    for name, parameter in model.named_parameters():
        if not torch.isfinite(parameter).all():
            raise FloatingPointError(
                f"epoch {epoch}: the weight {name} is infinite or not a number; "
                f"{_what_to_try(epoch)}"
            )


def _documents(field: Any) -> List[Document]:
    values = field if isinstance(field, (list, tuple)) else []
    return [value for value in values if isinstance(value, Document)]


def _named(documents: Iterable[Document]) -> str:
    documents = list(documents)
    names = [
        f"{document.id!r}" if document.id is not None else f"{_start(document)!r}"
        for document in islice(documents, _MAX_DOCUMENTS)
    ]
    if len(documents) > _MAX_DOCUMENTS:
        names.append(f"{len(documents) - _MAX_DOCUMENTS} more")
    return f"the documents {', '.join(names)}" if names else "a batch"


def _start(document: Document) -> str:
    words = " ".join(document.tokens[:_MAX_WORDS])
    return words if len(document.tokens) <= _MAX_WORDS else f"{words} …"


def _what_to_try(epoch: int) -> str:
    kept = "" if epoch == 1 else f". The checkpoint of epoch {epoch - 1} and best.th are kept"
    return (
        "try a lower trainer.optimizer.lr, a lower trainer.grad_norm (such as 1.0), or data "
        f"without these documents{kept}"
    )
