"""A trained model whose predictions another model learns from."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from allennlp.common import FromParams
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch
from allennlp.models.archival import load_archive
from allennlp.nn.util import move_to_device

from dts_ee.document import Document, Entity
from dts_ee.models.tag_sequences import TagSequences
from dts_ee.models.task_head import TaskHead
from dts_ee.quiet_loading import quiet_loading

_Key = Tuple[Tuple[str, ...], Tuple[str, ...], Tuple[str, ...], Tuple[Entity, ...]]


class Teacher(FromParams):
    """
    A trained model from whose probabilities a model `dts` learns, in addition to the training data
    (knowledge distillation: Hinton, Vinyals and Dean 2015, arXiv 1503.02531).

    The targets of training are a weighted mean of the data's and the teacher's. For entities, the
    teacher's is its distribution over tag sequences; for a pair of the data's entities, its
    probabilities of the relations. The two models may have other inputs, layers and vocabularies,
    but have the same types and tags. The teacher predicts a sentence once: its scores of the tags
    and of the pairs are kept in memory.

    # Parameters

    pretrained_file : `str`, optional (default = `None`)
        The teacher: an archive, or the folder of a training. AllenNLP leaves this out when it loads
        the trained model, which has no teacher then.
    weight : `float`, optional (default = `0.5`)
        The weight of the teacher's targets, above 0 and at most 1. The data's have the rest.

    # Raises

    `ConfigurationError`
        If the weight is not allowed, the archive cannot be read, or it has another model.
    """

    def __init__(self, pretrained_file: Optional[str] = None, weight: float = 0.5) -> None:
        if not 0.0 < weight <= 1.0:
            raise ConfigurationError(f"weight is {weight}, but must be above 0 and at most 1")
        self.weight = weight
        self._file = pretrained_file
        self._kept: Dict[_Key, Dict[str, Any]] = {}
        if pretrained_file is not None:
            with quiet_loading():
                archive = load_archive(pretrained_file)
            self._model: Any = archive.model.eval()
            self._reader: Any = archive.validation_dataset_reader
            if not hasattr(self._model, "run_networks"):
                raise ConfigurationError(
                    f"{pretrained_file} has the model {type(self._model).__name__}, which cannot "
                    "be the teacher of a model `dts`"
                )

    @property
    def is_there(self) -> bool:
        """Whether there is a teacher: a trained model has none any more."""
        return self._file is not None

    def check(self, heads: Mapping[str, TaskHead], tag_sequences: TagSequences) -> None:
        """
        # Raises

        `ConfigurationError`
            If the teacher does not have the tasks, types and tags of the model that it teaches.
        """
        for name, head in heads.items():
            own = self._model.heads.get(name)
            if own is None or own.types != head.types:
                types = "no such types" if own is None else ", ".join(own.types)
                raise ConfigurationError(
                    f"the teacher {self._file} has other types of {name} ({types}) than the "
                    f"training data ({', '.join(head.types)})"
                )
        try:
            self._model.tag_sequences.order_of(tag_sequences)
        except ConfigurationError as error:
            raise ConfigurationError(f"the teacher {self._file}: {error.message}") from None

    def soft_targets(
        self,
        documents: Sequence[Document],
        heads: Mapping[str, TaskHead],
        device: torch.device,
    ) -> Dict[str, List[Any]]:
        """
        The teacher's targets for each sentence, by the name of the task.

        # Parameters

        documents : `Sequence[Document]`
            Training sentences, with the entities whose pairs are training examples.
        heads : `Mapping[str, TaskHead]`
            The heads that learn.
        device : `torch.device`
            The device of the targets.
        """
        keys = [
            (document.tokens, document.tokens_before, document.tokens_after, document.entities)
            for document in documents
        ]
        missing = {
            key: document
            for key, document in zip(keys, documents, strict=True)
            if key not in self._kept
        }
        if missing:
            targets = self._predict(list(missing.values()), heads, device)
            for row, key in enumerate(missing):
                self._kept[key] = {name: targets[name][row] for name in heads}
        return {name: [self._kept[key][name] for key in keys] for name in heads}

    @torch.no_grad()
    def _predict(
        self, documents: List[Document], heads: Mapping[str, TaskHead], device: torch.device
    ) -> Dict[str, List[Any]]:
        batch = Batch(
            [self._reader.text_to_instance(document, gold=False) for document in documents]
        )
        for instance in batch:
            self._reader.apply_token_indexers(instance)
        batch.index_instances(self._model.vocab)
        tensors = move_to_device(batch.as_tensor_dict(), device)
        # The targets are kept, so they are exact, also where the student trains in half precision.
        with torch.autocast(device_type=device.type, enabled=False):
            task_batch = self._model.to(device).task_batch(**tensors)
            return {
                name: self._model.heads[name].soft_targets(task_batch, documents, head)
                for name, head in heads.items()
            }
