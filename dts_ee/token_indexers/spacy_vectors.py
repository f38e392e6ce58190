"""Indexes tokens by the rows of spaCy's word vectors."""

from typing import Dict, List, Optional

import srsly
from allennlp.data import Token, TokenIndexer, Vocabulary
from allennlp.data.token_indexers.token_indexer import IndexedTokenList
from spacy.strings import get_string_id

from dts_ee.garbage_collection import garbage_collection_kept
from dts_ee.modules.frozen_encoders.encoder_files import find_spacy_vectors


@TokenIndexer.register("spacy_vectors")
class SpacyVectorsIndexer(TokenIndexer):
    """
    Indexes a token by the row of its vector, for the embedder `spacy_vectors`.

    Registered as a `TokenIndexer` with name `"spacy_vectors"`.

    A word is looked up as it is written, then in lower case. The index is 1 plus the row; 0 is for
    padding and words without a vector. The vocabulary is not used.

    # Parameters

    folder : `str`
        The folder with the files `vectors` and `key2row`, such as `vocab` in a spaCy pipeline.
    serialization_dir : `str`, optional (default = `None`)
        The directory of a training run, or an extracted archive, whose copies of the files come
        first. AllenNLP fills it in.
    token_min_padding_length : `int`, optional (default = `0`)
        See `TokenIndexer`.

    # Raises

    `ConfigurationError`
        If the files are not found.
    """

    def __init__(
        self,
        folder: str,
        serialization_dir: Optional[str] = None,
        token_min_padding_length: int = 0,
    ) -> None:
        super().__init__(token_min_padding_length)
        self._folder = folder
        files = find_spacy_vectors(folder, serialization_dir)
        with garbage_collection_kept():
            self._rows: Dict[int, int] = srsly.read_msgpack(files["key2row"])

    def count_vocab_items(self, token: Token, counter: Dict[str, Dict[str, int]]) -> None:
        pass

    def tokens_to_indices(self, tokens: List[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        return {"tokens": [1 + self._row(token.ensure_text()) for token in tokens]}

    def get_empty_token_list(self) -> IndexedTokenList:
        return {"tokens": []}

    def _row(self, word: str) -> int:
        row = self._rows.get(get_string_id(word), -1)
        return row if row >= 0 else self._rows.get(get_string_id(word.lower()), -1)

    def __eq__(self, other: object) -> bool:
        # The rows are not compared, because there are many of them: they come from the folder.
        if isinstance(other, SpacyVectorsIndexer):
            return (self._folder, self._token_min_padding_length) == (
                other._folder,
                other._token_min_padding_length,
            )
        return NotImplemented
