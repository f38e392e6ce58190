"""Joint entity and relation extraction by deeper task-specificity."""

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, cast

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.models.archival import load_archive
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.modules.span_extractors import SpanExtractor
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask, is_distributed, masked_mean

from dts_ee.corpora.spert import prediction_to_json
from dts_ee.dataset_readers.choices import check_choice
from dts_ee.dataset_readers.document_field import RELATION_NAMESPACE
from dts_ee.dataset_readers.symmetric_relations import SYMMETRIC_NAMESPACE
from dts_ee.metrics import DocumentF1, Scores
from dts_ee.models.entity_head import EntityHead
from dts_ee.models.old_archives import rename_old_parameters
from dts_ee.models.relation_head import RelationHead
from dts_ee.models.symmetric_relations import SymmetricRelations
from dts_ee.models.tag_sequences import TagSequences
from dts_ee.models.task_head import TaskBatch, TaskHead
from dts_ee.models.teacher import Teacher
from dts_ee.models.thresholds import Thresholds
from dts_ee.modules.entity_tagger import CrfEntityTagger, EntityTagger
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder
from dts_ee.modules.grown_weights import GrownWeights
from dts_ee.modules.relation_scorer import PairwiseRelationScorer, RelationScorer
from dts_ee.modules.span_extractors import LastTokenSpanExtractor
from dts_ee.modules.stack import Stack
from dts_ee.quiet_loading import quiet_loading
from dts_ee.tasks import ENTITIES, RELATIONS, flat_metrics


