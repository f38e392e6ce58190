"""Tokenizers and sentence splitters for raw text."""

from dts_ee.tokenizers.characters import CharactersTokenizer
from dts_ee.tokenizers.named_tokenizers import (
    TOKENIZERS,
    note_of,
    same_note,
    tokenizer_of,
    variables_of,
)
from dts_ee.tokenizers.sentence_splitters import (
    RulesSentenceSplitter,
    TokenSentenceSplitter,
    find_sentence_starts,
    read_abbreviations,
    sentence_splitter_of,
)
from dts_ee.tokenizers.spacy_rules import SpacyRulesTokenizer, document_from_text, token_spans
from dts_ee.tokenizers.text_readings import text_reading
from dts_ee.tokenizers.word_pieces import WordPiecesTokenizer
