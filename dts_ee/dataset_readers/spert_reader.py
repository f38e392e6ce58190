"""Dataset readers for corpora in SpERT's JSON format."""

import json
import logging
from itertools import groupby
from operator import itemgetter
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer, Tokenizer
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer
from allennlp.data.tokenizers.sentence_splitter import SentenceSplitter

from dts_ee.corpora.tags import TAG_PREFIXES, TAG_SEQUENCES, entities_to_tags
from dts_ee.dataset_readers.choices import check_choice
from dts_ee.dataset_readers.corpus_files import DataPath, corpus_files
from dts_ee.dataset_readers.document_field import DocumentField
from dts_ee.dataset_readers.overlap import OVERLAP_POLICIES, resolve_overlaps
from dts_ee.dataset_readers.sampling import check_max_documents, sample_in_order
from dts_ee.dataset_readers.symmetric_relations import heads_first
from dts_ee.dataset_readers.tag_layers_field import TagLayersField
from dts_ee.dataset_readers.tags_field import TagsField
from dts_ee.document import Document, DocumentError
from dts_ee.token_indexers import TokensInContext
from dts_ee.tokenizers import (
    RulesSentenceSplitter,
    SpacyRulesTokenizer,
    note_of,
    same_note,
    variables_of,
)

logger = logging.getLogger(__name__)


