"""Copies weights to a model with more words and types."""

from typing import Dict, List, Set, Tuple

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

_CONSTRAINTS = "_constraint_mask"
"""The allowed transitions of a CRF, which AllenNLP keeps as a parameter."""


class GrownWeights:
    """
    Copies the weights of a model to a model of the same layers, whose vocabulary is that of the
    first one with additions.

    A dimension that runs over the words, tags or types of the vocabulary may be longer in the
    second model: the weights of its first positions are copied, and the others are left as they
    are. A module in which the copied positions are others has a method `copy_grown(source,
    weights)`, which copies the weights of the module `source` with the help of this object.

    # Parameters

    former, vocab : `Vocabulary`
        The vocabularies of the first and of the second model.

    # Raises

    `ConfigurationError`
        If `vocab` is not `former` with additions.
    """

    def __init__(self, former: Vocabulary, vocab: Vocabulary) -> None:
        self._sizes: Set[Tuple[int, int]] = set()
        for namespace in sorted(former.get_namespaces()):
            names = former.get_index_to_token_vocabulary(namespace)
            all_names: Dict[int, str] = {}
            # Reading a missing namespace would create an empty one, which AllenNLP cannot save.
            if namespace in vocab.get_namespaces():
                all_names = vocab.get_index_to_token_vocabulary(namespace)
            if any(all_names.get(index) != name for index, name in names.items()):
                raise ConfigurationError(
                    f"the vocabulary's {namespace} are not those of the archive with additions: "
                    "set `vocabulary` to { type: 'extend', directory: the archive }"
                )
            self._sizes.add((len(names), len(all_names)))

    def copy(self, target: torch.nn.Module, source: torch.nn.Module) -> None:
        """
        Copies the weights of a module.

        # Parameters

        target : `torch.nn.Module`
            The module of the second model.
        source : `torch.nn.Module`
            The same module of the first model.

        # Raises

        `ConfigurationError`
            If the layers differ in more than the vocabulary.
        """
        if type(target) is not type(source):
            raise other_layers(target, source)
        copy_grown = getattr(target, "copy_grown", None)
        if copy_grown is not None:
            copy_grown(source, self)
            return
        children, source_children = dict(target.named_children()), dict(source.named_children())
        weights, source_weights = _own_weights(target), _own_weights(source)
        if [*children, *weights] != [*source_children, *source_weights]:
            raise other_layers(target, source)
        for name, child in children.items():
            self.copy(child, source_children[name])
        for name, weight in weights.items():
            sizes = list(zip(source_weights[name].shape, weight.shape))
            if weight.dim() != source_weights[name].dim() or not all(
                size == grown or (size, grown) in self._sizes for size, grown in sizes
            ):
                raise other_layers(target, source)
            copy_first(weight, source_weights[name])


def copy_first(target: torch.Tensor, source: torch.Tensor) -> None:
    """Copies a tensor to the first positions of one that is as long or longer."""
    with torch.no_grad():
        target[tuple(map(slice, source.shape))] = source


def other_layers(target: torch.nn.Module, source: torch.nn.Module) -> ConfigurationError:
    """The error for modules that differ in more than the vocabulary."""
    one, other = (f"{type(module).__name__} ({_described(module)})" for module in (target, source))
    return ConfigurationError(
        f"the model has other layers than the archive: {one} instead of {other}; only settings "
        "that leave the layers as they are can be changed"
    )


def _own_weights(module: torch.nn.Module) -> Dict[str, torch.Tensor]:
    weights: Dict[str, torch.Tensor] = dict(module.named_parameters(recurse=False))
    weights.update(module.named_buffers(recurse=False))
    weights.pop(_CONSTRAINTS, None)
    return weights


def _described(module: torch.nn.Module) -> str:
    shapes: List[str] = [
        f"{name} {'×'.join(map(str, weight.shape))}"
        for name, weight in _own_weights(module).items()
    ]
    return ", ".join(shapes or [f"parts: {len(list(module.children()))}"])
