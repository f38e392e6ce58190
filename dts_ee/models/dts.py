"""Joint entity and relation extraction by deeper task-specificity."""

from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, cast

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.modules.span_extractors import SpanExtractor
from allennlp.nn import InitializerApplicator
from allennlp.training.metrics import Average

from dts_ee.corpora.spert import prediction_to_json
from dts_ee.document import Document
from dts_ee.metrics import DocumentF1, EntityF1, RelationF1, Scores
from dts_ee.models.joint_decoder import JointDecoder
from dts_ee.models.pair_relations import relation_targets
from dts_ee.models.tag_sequences import TagSequences
from dts_ee.models.token_mask import token_mask
from dts_ee.modules.entity_tagger import CrfEntityTagger, EntityTagger
from dts_ee.modules.joint_network import JointNetwork, JointOutput
from dts_ee.modules.relation_scorer import PairwiseRelationScorer, RelationScorer
from dts_ee.modules.span_extractors import LastTokenSpanExtractor
from dts_ee.tasks import TASKS, flat_metrics


@Model.register("dts")
class DeeperTaskSpecificity(Model):
    """
    Recognises entities and extracts the relations between them (Crone 2020, arXiv 2002.06424).

    Embedded tokens pass a shared stack of layers, then a stack for each task; any of the three may
    be absent. The NER head tags the tokens; the RE head scores every ordered pair of entities by
    the last token of each, or by another extract of its tokens, together with an embedding of the
    last token's tag. In training the gold entities are paired, at inference the predicted ones.

    Either task can be had alone: `"entities"` leaves out the RE head, and `"relations"` the NER
    head, so that relations are extracted between entities that are given. With both heads, too,
    entities can be given for a sentence, and the NER head is left out of it then.

    The loss is `L_NER + λ · L_RE`. `L_NER` is the NER head's. `L_RE` is the binary cross-entropy of
    each pair and relation, summed over the relations and averaged over the batch's pairs: compared
    with an average over pairs and relations, the same λ weighs as many times more as there are
    relation types.

    # Parameters

    vocab : `Vocabulary`
        Holds the tags and the relation types.
    text_field_embedder : `TextFieldEmbedder`
        Embeds the tokens.
    shared_encoder : `Seq2SeqEncoder`, optional (default = `None`)
        The shared stack; as for the others, its input size is filled in.
    ner_encoder : `Seq2SeqEncoder`, optional (default = `None`)
        The NER-specific stack.
    relation_encoder : `Seq2SeqEncoder`, optional (default = `None`)
        The RE-specific stack.
    entity_tagger : `EntityTagger`, optional (default = `crf`)
        The NER head.
    span_extractor : `SpanExtractor`, optional (default = `last_token`)
        What stands for an entity in the RE head; its input size is filled in. The default is the
        paper's.
    relation_scorer : `RelationScorer`, optional (default = `pairwise`)
        The RE head. There is none where the vocabulary has no relation types.
    label_embedding_dim : `int`, optional (default = `25`)
        The size of a tag's embedding in an entity's vector; 0 for none.
    dropout : `float`, optional (default = `0.35`)
        Dropout before each stack, and where a task has no stack of its own, before its head.
    relation_dropout : `float`, optional (default = `0.5`)
        Dropout on the entities' vectors before pairs are scored.
    relation_loss_weight : `float`, optional (default = `5.0`)
        λ.
    relation_threshold : `float`, optional (default = `0.9`)
        Θ, the probability from which on a relation is predicted.
    relation_score : `str`, optional (default = `"relation"`)
        What Θ is compared with, and a predicted relation's `probability`: the `"relation"`'s own
        probability, as in the paper; or the `"joint"` one, its product with the probabilities of
        the two entities (of those that are given, 1).
    num_networks : `int`, optional (default = `1`)
        How many networks with these layers there are, each with its own weights, over the same
        embedded tokens. They are trained together, each by its own loss, and predict by the mean of
        their tag scores and of their relations' probabilities. The paper has one.
    tasks : `str`, optional (default = `"joint"`)
        `"joint"`, `"entities"` or `"relations"`.
    training_labels : `str`, optional (default = `"gold"`)
        Whose tags are embedded in training: the `"gold"` ones, or those that the NER head has
        `"predicted"`.
    tag_encoding : `str`, optional (default = `"BIO"`)
        The reader's: `"BIO"` or `"BIOUL"`.
    tag_sequences : `str`, optional (default = `"one"`)
        The reader's: `"one"` sequence of tags, as in the paper, or one `"per_type"`, each with a
        tagger of its own, so that entities of different types may overlap. `L_NER` is the sum of
        the taggers' losses.
    label_namespace, relation_namespace : `str`, optional
        The vocabulary's namespaces of tags and of relation types.
    initializer : `InitializerApplicator`, optional
        Initialises the parameters.
    kwargs : `Any`
        What every AllenNLP `Model` takes, such as a `regularizer`.
    """

    default_predictor = "dts"

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
        tag_encoding: str = "BIO",
        tag_sequences: str = "one",
        label_namespace: str = "labels",
        relation_namespace: str = "relation_labels",
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
        _check_choice("tasks", tasks, ("joint", "entities", "relations"))
        _check_choice("relation_score", relation_score, ("relation", "joint"))
        _check_choice("training_labels", training_labels, ("gold", "predicted"))
        if tasks == "relations" and training_labels == "predicted":
            raise ConfigurationError("without the NER head there are no predicted training_labels")
        self.tag_encoding = tag_encoding
        self.training_labels = training_labels
        self.relation_loss_weight = relation_loss_weight
        self.relation_namespace = relation_namespace
        self.tags = vocab.get_index_to_token_vocabulary(label_namespace)
        self._check_tags(label_namespace)
        self.tasks = tasks
        relations: Dict[int, str] = {}
        # Asked for a namespace that is not there, a vocabulary gets an empty one, which AllenNLP
        # then cannot save.
        if relation_namespace in vocab.get_namespaces():
            relations = vocab.get_index_to_token_vocabulary(relation_namespace)
        num_relations = len(relations) if tasks != "entities" else 0
        if tasks == "relations" and num_relations == 0:
            raise ConfigurationError("the data has no relations, which are the model's only task")

        self.text_field_embedder = text_field_embedder
        self._kind_of_sequences = tag_sequences
        self.tag_sequences = TagSequences(self.tags, tag_encoding, tag_sequences)
        self._networks = torch.nn.ModuleList(
            JointNetwork(
                input_dim=text_field_embedder.get_output_dim(),
                num_tags=len(self.tags),
                constraints=self.tag_sequences.constraints(),
                tags_per_sequence=self.tag_sequences.numbers_of_tags,
                num_relations=num_relations,
                shared_encoder=shared_encoder,
                ner_encoder=ner_encoder,
                relation_encoder=relation_encoder,
                entity_tagger=None if tasks == "relations" else entity_tagger,
                span_extractor=span_extractor,
                relation_scorer=relation_scorer if num_relations > 0 else None,
                label_embedding_dim=label_embedding_dim,
                dropout=dropout,
                relation_dropout=relation_dropout,
            )
            for _ in range(num_networks)
        )

        self.decoder = JointDecoder(
            self.networks,
            self.tag_sequences,
            relations,
            relation_threshold,
            relation_score,
        )
        self.document_metrics: List[DocumentF1] = []
        """The metrics of what the model predicts."""
        if tasks != "relations":
            self.document_metrics.append(EntityF1())
        if num_relations > 0:
            self.document_metrics.append(RelationF1())
        self._losses = {"ner_loss": Average(), "relation_loss": Average()}
        initializer(self)

    def _check_tags(self, namespace: str) -> None:
        if not self.tags:
            raise ConfigurationError(
                f"the vocabulary has no tags in namespace {namespace!r}: the training data has "
                "no sentence with tags, or the reader uses another namespace"
            )
        prefixes = set("OBI" if self.tag_encoding == "BIO" else "OBIUL")
        unknown = sorted(tag for tag in self.tags.values() if tag[0] not in prefixes)
        if unknown:
            raise ConfigurationError(
                f"the model's tag_encoding is {self.tag_encoding}, but the vocabulary has the tag "
                f"{unknown[0]}: set the same tag_encoding in the reader and in the model"
            )

    @property
    def networks(self) -> List[JointNetwork]:
        """All that is trained above the embedded tokens."""
        return cast(List[JointNetwork], list(self._networks))

    @property
    def relation_threshold(self) -> float:
        return self.decoder.relation_threshold

    @property
    def has_ner_head(self) -> bool:
        """Whether the model recognises entities; otherwise they have to be given."""
        return len(self.networks[0].entity_taggers) > 0

    @property
    def has_relation_head(self) -> bool:
        """Whether the model extracts relations."""
        return self.networks[0].relation_scorer is not None

    @property
    def entity_types(self) -> List[str]:
        """The types of entities that the model knows, in alphabetical order."""
        return self.tag_sequences.entity_types

    @property
    def relation_types(self) -> List[str]:
        """The types of relations that the model extracts, in alphabetical order."""
        if not self.has_relation_head:
            return []
        return sorted(self.vocab.get_token_to_index_vocabulary(self.relation_namespace))

    @property
    def types(self) -> Dict[str, List[str]]:
        """The types that the model knows, by the name of their task."""
        return {EntityF1.name: self.entity_types, RelationF1.name: self.relation_types}

    def forward(
        self,
        tokens: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        tags: Optional[torch.LongTensor] = None,
        relation_threshold: Optional[float] = None,
    ) -> Dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
            The sentences.
        metadata : `List[Dict[str, Any]]`
            Of each sentence: `document`, the whole `Document` with all that is gold, and
            `tagged_document`, the part of it that tags can express; or `document` and
            `entities_given`, where relations are sought between the entities that it has.
        tags : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens), or, with one sequence for each type, (batch_size,
            num_tokens, num_types): the gold tags.

        # Returns

        `Dict[str, Any]`
            `loss` where gold tags were given, and, except in training, `documents`: each sentence
            with its predicted entities and relations.
        """
        mask = token_mask(tokens)
        # Shape: (batch_size, num_tokens, embedding_dim)
        embedded = self.text_field_embedder(tokens)
        own_ids = None
        if tags is not None:
            # Shape: (batch_size, num_tokens, num_sequences)
            tags = self._in_sequences(tags)
            own_ids = self.tag_sequences.own_ids(tags)
        outputs: List[JointOutput] = [each(embedded, mask, own_ids) for each in self.networks]
        output: Dict[str, Any] = {}
        if tags is not None:
            gold = [sentence["tagged_document"] for sentence in metadata]
            output["loss"] = self._loss(outputs, gold, mask, tags)
        if not self.training:
            documents = self._predict(outputs, metadata, mask, tags, relation_threshold)
            output["documents"] = documents
            if tags is not None:
                gold = [sentence["document"] for sentence in metadata]
                for metric in self.document_metrics:
                    metric(documents, gold)
        return output

    def _in_sequences(self, tags: torch.LongTensor) -> torch.LongTensor:
        by_reader = "one" if tags.dim() == 2 else "per_type"
        if by_reader != self._kind_of_sequences:
            raise ConfigurationError(
                f"the model's tag_sequences is {self._kind_of_sequences!r}, but the reader's is "
                f"{by_reader!r}: set the same in both"
            )
        return cast(torch.LongTensor, tags.unsqueeze(2)) if by_reader == "one" else tags

    def _loss(
        self,
        outputs: Sequence[JointOutput],
        gold: List[Document],
        mask: torch.BoolTensor,
        tags: torch.LongTensor,
    ) -> torch.Tensor:
        losses = []
        for network, output in zip(self.networks, outputs):
            loss = torch.zeros((), device=tags.device)
            if output.ner_loss is not None:
                loss = output.ner_loss
                self._losses["ner_loss"](loss)
            if output.relation_tokens is not None:
                embedded_tags: torch.Tensor = tags
                if self.training and self.training_labels == "predicted":
                    embedded_tags = self.decoder.decode_tags([output], mask)
                relation_loss = self._relation_loss(
                    network, output.relation_tokens, gold, embedded_tags
                )
                loss = loss + self.relation_loss_weight * relation_loss
            losses.append(loss)
        return torch.stack(losses).mean()

    def _relation_loss(
        self,
        network: JointNetwork,
        relation_tokens: torch.Tensor,
        gold: List[Document],
        tags: torch.Tensor,
    ) -> torch.Tensor:
        entities = [document.entities for document in gold]
        spans = [[entity.span for entity in sentence] for sentence in entities]
        labels = self.tag_sequences.last_tags(entities, tags)
        logits = network.score_pairs(relation_tokens, spans, labels)
        if len(logits) == 0:
            # A loss must have a gradient, be it of zeros.
            return 0.0 * relation_tokens.sum()
        columns = self.vocab.get_token_to_index_vocabulary(self.relation_namespace)
        targets = relation_targets(gold, columns, logits)
        # Shape: (num_pairs, num_relations)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        )
        relation_loss = losses.sum(1).mean()
        self._losses["relation_loss"](relation_loss)
        return relation_loss

    def _predict(
        self,
        outputs: Sequence[JointOutput],
        metadata: List[Dict[str, Any]],
        mask: torch.BoolTensor,
        tags: Optional[torch.LongTensor],
        relation_threshold: Optional[float],
    ) -> List[Document]:
        are_given = [sentence.get("entities_given", False) for sentence in metadata]
        entities = [list(sentence["document"].entities) for sentence in metadata]
        if not all(are_given):
            decoded = self.decoder.decode_tags(outputs, mask, tags)
            found = self.decoder.decode_entities(outputs, mask, decoded)
            entities = [
                given if is_given else its_found
                for given, is_given, its_found in zip(entities, are_given, found)
            ]
        relations = self.decoder.decode_relations(outputs, entities, relation_threshold)
        documents = []
        for sentence, its_entities, its_relations in zip(metadata, entities, relations):
            source: Document = sentence["document"]
            documents.append(
                replace(source, entities=tuple(its_entities), relations=tuple(its_relations))
            )
        return documents

    def make_output_human_readable(self, output_dict: Dict[str, Any]) -> Dict[str, Any]:
        """
        Puts the predicted documents' JSON in their place, as one list for each key.

        A document without a text has its tokens, joined by spaces, as `sentence`, which is what its
        entities' characters are counted in.
        """
        documents = output_dict.pop("documents")
        rows = [prediction_to_json(document) for document in documents]
        for key in dict.fromkeys(key for row in rows for key in row):
            output_dict[key] = [row.get(key) for row in rows]
        return output_dict

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        """
        The losses, and except in training the metrics of `EntityF1` and `RelationF1`; those of one
        alone where the model has but one task, or its training data no relations.

        `mean_f1`, the mean of the NER and the strict RE micro F1, is what to choose a model by.
        Names with an underscore before them are those that AllenNLP's progress bar, which has one
        line, leaves out.
        """
        metrics = {name: float(loss.get_metric(reset)) for name, loss in self._losses.items()}
        if self.training:
            return metrics
        scores: Scores = {}
        for metric in self.document_metrics:
            scores.update(metric.scores())
            if reset:
                metric.reset()
        f1s = [scores[TASKS[metric.name].micro].f1 for metric in self.document_metrics]
        return {**metrics, **flat_metrics(scores), "mean_f1": sum(f1s) / len(f1s)}


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ConfigurationError(f"{name} is {value!r}; it can be {', '.join(choices)}")
