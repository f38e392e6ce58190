"""A tokenizer for languages that are written without spaces between words."""

from typing import Any, Dict, List

from allennlp.data.tokenizers import Token, Tokenizer

from dts_ee.characters import is_blank
from dts_ee.corpora.graphemes import Graphemes


@Tokenizer.register("characters")
class CharactersTokenizer(Tokenizer):
    """
    Makes each character a token, as a reader counts them: grapheme clusters.

    Registered as a `Tokenizer` with name `"characters"`.

    It is meant for Chinese, Japanese and Thai, for example. In every language, each entity is then
    some whole tokens. White space is left out.
    """

    def tokenize(self, text: str) -> List[Token]:
        return [
            Token(text[start:end], idx=start, idx_end=end)
            for start, end in Graphemes(text).spans()
            if not is_blank(text[start:end])
        ]

    def _to_params(self) -> Dict[str, Any]:
        return {"type": "characters"}