@Model.register("dts")
class DeeperTaskSpecificity(Model):
    """
    Recognises entities and extracts the relations between them (Crone 2020, arXiv 2002.06424).

    The embedded tokens pass through a shared stack of layers, then through the stack of each task.
    Each of the three stacks is optional. The NER head tags the tokens. The RE head scores every
    ordered pair of entities; it represents an entity by its last token (or by another span
    extractor) and by an embedding of that token's tag. The pairs are formed of gold entities in
    training, and of predicted entities at inference.

    The dataset reader's `symmetric_relations` are relations whose direction has no meaning: see
    `SymmetricRelations`. The model takes them from the vocabulary.

    With `tasks: "entities"` there is no RE head. With `tasks: "relations"` there is no NER head,
    and relations are extracted between given entities. A model with both heads can be given the
    entities of a sentence too; the NER head is not used for that sentence.

    The loss is `L_NER + λ · L_RE`. `L_RE` is the binary cross-entropy of each pair and relation
    type, summed over the relation types and averaged over the pairs of the batch. (With a mean over
    the relation types as well, the same weight would need a λ that is `num_relations` times as
    large.)

    # Parameters

    vocab : `Vocabulary`
        The vocabulary, with the tags and the relation types.
    text_field_embedder : `TextFieldEmbedder`
        Embeds the tokens.
    shared_encoder : `Seq2SeqEncoder`, optional (default = `None`)
        The shared stack. The model fills in the input size of every stack.
    ner_encoder : `Seq2SeqEncoder`, optional (default = `None`)
        The NER-specific stack.
    relation_encoder : `Seq2SeqEncoder`, optional (default = `None`)
        The RE-specific stack.
    entity_tagger : `EntityTagger`, optional (default = `crf`)
        The scoring layers of the NER head.
    span_extractor : `SpanExtractor`, optional (default = `last_token`)
        Represents an entity in the RE head. The model fills in its input size. The default is the
        paper's.
    relation_scorer : `RelationScorer`, optional (default = `pairwise`)
        The scoring layers of the RE head. A vocabulary without relation types gives no RE head.
    label_embedding_dim : `int`, optional (default = `25`)
        The size of the tag embedding in an entity's vector; 0 for none.
    dropout : `float`, optional (default = `0.35`)
        Dropout before each stack, and before the head of a task without a stack.
    relation_dropout : `float`, optional (default = `0.5`)
        Dropout on the entities' vectors before pairs are scored.
    relation_loss_weight : `float`, optional (default = `5.0`)
        λ.
    relation_threshold : `float`, optional (default = `0.9`)
        Θ: a relation is predicted if its probability is at least this.
    relation_score : `str`, optional (default = `"relation"`)
        The probability that is compared with Θ and written to a predicted relation: `"relation"`
        for the relation's own, as in the paper; `"joint"` for its product with the probabilities
        of the two entities (1 for given entities).
    num_networks : `int`, optional (default = `1`)
        The number of networks with these layers, each with its own weights, over the same embedded
        tokens. They are trained together, each with its own loss. Predictions use the mean of
        their tag scores and of their relation probabilities. The paper has one.
    tasks : `str`, optional (default = `"joint"`)
        `"joint"`, `"entities"` or `"relations"`.
    training_labels : `str`, optional (default = `"gold"`)
        The tags that are embedded in training: the `"gold"` tags, or the tags `"predicted"` by the
        NER head.
    tag_encoding, tag_sequences : `str`, optional (default = `None`)
        The reader's settings. The model takes them from the vocabulary, so they can be left out; a
        different value is an error. With one sequence of tags for each entity type, each sequence
        has its own tagger, and `L_NER` is the sum of the taggers' losses.
    further_heads : `List[TaskHead]`, optional (default = `None`)
        The heads of further tasks, each with its own stack and loss.
    teacher : `Teacher`, optional (default = `None`)
        A trained model to learn from, in addition to the training data.
    pretrained_file : `str`, optional (default = `None`)
        An archive whose weights the model starts with, and whose vocabulary the model's vocabulary
        extends. New words and types have the weights of an untrained model. AllenNLP leaves this
        out when it loads the trained model.
    initializer : `InitializerApplicator`, optional
        Initialises the parameters.
    kwargs : `Any`
        Other arguments of AllenNLP's `Model`, such as `regularizer`.
    """

    default_predictor = "dts"

    _teacher: Optional[Teacher] = None

    def __init__(
        self,
        vocab: Vocabulary,
        text_field_embedder: TextFieldEmbedder,
        shared_encoder: Optional[Lazy[Seq2SeqEncoder]] = None,
        ner_encoder: Optional[Lazy[Seq2SeqEncoder]] = None,
        relation_encoder: Optional[Lazy[Seq2SeqEncoder]] = None,
        entity_tagger: Lazy[EntityTagger] = Lazy(CrfEntityTagger),
        span_extractor: Lazy[SpanExtractor] = Lazy(LastTokenSpanExtractor),
        relation_scorer: Lazy[RelationScorer] = Lazy(PairwiseRelationScorer),
        label_embedding_dim: int = 25,
        dropout: float = 0.35,
        relation_dropout: float = 0.5,
        relation_loss_weight: float = 5.0,
        relation_threshold: float = 0.9,
        relation_score: str = "relation",
        num_networks: int = 1,
        tasks: str = "joint",
        training_labels: str = "gold",
        tag_encoding: Optional[str] = None,
        tag_sequences: Optional[str] = None,
        further_heads: Optional[List[Lazy[TaskHead]]] = None,
        teacher: Optional[Teacher] = None,
        pretrained_file: Optional[str] = None,
        initializer: InitializerApplicator = InitializerApplicator(),
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        if not 0.0 < relation_threshold < 1.0:
            raise ConfigurationError(
                f"relation_threshold is a probability between 0 and 1, not {relation_threshold}"
            )
        if num_networks < 1:
            raise ConfigurationError(f"num_networks is {num_networks}, less than 1")
        check_choice("tasks", tasks, ("joint", "entities", "relations"))
        check_choice("relation_score", relation_score, ("relation", "joint"))
        check_choice("training_labels", training_labels, ("gold", "predicted"))
        if tasks == "relations" and training_labels == "predicted":
            raise ConfigurationError("without the NER head there are no predicted training_labels")
        relation_types = _types_in(vocab, RELATION_NAMESPACE)
        if tasks == "relations" and not relation_types:
            raise ConfigurationError("the data has no relations, which are the model's only task")
        self.tasks = tasks
        self.tag_sequences = TagSequences.from_vocabulary(vocab, tag_encoding, tag_sequences)

        heads: List[TaskHead] = []
        predict_tags = None
        if tasks != "relations":
            entity_head = EntityHead(self.tag_sequences, ner_encoder, entity_tagger, dropout)
            heads.append(entity_head)
            if training_labels == "predicted":
                predict_tags = entity_head.predict_tags
        if tasks != "entities" and relation_types:
            relation_head = RelationHead(
                self.tag_sequences,
                relation_types,
                SymmetricRelations(relation_types, _types_in(vocab, SYMMETRIC_NAMESPACE).values()),
                relation_encoder,
                span_extractor,
                relation_scorer,
                label_embedding_dim=label_embedding_dim,
                dropout=dropout,
                relation_dropout=relation_dropout,
                loss_weight=relation_loss_weight,
                threshold=relation_threshold,
                score=relation_score,
                entities_predicted=tasks == "joint",
                predict_tags=predict_tags,
            )
            heads.append(relation_head)
        heads += [head.construct(vocab=vocab) for head in further_heads or []]

        self.former_types: Dict[str, List[str]] = {}
        """With `pretrained_file`, the types that the archive predicts, by the name of the task."""
        self.text_field_embedder = text_field_embedder
        self._shared = torch.nn.ModuleList()
        for _ in range(num_networks):
            stack = Stack(
                shared_encoder,
                text_field_embedder.get_output_dim(),
                # Without shared layers, the heads apply the first dropout.
                0.0 if shared_encoder is None else dropout,
            )
            self._shared.append(stack)
            for head in heads:
                head.add_network(stack.get_output_dim())
        self._heads = torch.nn.ModuleDict({head.name: head for head in heads})
        if len(self._heads) < len(heads):
            raise ConfigurationError(
                f"two heads have the same name: {', '.join(head.name for head in heads)}"
            )
        if teacher is not None and teacher.is_there:
            teacher.check(self.heads, self.tag_sequences)
            self._teacher = teacher
        initializer(self)
        if pretrained_file is not None:
            self._copy_archive(pretrained_file)

    def _copy_archive(self, archive_file: str) -> None:
        with quiet_loading():
            source = load_archive(archive_file).model
        if not isinstance(source, DeeperTaskSpecificity):
            raise ConfigurationError(f"{archive_file} has the model {type(source).__name__}")
        self.tag_sequences.check_settings_of(source.tag_sequences)
        self.former_types = source.types
        weights = GrownWeights(source.vocab, self.vocab)
        weights.copy(self.text_field_embedder, source.text_field_embedder)
        weights.copy(self._shared, source._shared)
        for name, head in self.heads.items():
            # The archive may have had no relations to learn.
            if name in source.heads:
                head.copy_grown(source.heads[name], weights)

    @property
    def heads(self) -> Dict[str, TaskHead]:
        """The heads by the names of their tasks."""
        return cast(Dict[str, TaskHead], dict(self._heads.items()))

    @property
    def entity_types(self) -> List[str]:
        """The entity types that the model predicts, in alphabetical order."""
        return self.tag_sequences.entity_types

    @property
    def relation_types(self) -> List[str]:
        """The relation types that the model predicts, in alphabetical order."""
        return self.types.get(RELATIONS.name, [])

    @property
    def types(self) -> Dict[str, List[str]]:
        """The types that the model predicts, by the name of the task."""
        return {name: head.types for name, head in self.heads.items()}

    @property
    def recognises_entities(self) -> bool:
        """Whether the model predicts entities; otherwise they have to be given."""
        return ENTITIES.name in self.heads

    @property
    def extracts_relations(self) -> bool:
        """Whether the model predicts relations."""
        return RELATIONS.name in self.heads

    @property
    def document_metrics(self) -> List[DocumentF1]:
        """The metric of each head."""
        return [head.metric for head in self.heads.values()]

    def forward(
        self,
        tokens: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        tags: Optional[torch.LongTensor] = None,
        thresholds: Mapping[str, Thresholds] = {},
        examine: bool = False,
    ) -> Dict[str, Any]:
        """
        Computes the loss of a batch, and outside of training its predictions.

        # Parameters

        tokens : `TextFieldTensors`
            The sentences.
        metadata : `List[Dict[str, Any]]`
            For each sentence: `document`, the gold `Document`, and `tagged_document`, the part of
            it that tags can express; or `document` and `entities_given`, to extract relations
            between the entities of the document.
        tags : `torch.LongTensor`, optional (default = `None`)
            The gold tags. Shape (batch_size, num_tokens), or, with one sequence for each type,
            (batch_size, num_tokens, num_types).
        thresholds : `Mapping[str, Thresholds]`, optional (default = `{}`)
            The thresholds of this call by the name of the head, such as
            `{"relation": Thresholds(0.3)}`.
        examine : `bool`, optional (default = `False`)
            Whether the output has `expected_errors`, of shape (batch_size,), and `vectors`, of
            shape (batch_size, dim), too. Not in training.

        # Returns

        `Dict[str, Any]`
            `loss` if gold tags are given, and, except in training, `documents`: the sentences with
            predicted entities and relations. `expected_errors` is the sum of `expected_errors` of
            the heads. `vectors` has the mean of each sentence's embedded tokens if an encoder is
            frozen, and otherwise of its tokens after the first network's shared layers.

        # Raises

        `ConfigurationError`
            If a threshold is given for a head without one, or the reader's `tag_sequences` is not
            the model's.
        """
        self._check_thresholds(thresholds)
        batch = TaskBatch(_token_mask(tokens), metadata, text=tokens)
        if tags is not None:
            # Shape: (batch_size, num_tokens, num_sequences)
            batch.tags = self.tag_sequences.split(tags)
            if self.training and self._teacher is not None:
                batch.soft_weight = self._teacher.weight
                batch.soft_targets = self._teacher.soft_targets(
                    batch.tagged_documents, self.heads, batch.mask.device
                )
        # Shape: (batch_size, num_tokens, dim)
        layer = self.run_networks(tokens, batch)
        output: Dict[str, Any] = {}
        if tags is not None:
            losses = [head.loss(batch) for head in self.heads.values()]
            output["loss"] = torch.stack(losses).sum()
            if self.training and is_distributed():
                output["loss"] = output["loss"] + self._zero_of_all_parameters()
        if not self.training:
            # The gold values of tasks without a head must not look like predictions.
            documents = [replace(document, extra={}) for document in batch.documents]
            for name, head in self.heads.items():
                documents = head.predict(batch, documents, thresholds.get(name, Thresholds()))
            output["documents"] = documents
            if examine:
                errors = [head.expected_errors(batch, documents) for head in self.heads.values()]
                output["expected_errors"] = torch.stack(errors).sum(0)
                mask = cast(torch.BoolTensor, batch.mask.unsqueeze(2))
                output["vectors"] = masked_mean(layer, mask, dim=1)
            if tags is not None:
                for metric in self.document_metrics:
                    metric(documents, batch.documents)
        return output

    def task_batch(self, tokens: TextFieldTensors, metadata: List[Dict[str, Any]]) -> TaskBatch:
        """The outputs of all networks for a batch of sentences; see `forward`."""
        batch = TaskBatch(_token_mask(tokens), metadata, text=tokens)
        self.run_networks(tokens, batch)
        return batch

    def run_networks(self, tokens: TextFieldTensors, batch: TaskBatch) -> torch.Tensor:
        """
        Adds the outputs of all networks to a batch.

        # Parameters

        tokens : `TextFieldTensors`
            The sentences.
        batch : `TaskBatch`
            The batch, which may have outputs of other models.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, dim): the embedded tokens if an encoder is frozen, and
            otherwise the tokens after the first network's shared layers.
        """
        # Shape: (batch_size, num_tokens, embedding_dim)
        embedded = self.text_field_embedder(tokens)
        # Each with shape (batch_size, num_tokens, shared_dim)
        shared = [stack(embedded, batch.mask) for stack in self._shared]
        for name, head in self.heads.items():
            batch.outputs.setdefault(name, []).extend(
                head(layer, batch.mask, network) for network, layer in enumerate(shared)
            )
        return embedded if self._has_frozen_encoder() else shared[0]

    def _zero_of_all_parameters(self) -> torch.Tensor:
        """
        0, with a gradient for each trained parameter.

        The workers of a distributed training wait for the gradient of every parameter from each of
        them, but a batch without pairs of entities does not need those of the relation head.
        """
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return torch.stack([0.0 * parameter.sum() for parameter in trained]).sum()

    def _has_frozen_encoder(self) -> bool:
        return any(
            isinstance(module, FrozenEmbedder) for module in self.text_field_embedder.modules()
        )

    def _check_thresholds(self, thresholds: Mapping[str, Thresholds]) -> None:
        for name in thresholds:
            if name not in self.heads or self.heads[name].threshold is None:
                raise ConfigurationError(f"the model has no head {name!r} with a threshold")

    def make_output_human_readable(self, output_dict: Dict[str, Any]) -> Dict[str, Any]:
        """Replaces the predicted documents by their JSON, as one list for each key."""
        rows = [prediction_to_json(document) for document in output_dict.pop("documents")]
        for key in dict.fromkeys(key for row in rows for key in row):
            output_dict[key] = [row.get(key) for row in rows]
        return output_dict

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        """
        The losses of the tasks, and, except in training, their scores. In distributed training,
        they are those of all workers if `reset` is true, otherwise those of this one.

        `mean_f1` is the mean of the tasks' strict micro F1; use it to choose a model. AllenNLP's
        progress bar leaves out metrics whose names begin with an underscore.
        """
        heads = list(self.heads.values())
        metrics = {head.loss_name: head.mean_loss.get_metric(reset) for head in heads}
        if self.training:
            return metrics
        scores: Scores = {}
        for head in heads:
            if reset:
                head.metric.gather()
            scores.update(head.metric.scores())
            if reset:
                head.metric.reset()
        f1 = [scores[head.task.micro].f1 for head in heads]
        return {**metrics, **flat_metrics(scores), "mean_f1": sum(f1) / len(f1)}

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *args: Any) -> None:
        rename_old_parameters(state_dict, prefix)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _types_in(vocab: Vocabulary, namespace: str) -> Mapping[int, str]:
    # Reading a missing namespace would create an empty one, which AllenNLP cannot save.
    if namespace not in vocab.get_namespaces():
        return {}
    return vocab.get_index_to_token_vocabulary(namespace)


def _token_mask(tokens: TextFieldTensors) -> torch.BoolTensor:
    """
    AllenNLP's `get_text_field_mask`, for any number of indexers that give a mask.

    AllenNLP allows one such indexer, but two transformers with word pieces give two equal masks.
    Shape: (batch_size, num_tokens)
    """
    for tensors in tokens.values():
        if "mask" in tensors:
            return cast(torch.BoolTensor, tensors["mask"].bool())
    return get_text_field_mask(tokens)
