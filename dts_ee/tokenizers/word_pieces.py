"""A tokenizer that splits text where a pretrained transformer does."""

from typing import Any, Dict, List, Optional, Tuple

from allennlp.data.tokenizers import Token, Tokenizer

from dts_ee.characters import is_blank
from dts_ee.corpora.graphemes import Graphemes
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_tokenizer


@Tokenizer.register("word_pieces")
class WordPiecesTokenizer(Tokenizer):
    """
    Splits text into the words that the tokenizer of a pretrained transformer splits into pieces.

    BERT's, for example, are between white space, punctuation and Chinese characters. The encoder
    gets the same pieces as for the whole text, so no entity that it can tell from its surroundings
    begins or ends inside a token.

    Registered as a `Tokenizer` with name `"word_pieces"`.

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub.
    serialization_dir : `str`, optional (default = `None`)
        The directory of a training run, or an extracted archive; see `WordPiecesIndexer`.

    # Raises

    `ConfigurationError`
        If the model's tokenizer is not found, or is not a fast tokenizer.
    """

    def __init__(self, model_name: str, serialization_dir: Optional[str] = None) -> None:
        self._model_name = model_name
        self._tokenizer = load_tokenizer(model_name, serialization_dir).backend_tokenizer

    def tokenize(self, text: str) -> List[Token]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        words: Dict[Optional[int], Tuple[int, int]] = {}
        for word, (start, end) in zip(encoding.word_ids, encoding.offsets, strict=True):
            first = words.get(word, (start, end))[0]
            words[word] = first, max(end, words.get(word, (start, end))[1])
        tokens: List[Token] = []
        position = 0
        for start, end in sorted(words.values()):
            start = max(start, position)
            tokens += _left_out(text, position, start)
            while start < end and is_blank(text[start]):
                start += 1
            if start < end:
                tokens.append(Token(text[start:end], idx=start, idx_end=end))
                position = end
        return tokens + _left_out(text, position, len(text))

    def _to_params(self) -> Dict[str, Any]:
        return {"type": "word_pieces", "model_name": self._model_name}


def _left_out(text: str, first: int, last: int) -> List[Token]:
    """The characters between two words; tokenizers drop some, such as control characters."""
    return [
        Token(text[first + start : first + end], idx=first + start, idx_end=first + end)
        for start, end in Graphemes(text[first:last]).spans()
        if not is_blank(text[first + start : first + end])
    ]
