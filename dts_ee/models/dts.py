"""Joint entity and relation extraction by deeper task-specificity."""

from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

import torch
from allennlp.common import Lazy
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors, Vocabulary
from allennlp.models import Model
from allennlp.modules import Seq2SeqEncoder, TextFieldEmbedder
from allennlp.modules.conditional_random_field import allowed_transitions
from allennlp.modules.span_extractors import SpanExtractor
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import get_text_field_mask
from allennlp.training.metrics import Average

from dts_ee.corpora.spert import document_to_json
from dts_ee.dataset_readers.tags import tags_to_entities
from dts_ee.document import Document, Entity, Relation
from dts_ee.metrics import EntityF1, RelationF1
from dts_ee.metrics.names import with_underscores
from dts_ee.models.pair_relations import relation_targets, relations_above
from dts_ee.modules.dropout import Dropout
from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.entity_tagger import CrfEntityTagger, EntityTagger, TaggerOutput
from dts_ee.modules.relation_scorer import PairwiseRelationScorer, RelationScorer
from dts_ee.modules.span_extractors import LastTokenSpanExtractor
from dts_ee.modules.span_extractors.flat_spans import extract_flat_spans


@Model.register("dts")
class DeeperTaskSpecificity(Model):
    """
    Recognises entities and extracts the relations between them (Crone 2020, arXiv 2002.06424).

    Embedded tokens pass a shared stack of layers, then a stack for each task; any of the three may
    be absent. The NER head tags the tokens; the RE head scores every ordered pair of entities by
    the last token of each, or by another extract of its tokens, together with an embedding of the
    last token's tag. In training the gold entities are paired, at inference the predicted ones.

    Either task can be had alone: `"entities"` leaves out the RE head, and `"relations"` the NER
    head, so that relations are extracted between entities that are given.

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
    tasks : `str`, optional (default = `"joint"`)
        `"joint"`, `"entities"` or `"relations"`.
    training_labels : `str`, optional (default = `"gold"`)
        Whose tags are embedded in training: the `"gold"` ones, or those that the NER head has
        `"predicted"`.
    tag_encoding : `str`, optional (default = `"BIO"`)
        The reader's: `"BIO"` or `"BIOUL"`.
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
        tasks: str = "joint",
        training_labels: str = "gold",
        tag_encoding: str = "BIO",
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
        _check_choice("tasks", tasks, ("joint", "entities", "relations"))
        _check_choice("training_labels", training_labels, ("gold", "predicted"))
        if tasks == "relations" and training_labels == "predicted":
            raise ConfigurationError("without the NER head there are no predicted training_labels")
        self.tag_encoding = tag_encoding
        self.training_labels = training_labels
        self.relation_loss_weight = relation_loss_weight
        self.relation_threshold = relation_threshold
        self.relation_namespace = relation_namespace
        self.tags = vocab.get_index_to_token_vocabulary(label_namespace)
        self._check_tags(label_namespace)
        num_relations = vocab.get_vocab_size(relation_namespace) if tasks != "entities" else 0
        if tasks == "relations" and num_relations == 0:
            raise ConfigurationError("the data has no relations, which are the model's only task")

        self.text_field_embedder = text_field_embedder
        self.dropout = Dropout(dropout)
        self.shared_encoder, shared_dim = self._stack(
            shared_encoder, text_field_embedder.get_output_dim()
        )
        self.ner_encoder: Optional[Seq2SeqEncoder] = None
        self.entity_tagger: Optional[EntityTagger] = None
        if tasks != "relations":
            self.ner_encoder, ner_dim = self._stack(ner_encoder, shared_dim)
            self.entity_tagger = entity_tagger.construct(
                input_dim=ner_dim,
                num_tags=len(self.tags),
                constraints=allowed_transitions(tag_encoding, self.tags),
            )
        self.relation_encoder: Optional[Seq2SeqEncoder] = None
        self.label_embedding: Optional[torch.nn.Embedding] = None
        self.relation_scorer: Optional[RelationScorer] = None
        if num_relations > 0:
            self.relation_encoder, token_dim = self._stack(relation_encoder, shared_dim)
            if label_embedding_dim > 0:
                self.label_embedding = torch.nn.Embedding(len(self.tags), label_embedding_dim)
            self.span_extractor = span_extractor.construct(input_dim=token_dim)
            self.relation_dropout = Dropout(relation_dropout)
            self.relation_scorer = relation_scorer.construct(
                entity_dim=self.span_extractor.get_output_dim() + label_embedding_dim,
                token_dim=token_dim,
                num_relations=num_relations,
            )

        self._entity_f1 = EntityF1()
        self._relation_f1 = RelationF1()
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

    @staticmethod
    def _stack(
        encoder: Optional[Lazy[Seq2SeqEncoder]], input_dim: int
    ) -> Tuple[Optional[Seq2SeqEncoder], int]:
        if encoder is None:
            return None, input_dim
        # AllenNLP's encoders name their input's size in one of two ways; each takes its own.
        stack = encoder.construct(input_size=input_dim, input_dim=input_dim)
        return stack, stack.get_output_dim()

    def forward(
        self,
        tokens: TextFieldTensors,
        metadata: List[Dict[str, Any]],
        tags: Optional[torch.LongTensor] = None,
    ) -> Dict[str, Any]:
        """
        # Parameters

        tokens : `TextFieldTensors`
            The sentences.
        metadata : `List[Dict[str, Any]]`
            Of each sentence: `document`, the whole `Document` with all that is gold, and
            `tagged_document`, the part of it that tags can express.
        tags : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens): the gold tags.

        # Returns

        `Dict[str, Any]`
            `loss` where gold tags were given, and, except in training, `documents`: each sentence
            with its predicted entities and relations.
        """
        mask = get_text_field_mask(tokens)
        # Shape: (batch_size, num_tokens, embedding_dim)
        encoded = self.text_field_embedder(tokens)
        if self.shared_encoder is not None:
            # Shape: (batch_size, num_tokens, shared_dim)
            encoded = self.shared_encoder(self.dropout(encoded), mask)
        tagged = self._tag(encoded, mask, tags)
        # Shape: (batch_size, num_tokens, token_dim)
        tokens_for_relations = None
        if self.relation_scorer is not None:
            tokens_for_relations = self._encode(self.relation_encoder, encoded, mask)

        output: Dict[str, Any] = {}
        if tags is not None:
            gold = [sentence["tagged_document"] for sentence in metadata]
            labels: torch.Tensor = tags
            if self.training and self.training_labels == "predicted" and tagged.tags is not None:
                labels = _padded(tagged.tags).to(tags.device)
            output["loss"] = self._loss(tagged.loss, tokens_for_relations, gold, labels)
        if not self.training and tagged.tags is not None:
            documents = self._predict(tokens_for_relations, metadata, tagged.tags)
            output["documents"] = documents
            if tags is not None:
                gold = [sentence["document"] for sentence in metadata]
                self._entity_f1(documents, gold)
                self._relation_f1(documents, gold)
        return output

    def _tag(
        self, encoded: torch.Tensor, mask: torch.BoolTensor, tags: Optional[torch.LongTensor]
    ) -> TaggerOutput:
        if self.entity_tagger is not None:
            decode = not self.training or self.training_labels == "predicted"
            encoded = self._encode(self.ner_encoder, encoded, mask)
            return self.entity_tagger(encoded, mask, tags, decode=decode)
        if tags is None:
            raise ConfigurationError(
                "the model extracts relations between entities that are given, but none are"
            )
        lengths = mask.sum(1).tolist()
        return TaggerOutput(tags=[row[:length] for row, length in zip(tags.tolist(), lengths)])

    def _encode(
        self, encoder: Optional[Seq2SeqEncoder], encoded: torch.Tensor, mask: torch.BoolTensor
    ) -> torch.Tensor:
        encoded = self.dropout(encoded)
        return encoded if encoder is None else encoder(encoded, mask)

    def _score_pairs(
        self,
        tokens: torch.Tensor,
        entities: List[Tuple[Entity, ...]],
        tags: torch.Tensor,
    ) -> torch.Tensor:
        """
        # Parameters

        tokens : `torch.Tensor`
            Shape (batch_size, num_tokens, token_dim).
        entities : `List[Tuple[Entity, ...]]`
            The candidates of each sentence.
        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens): the tags that are embedded.

        # Returns

        `torch.Tensor`
            Shape (num_pairs, num_relations): logits, in the order of `entity_pairs`.
        """
        assert self.relation_scorer is not None
        spans = [[entity.span for entity in sentence] for sentence in entities]
        sentences, starts, ends, counts = flatten_spans(spans, tokens.device)
        # Shape: (num_entities, span_dim)
        vectors = extract_flat_spans(self.span_extractor, tokens, starts, ends, counts)
        if self.label_embedding is not None:
            # Shape: (num_entities, span_dim + label_embedding_dim)
            labels = self.label_embedding(tags[sentences, ends - 1])
            vectors = torch.cat([vectors, labels], dim=1)
        batch = EntityBatch(self.relation_dropout(vectors), tokens, sentences, starts, ends, counts)
        heads, tails = entity_pairs(counts)
        return self.relation_scorer(batch, heads, tails)

    def _loss(
        self,
        ner_loss: Optional[torch.Tensor],
        tokens: Optional[torch.Tensor],
        gold: List[Document],
        labels: torch.Tensor,
    ) -> torch.Tensor:
        loss = torch.zeros((), device=labels.device) if ner_loss is None else ner_loss
        self._losses["ner_loss"](loss)
        if tokens is None:
            return loss
        logits = self._score_pairs(tokens, [document.entities for document in gold], labels)
        if len(logits) == 0:
            # A loss must have a gradient, be it of zeros.
            return loss if ner_loss is not None else 0.0 * tokens.sum()
        columns = self.vocab.get_token_to_index_vocabulary(self.relation_namespace)
        targets = relation_targets(gold, columns, logits)
        # Shape: (num_pairs, num_relations)
        losses = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, targets, reduction="none"
        )
        relation_loss = losses.sum(1).mean()
        self._losses["relation_loss"](relation_loss)
        return loss + self.relation_loss_weight * relation_loss

    def _predict(
        self,
        tokens: Optional[torch.Tensor],
        metadata: List[Dict[str, Any]],
        tag_ids: List[List[int]],
    ) -> List[Document]:
        entities = [
            tuple(tags_to_entities([self.tags[tag] for tag in sentence], self.tag_encoding))
            for sentence in tag_ids
        ]
        relations: List[List[Relation]] = [[] for _ in metadata]
        if tokens is not None:
            tags = _padded(tag_ids).to(tokens.device)
            probabilities = self._score_pairs(tokens, entities, tags).sigmoid()
            types = self.vocab.get_index_to_token_vocabulary(self.relation_namespace)
            relations = relations_above(self.relation_threshold, probabilities, entities, types)
        documents = []
        for sentence, its_entities, its_relations in zip(metadata, entities, relations):
            source: Document = sentence["document"]
            documents.append(replace(source, entities=its_entities, relations=tuple(its_relations)))
        return documents

    def make_output_human_readable(self, output_dict: Dict[str, Any]) -> Dict[str, Any]:
        """
        Puts the predicted documents' JSON in their place, as one list for each key.

        A document without a text has its tokens, joined by spaces, as `sentence`, which is what its
        entities' characters are counted in.
        """
        documents = output_dict.pop("documents")
        rows = [
            {"sentence": " ".join(document.tokens), **document_to_json(document)}
            for document in documents
        ]
        for key in dict.fromkeys(key for row in rows for key in row):
            output_dict[key] = [row.get(key) for row in rows]
        return output_dict

    def get_metrics(self, reset: bool = False) -> Dict[str, float]:
        """
        The losses, and except in training the metrics of `EntityF1` and `RelationF1`.

        `mean_f1`, the mean of the NER and the strict RE micro F1, is what to choose a model by.
        Names with an underscore before them are those that AllenNLP's progress bar, which has one
        line, leaves out.
        """
        metrics = {name: float(loss.get_metric(reset)) for name, loss in self._losses.items()}
        if self.training:
            return metrics
        for metric in (self._entity_f1, self._relation_f1):
            metrics.update(with_underscores(metric.get_metric(reset)))
        metrics["mean_f1"] = (metrics["entity_f1"] + metrics["relation_f1"]) / 2
        return metrics


def _check_choice(name: str, value: str, choices: Tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigurationError(f"{name} is {value!r}; it can be {', '.join(choices)}")


def _padded(tag_ids: List[List[int]]) -> torch.Tensor:
    """Shape (batch_size, num_tokens)."""
    return torch.nn.utils.rnn.pad_sequence(
        [torch.tensor(sentence) for sentence in tag_ids], batch_first=True
    )
