from dts_ee.tokenizers.spacy_rules import SpacyRulesTokenizer, document_from_text, token_spans

__all__ = ["SpacyRulesTokenizer", "document_from_text", "token_spans"]
