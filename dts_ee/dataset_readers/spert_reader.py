"""
Readers of corpora in SpERT's JSON.
"""

import logging
from typing import Any, Dict, Iterator, List, Optional

from allennlp.common.file_utils import cached_path
from allennlp.data import DatasetReader, Field, Instance, Token, TokenIndexer, Tokenizer
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import SingleIdTokenIndexer

from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.spert import read_documents
from dts_ee.dataset_readers.document_field import DocumentField
from dts_ee.dataset_readers.overlap import check_overlap_policy, resolve_overlaps
from dts_ee.dataset_readers.tags import check_tag_encoding, entities_to_tags
from dts_ee.dataset_readers.tags_field import TagsField
from dts_ee.document import Document, DocumentError
from dts_ee.tokenizers import SpacyRulesTokenizer

logger = logging.getLogger(__name__)


class SpertReader(DatasetReader):
    """
    Reads SpERT's JSON (a list or JSON Lines, plain or gzipped) into instances.

    An instance has the fields `tokens` (`TextField`), `tags` (`TagsField`, vocabulary namespace
    `"labels"`) and `metadata` (`DocumentField`, which says what is in it; relation types go to the
    namespace `"relation_labels"`). No label is known in advance: they come from the data.

    # Parameters

    tag_encoding : `str`, optional (default = `"BIO"`)
        `"BIO"` or `"BIOUL"`.
    token_indexers : `Dict[str, TokenIndexer]`, optional (default = `{"tokens": single_id}`)
        How tokens become numbers.
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits raw text when predicting; corpora come with their tokens.
    on_overlap : `str`, optional (default = `"error"`)
        What becomes of entities that overlap, which tags cannot express: `"error"` raises,
        `"longest"` and `"first"` keep one (see `resolve_overlaps`). What is dropped from the tags
        stays in the gold document and so counts as missed in evaluation.

    # Raises

    `ConfigurationError`
        If `tag_encoding` or `on_overlap` is none of the above.
    """

    def __init__(
        self,
        tag_encoding: str = "BIO",
        token_indexers: Optional[Dict[str, TokenIndexer]] = None,
        tokenizer: Optional[Tokenizer] = None,
        on_overlap: str = "error",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            manual_distributed_sharding=True, manual_multiprocess_sharding=True, **kwargs
        )
        self.tag_encoding = check_tag_encoding(tag_encoding)
        self.on_overlap = check_overlap_policy(on_overlap)
        self.tokenizer = tokenizer or SpacyRulesTokenizer()
        self._token_indexers = token_indexers or {"tokens": SingleIdTokenIndexer()}

    def _read(self, file_path: PathOrStr) -> Iterator[Instance]:
        documents = self._documents(str(file_path))
        try:
            tagged = [resolve_overlaps(document, self.on_overlap) for document in documents]
        except DocumentError as error:
            raise error.located(None, str(file_path)) from None
        self._warn_of_dropped(str(file_path), documents, tagged)
        for document, tagged_document in self.shard_iterable(zip(documents, tagged, strict=True)):
            yield self._instance(document, tagged_document)

    def _documents(self, file_path: str) -> List[Document]:
        try:
            local_path = cached_path(file_path)
        except FileNotFoundError:
            raise DocumentError("there is no such file", path=file_path) from None
        try:
            return read_documents(local_path)
        except DocumentError as error:
            # The user knows the file by the name that was given, not by that of a cache entry.
            raise DocumentError(
                error.problem, error.field, error.document_id, file_path
            ) from error.__cause__

    def _warn_of_dropped(
        self, file_path: str, documents: List[Document], tagged: List[Document]
    ) -> None:
        worker, distributed = self.get_worker_info(), self.get_distributed_info()
        if (worker and worker.id) or (distributed and distributed.global_rank):
            return
        pairs = [
            (whole, kept)
            for whole, kept in zip(documents, tagged, strict=True)
            if whole is not kept
        ]
        if pairs:
            logger.warning(
                "%s: %d of %d entities and %d of %d relations, in %d documents, are left out of "
                "training because their spans overlap others (on_overlap: %s); they count as "
                "missed in evaluation",
                file_path,
                sum(len(whole.entities) - len(kept.entities) for whole, kept in pairs),
                sum(len(document.entities) for document in documents),
                sum(len(whole.relations) - len(kept.relations) for whole, kept in pairs),
                sum(len(document.relations) for document in documents),
                len(pairs),
                self.on_overlap,
            )

    def text_to_instance(self, document: Document, gold: bool = True) -> Instance:
        """
        An instance, without token indexers (see `apply_token_indexers`).

        # Parameters

        document : `Document`
            The sentence.
        gold : `bool`, optional (default = `True`)
            Whether its entities and relations are the truth. Where they are not, the instance has
            no field `tags`.

        # Raises

        `DocumentError`
            If gold entities overlap and the reader was not told what to do then.
        """
        return self._instance(
            document, resolve_overlaps(document, self.on_overlap) if gold else None
        )

    def _instance(self, document: Document, tagged_document: Optional[Document]) -> Instance:
        words = [Token(word) for word in document.tokens]
        for word, (start, end) in zip(words, document.token_offsets or (), strict=False):
            word.idx, word.idx_end = start, end
        tokens = TextField(words)
        fields: Dict[str, Field] = {"tokens": tokens}
        if tagged_document is not None:
            tags = entities_to_tags(
                tagged_document.entities, len(document.tokens), self.tag_encoding
            )
            fields["tags"] = TagsField(tags, tokens, self.tag_encoding)
        fields["metadata"] = DocumentField(document, tagged_document)
        return Instance(fields)

    def apply_token_indexers(self, instance: Instance) -> None:
        instance["tokens"].token_indexers = self._token_indexers  # type: ignore[attr-defined]


@DatasetReader.register("conll04")
class Conll04Reader(SpertReader):
    """
    Reads CoNLL04 (Roth and Yih, 2004) in SpERT's JSON: a `SpertReader`.

    Registered as a `DatasetReader` with name `"conll04"`.

    Its entities do not overlap, so an overlap is an error. Words with a hyphen are one token in the
    corpus, so the default tokenizer for raw text keeps them whole.
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
    Reads ADE-Corpus-V2 (Gurulingappa et al., 2012) in SpERT's JSON: a `SpertReader`.

    Registered as a `DatasetReader` with name `"ade"`.

    A drug may be named inside an adverse effect; the longest of overlapping entities is kept. Words
    are split at hyphens in the corpus, and so by the default tokenizer for raw text.
    """

    def __init__(
        self,
        tokenizer: Optional[Tokenizer] = None,
        on_overlap: str = "longest",
        **kwargs: Any,
    ) -> None:
        tokenizer = tokenizer or SpacyRulesTokenizer(split_hyphens=True)
        super().__init__(tokenizer=tokenizer, on_overlap=on_overlap, **kwargs)
