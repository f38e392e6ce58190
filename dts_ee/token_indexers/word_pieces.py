"""The token indexer of transformers: words as word pieces."""

from typing import Dict, List, Optional, Tuple

import numpy
from allennlp.common.checks import ConfigurationError
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.token_indexers.token_indexer import IndexedTokenList
from allennlp.data.tokenizers import Token
from allennlp.data.vocabulary import Vocabulary

from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_tokenizer
from dts_ee.token_indexers.tokens_in_context import TokensInContext


@TokenIndexer.register("word_pieces")
class WordPiecesIndexer(TokenIndexer):
    """
    Splits the words of a sentence into the word pieces of a pretrained transformer.

    Use it with the embedders `frozen_transformer` and `fine_tuned_transformer`. AllenNLP's
    `pretrained_transformer_mismatched` calls the tokenizer for every word, and splits a long text
    into segments without overlap. This indexer calls the tokenizer once for each sentence, and the
    embedder splits long sentences into overlapping windows. It also takes the words of the
    neighbouring sentences, if the tokens are `TokensInContext`.

    Registered as a `TokenIndexer` with name "word_pieces".

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub. It must be the
        embedder's.
    serialization_dir : `str`, optional (default = `None`)
        The directory of a training run, or an extracted archive, whose copy of the tokenizer comes
        first. AllenNLP fills it in.
    token_min_padding_length : `int`, optional (default = `0`)
        See `TokenIndexer`.

    # Raises

    `ConfigurationError`
        If the tokenizer is not found, or is not a fast tokenizer.
    """

    def __init__(
        self,
        model_name: str,
        serialization_dir: Optional[str] = None,
        token_min_padding_length: int = 0,
    ) -> None:
        super().__init__(token_min_padding_length)
        self._model_name = model_name
        tokenizer = load_tokenizer(model_name, serialization_dir)
        self._unknown_id: Optional[int] = tokenizer.unk_token_id
        self._tokenizer = tokenizer.backend_tokenizer

    def count_vocab_items(self, token: Token, counter: Dict[str, Dict[str, int]]) -> None:
        """Does nothing: the tokenizer has the indices of the word pieces."""

    def get_empty_token_list(self) -> IndexedTokenList:
        return {"piece_ids": [], "piece_counts": [], "mask": []}

    def tokens_to_indices(self, tokens: List[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        """
        # Returns

        `IndexedTokenList`
            `piece_ids`, the word pieces of the sentence, without special tokens; `piece_counts`,
            the number of word pieces of each word; and `mask`, true for each word. A word without
            word pieces, such as a control character, gets the unknown token. For
            `TokensInContext`, `piece_ids` has the word pieces of the words around the sentence
            too, and `context` their numbers before and after it.
        """
        words = [token.ensure_text() for token in tokens]
        mask = [True] * len(words)
        if not isinstance(tokens, TokensInContext):
            piece_ids, piece_counts = self._pieces(words)
            return {"piece_ids": piece_ids, "piece_counts": piece_counts, "mask": mask}
        piece_ids, piece_counts = self._pieces([*tokens.before, *words, *tokens.after])
        first, last = len(tokens.before), len(tokens.before) + len(words)
        return {
            "piece_ids": piece_ids,
            "piece_counts": piece_counts[first:last],
            "context": [sum(piece_counts[:first]), sum(piece_counts[last:])],
            "mask": mask,
        }

    def _pieces(self, words: List[str]) -> Tuple[List[int], List[int]]:
        """The word pieces of all words, and their number for each word."""
        encoding = self._tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)
        piece_ids = encoding.ids
        piece_counts = numpy.bincount(
            numpy.array(encoding.word_ids, dtype=numpy.int64), minlength=len(words)
        )
        without_pieces = numpy.flatnonzero(piece_counts == 0)
        if without_pieces.size:
            if self._unknown_id is None:
                raise ConfigurationError(
                    f"The tokenizer of {self._model_name} has no unknown token, and no word pieces "
                    f"for the word {words[without_pieces[0]]!r}."
                )
            indices = numpy.cumsum(piece_counts)[without_pieces]
            piece_ids = numpy.insert(piece_ids, indices, self._unknown_id).astype(int).tolist()
            piece_counts[without_pieces] = 1
        return piece_ids, piece_counts.tolist()

    def __eq__(self, other: object) -> bool:
        # Two tokenizers from the same files compare as different.
        if isinstance(other, WordPiecesIndexer):
            return (self._model_name, self._token_min_padding_length) == (
                other._model_name,
                other._token_min_padding_length,
            )
        return NotImplemented