@DatasetReader.register("spert")
class SpertReader(DatasetReader):
    """
    Reads SpERT's JSON (a list or JSON Lines, plain or gzipped) into instances.

    Registered as a `DatasetReader` with name `"spert"`.

    A data path is a path or a list of paths. The files of a list are one split
    (`train_data_path: ['train.json', 'dev.json']`). For a corpus without a development split, a
    path can be an object: `{ path: 'train.json', part: 'held_out', held_out: 0.1, seed: 0 }` is a
    random tenth of the file, and with `part: 'rest'` it is the other documents. Documents with the
    same tokens are always in the same part.

    An instance has the fields `tokens` (`TextField`), `tags` (`TagsField` or `TagLayersField`,
    vocabulary namespace `"labels"`) and `metadata` (`DocumentField`; relation types are in the
    namespace `"relation_labels"`). All labels are taken from the data.

    # Parameters

    tag_encoding : `str`, optional (default = `"BIO"`)
        `"BIO"` or `"BIOUL"`.
    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": single_id}`)
        The token indexers.
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits raw text for predictions. Corpora are already tokenised.
    tag_sequences : `str`, optional (default = `"one"`)
        `"one"` sequence of tags for each sentence, or one sequence `"per_type"`, so that entities
        of different types may overlap. The model has a tagger for each sequence.
    on_overlap : `str`, optional (default = `"longest"`)
        How to treat overlapping entities, which tags cannot express: `"longest"` and `"first"` keep
        one of them (see `resolve_overlaps`), `"error"` raises an error. The gold document keeps all
        of them, so the removed ones count as missed in evaluation; a warning gives their number.
    max_documents : `int`, optional (default = `None`)
        The largest number of documents that are read of a split: a random sample, in the order of
        the file. (AllenNLP's `max_instances` takes the first ones.) It also applies to `allennlp
        evaluate` and `predict --use-dataset-reader` with the trained archive, unless `--overrides`
        sets it to null. The inputs of a predictor are never sampled.
    sampling_seed : `int`, optional (default = `0`)
        The seed of the sample. It does not depend on `random_seed`.
    sentences : `SentenceSplitter`, optional (default = `RulesSentenceSplitter()`)
        Splits raw text when predicting: `"rules"`, `"lines"`, `"whole"`, a `spacy_pipeline`, or
        another one that is registered.
    windows : `int`, optional (default = `1`)
        The number of neighbouring sentences of a text that are predicted together, as one document.
    context_sentences : `int`, optional (default = `0`)
        The number of sentences before a sentence, and after it, that an encoder with the token
        indexer `word_pieces` reads too. In a file they are its neighbours of the same text (see
        `with_context`), in training, evaluation and prediction.
    symmetric_relations : `List[str]`, optional (default = `None`)
        The types of relations whose direction has no meaning, such as "is married to". The head of
        such a relation is the entity that comes first, in training, evaluation and prediction.

    # Raises

    `ConfigurationError`
        If `tag_encoding`, `tag_sequences` or `on_overlap` has another value, `max_documents` or
        `windows` is less than 1, or `context_sentences` less than 0. When reading, if documents say
        that another tokenizer made their tokens, or that they are of another number of sentences.
    """

    def __init__(
        self,
        tag_encoding: str = "BIO",
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        tokenizer: Optional[Tokenizer] = None,
        tag_sequences: str = "one",
        on_overlap: str = "longest",
        max_documents: Optional[int] = None,
        sampling_seed: int = 0,
        sentences: Optional[SentenceSplitter] = None,
        windows: int = 1,
        context_sentences: int = 0,
        symmetric_relations: Optional[List[str]] = None,
        **kwargs: Any,
    ) -> None:
        if windows < 1:
            raise ConfigurationError(f"windows is {windows}, but must be at least 1.")
        if context_sentences < 0:
            raise ConfigurationError(f"context_sentences is {context_sentences}, less than 0.")
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        self.tag_encoding = check_choice("tag_encoding", tag_encoding, TAG_PREFIXES)
        self.tag_sequences = check_choice("tag_sequences", tag_sequences, TAG_SEQUENCES)
        self.on_overlap = check_choice("on_overlap", on_overlap, OVERLAP_POLICIES)
        self.max_documents = check_max_documents(max_documents)
        self.sampling_seed = sampling_seed
        self.tokenizer = tokenizer or SpacyRulesTokenizer()
        self.sentences = sentences or RulesSentenceSplitter()
        self.windows = windows
        self.context_sentences = context_sentences
        self.symmetric_relations = frozenset(symmetric_relations or ())
        self._token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}

    def documents(self, file_path: DataPath) -> List[Document]:
        """
        Reads the documents of a data path.

        # Parameters

        file_path : `DataPath`
            See `corpus_files`.

        # Raises

        `ConfigurationError`
            If it is not a valid data path.
        `DocumentError`
            If a file is missing or cannot be read.
        """
        return [document for _, document in self._located_documents(file_path)]

    def _located_documents(self, file_path: DataPath) -> List[Tuple[str, Document]]:
        files = corpus_files(file_path)
        located = [
            (file.path, heads_first(document, self.symmetric_relations))
            for file in files
            for document in file.read(self.context_sentences)
        ]
        self._check_tokenizer(located)
        self._check_windows(located)
        sample = sample_in_order(located, self.max_documents, self.sampling_seed)
        if len(sample) < len(located) and self._logs():
            logger.info(
                "%s: a sample of %d of %d documents (sampling_seed: %d)",
                ", ".join(map(str, files)),
                len(sample),
                len(located),
                self.sampling_seed,
            )
        return sample

    def _check_tokenizer(self, located: Sequence[Tuple[str, Document]]) -> None:
        """Raises an error if documents have the tokens of another tokenizer than raw text gets."""
        own = note_of(self.tokenizer)
        for path, document in located if own is not None else ():
            note = document.tokenizer
            if own is None or note is None or same_note(dict(note), own):
                continue
            variables = variables_of(dict(note))
            raise ConfigurationError(
                f"{path}, document {document.id}: the tokens were made by the tokenizer "
                f"{json.dumps(dict(note))}, but text would be predicted with that of "
                f'{json.dumps(own)}: set "dataset_reader.tokenizer" to the former'
                + (f" ({variables} for own.jsonnet)" if variables else "")
            )

    def _check_windows(self, located: Sequence[Tuple[str, Document]]) -> None:
        """Raises an error if documents have another number of sentences than raw text gets."""
        for path, document in located:
            if document.windows not in (None, self.windows):
                raise ConfigurationError(
                    f"{path}, document {document.id}: documents were made of {document.windows} "
                    f"sentences, but text would be predicted by {self.windows}: set "
                    f'"dataset_reader.windows" to {document.windows} (WINDOWS={document.windows} '
                    "for own.jsonnet)"
                )

    def _read(self, file_path: DataPath) -> Iterator[Instance]:
        pairs: List[Tuple[Document, Document]] = []
        for path, group in groupby(self._located_documents(file_path), key=itemgetter(0)):
            pairs += self._with_tagged(path, [document for _, document in group])
        for document, tagged_document in self.shard_iterable(pairs):
            yield self._instance(document, tagged_document)

    def _with_tagged(
        self, file_path: str, documents: List[Document]
    ) -> List[Tuple[Document, Document]]:
        """Pairs of the documents of a file and their parts that tags can express."""
        try:
            tagged = [self.tagged(document) for document in documents]
        except DocumentError as error:
            raise error.located(None, file_path) from None
        if self._logs():
            self._warn_of_overlaps(file_path, documents, tagged)
            self._warn_of_missing_types(file_path, documents)
        return list(zip(documents, tagged, strict=True))

    def _logs(self) -> bool:
        """Whether this process logs messages: the first of several workers does."""
        worker, distributed = self.get_worker_info(), self.get_distributed_info()
        return not ((worker and worker.id) or (distributed and distributed.global_rank))

    def _warn_of_overlaps(
        self, file_path: str, documents: List[Document], tagged: List[Document]
    ) -> None:
        pairs = [
            (document, tagged_document)
            for document, tagged_document in zip(documents, tagged, strict=True)
            if document is not tagged_document
        ]
        if not pairs:
            return
        num_removed = sum(len(whole.entities) - len(kept.entities) for whole, kept in pairs)
        logger.warning(
            "%s: tags cannot express %d of %d entities and %d of %d relations, in %d documents, "
            "because spans overlap (on_overlap: %s); these are not learned in training, and count "
            "as missed in evaluation%s",
            file_path,
            num_removed,
            sum(len(document.entities) for document in documents),
            sum(len(whole.relations) - len(kept.relations) for whole, kept in pairs),
            sum(len(document.relations) for document in documents),
            len(pairs),
            self.on_overlap,
            self._advice([whole for whole, _ in pairs], num_removed),
        )

    def _warn_of_missing_types(self, file_path: str, documents: List[Document]) -> None:
        found = {relation.type for document in documents for relation in document.relations}
        missing = sorted(self.symmetric_relations - found)
        if missing:
            logger.warning(
                "%s: there is no relation of the type %s, which symmetric_relations names",
                file_path,
                " or ".join(missing),
            )

    def _advice(self, overlapping: List[Document], num_removed: int) -> str:
        """The end of the warning: the number of entities with `tag_sequences: "per_type"`."""
        per_type = sum(
            len(document.entities)
            - len(resolve_overlaps(document, self.on_overlap, "per_type").entities)
            for document in overlapping
        )
        if per_type >= num_removed:
            return ""
        return f'; with tag_sequences "per_type" it would be {per_type} entities'

    def text_to_instance(
        self, document: Document, gold: bool = True, entities_given: bool = False
    ) -> Instance:
        """
        Converts a document to an instance, without token indexers (see `apply_token_indexers`).

        # Parameters

        document : `Document`
            The sentence.
        gold : `bool`, optional (default = `True`)
            Whether its entities and relations are gold. If not, the instance has no field `tags`.
        entities_given : `bool`, optional (default = `False`)
            Whether to keep the entities of a document that is not gold, and to predict only
            relations between them.

        # Raises

        `DocumentError`
            If gold entities overlap and `on_overlap` is `"error"`.
        """
        if not gold:
            return self._instance(document, None, entities_given)
        document = heads_first(document, self.symmetric_relations)
        return self._instance(document, self.tagged(document))

    def tagged(self, document: Document) -> Document:
        """The part of a document that tags can express, which is what a model learns."""
        return resolve_overlaps(document, self.on_overlap, self.tag_sequences)

    def _instance(
        self,
        document: Document,
        tagged_document: Optional[Document],
        entities_given: bool = False,
    ) -> Instance:
        words = [Token(word) for word in document.tokens]
        if self.context_sentences:
            words = TokensInContext(words, document.tokens_before, document.tokens_after)
        for word, (start, end) in zip(words, document.token_offsets or (), strict=False):
            word.idx, word.idx_end = start, end
        tokens = TextField(words)
        fields: Dict[str, Field] = {"tokens": tokens}
        if tagged_document is not None and self.tag_sequences == "per_type":
            fields["tags"] = TagLayersField(tagged_document.entities, tokens, self.tag_encoding)
        elif tagged_document is not None:
            tags = entities_to_tags(
                tagged_document.entities, len(document.tokens), self.tag_encoding
            )
            fields["tags"] = TagsField(tags, tokens, self.tag_encoding)
        fields["metadata"] = DocumentField(
            document, tagged_document, entities_given, self.symmetric_relations
        )
        return Instance(fields)

    def apply_token_indexers(self, instance: Instance) -> None:
        instance["tokens"].token_indexers = self._token_indexers  # type: ignore[attr-defined]


