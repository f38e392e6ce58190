"""Several models that predict together."""

from typing import Dict, List, cast

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules.text_field_embedders import BasicTextFieldEmbedder, TextFieldEmbedder

from dts_ee.models.dts import DeeperTaskSpecificity
from dts_ee.models.task_head import TaskBatch, TaskHead
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder


@Model.register("dts_ensemble")
class Ensemble(DeeperTaskSpecificity):
    """
    Models `dts` for the same types, which may have other inputs and layers. It predicts with the
    mean of their tag scores and of their relation probabilities, as one model with several networks
    does, and has the thresholds of the first. Its loss is the mean of theirs.

    A frozen encoder that several of them have is kept and run once.

    Registered as a `Model` with name "dts_ensemble". `dts-ee ensemble` makes one of trained models.

    # Parameters

    vocab : `Vocabulary`
        The vocabulary of all models.
    members : `Dict[str, Model]`
        The models, by any names.

    # Raises

    `ConfigurationError`
        If there are no members, or one has another class or other tasks than the first.
    """

    def __init__(self, vocab: Vocabulary, members: Dict[str, Model]) -> None:
        # The layers are those of the members.
        Model.__init__(self, vocab)
        if not members:
            raise ConfigurationError("members: an ensemble has at least one model")
        for name, member in members.items():
            if not isinstance(member, DeeperTaskSpecificity):
                raise ConfigurationError(
                    f"members.{name}: this is the model {type(member).__name__}, not `dts`"
                )
        self.members = torch.nn.ModuleDict(members)
        tasks = list(self.heads)
        for name, member in zip(members, self._members):
            if list(member.heads) != tasks:
                raise ConfigurationError(
                    f"members.{name}: this model has the tasks {', '.join(member.heads)}, and the "
                    f"first one {', '.join(tasks)}"
                )
        self.tag_sequences = self._members[0].tag_sequences
        self.tasks = self._members[0].tasks
        self.former_types = {}
        self._share_frozen_encoders()

    @property
    def _members(self) -> List[DeeperTaskSpecificity]:
        return cast(List[DeeperTaskSpecificity], list(self.members.values()))

    @property
    def heads(self) -> Dict[str, TaskHead]:
        """The first member's heads, which have the metrics, thresholds and decoding."""
        return self._members[0].heads

    def run_networks(self, tokens: TextFieldTensors, batch: TaskBatch) -> torch.Tensor:
        """See `DeeperTaskSpecificity.run_networks`; the returned tensor is that of the first."""
        first, *_ = [
            member.run_networks(_inputs(member.text_field_embedder, tokens), batch)
            for member in self._members
        ]
        return first

    def _share_frozen_encoders(self) -> None:
        encoders: Dict[str, FrozenEmbedder] = {}
        for module in list(self.modules()):
            for name, child in module.named_children():
                if isinstance(child, FrozenEmbedder) and not list(child.parameters()):
                    shared = encoders.setdefault(child.fingerprint(), child)
                    if shared is not child:
                        shared.keep_last_batch()
                        setattr(module, name, shared)


def _inputs(embedder: TextFieldEmbedder, tokens: TextFieldTensors) -> TextFieldTensors:
    """What an embedder embeds; AllenNLP's refuses other inputs."""
    if not isinstance(embedder, BasicTextFieldEmbedder):
        return tokens
    return {name: tokens[name] for name in embedder._token_embedders}
