"""
Raw text to tokens.
"""

from dts_ee.tokenizers.spacy_rules import SpacyRulesTokenizer, document_from_text

__all__ = ["SpacyRulesTokenizer", "document_from_text"]