@DatasetReader.register("conll04")
class Conll04Reader(SpertReader):
    """
    A `SpertReader` with defaults for CoNLL04 (Roth and Yih, 2004).

    Registered as a `DatasetReader` with name `"conll04"`.

    The entities of the corpus do not overlap, so an overlap is an error. Words with a hyphen are
    one token in the corpus, so the default tokenizer for raw text does not split them.
    """

    def __init__(
        self,
        tokenizer: Optional[Tokenizer] = None,
        on_overlap: str = "error",
        **kwargs: Any,
    ) -> None:
        tokenizer = tokenizer or SpacyRulesTokenizer(split_hyphens=False)
        super().__init__(tokenizer=tokenizer, on_overlap=on_overlap, **kwargs)


@DatasetReader.register("ade")
class AdeReader(SpertReader):
    """
    A `SpertReader` with defaults for ADE-Corpus-V2 (Gurulingappa et al., 2012).

    Registered as a `DatasetReader` with name `"ade"`.

    A drug may be part of an adverse effect; the longest of overlapping entities is kept. The corpus
    splits words at hyphens, and so does the default tokenizer for raw text.
    """

    def __init__(
        self,
        tokenizer: Optional[Tokenizer] = None,
        on_overlap: str = "longest",
        **kwargs: Any,
    ) -> None:
        tokenizer = tokenizer or SpacyRulesTokenizer(split_hyphens=True)
        super().__init__(tokenizer=tokenizer, on_overlap=on_overlap, **kwargs)


@DatasetReader.register("scierc")
class SciercReader(SpertReader):
    """
    A `SpertReader` with defaults for SciERC (Luan et al., 2018).

    Registered as a `DatasetReader` with name `"scierc"`.

    One entity may be part of another; the longest of overlapping entities is kept. Words with a
    hyphen are one token in the corpus, so the default tokenizer for raw text does not split them.
    """

    def __init__(
        self,
        tokenizer: Optional[Tokenizer] = None,
        on_overlap: str = "longest",
        **kwargs: Any,
    ) -> None:
        tokenizer = tokenizer or SpacyRulesTokenizer(split_hyphens=False)
        super().__init__(tokenizer=tokenizer, on_overlap=on_overlap, **kwargs)
