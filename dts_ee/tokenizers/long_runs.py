"""
spaCy's tokenizer, in time that is linear in the length of a text without spaces.

spaCy searches all that is left of a run of characters between spaces for each prefix and suffix
that it takes off. For a run of quotation marks, the time grows with the square of its length.
"""

from typing import Any, Callable, Iterator, NamedTuple, Optional

_LONG = 100
"""Shorter runs are left to spaCy."""

_MAX_URL = 2048
"""Longer runs are no URL. The time of the rule for URLs grows with the square of the length."""

_WINDOW = 64
"""In how many characters a prefix or a suffix is searched first; rules are shorter."""

_MARGIN = 8
"""A match that ends so near to where the characters were cut off might be longer."""

_Search = Callable[[str], Any]


class _Boundary(NamedTuple):
    """In place of the match of an infix: one without characters."""

    position: int

    def start(self) -> int:
        return self.position

    def end(self) -> int:
        return self.position


def divide_long_runs(tokenizer: Any) -> Any:
    """
    A tokenizer with the tokens of another one.

    # Parameters

    tokenizer : `Any`
        A tokenizer of spaCy. Those for Chinese or Japanese, for example, which have no prefixes and
        suffixes, are returned as they are.
    """
    from spacy.tokenizer import Tokenizer

    if type(tokenizer) is not Tokenizer:
        return tokenizer
    rules = _Rules(tokenizer)
    return Tokenizer(
        tokenizer.vocab,
        rules=tokenizer.rules,
        prefix_search=_for_short(tokenizer.prefix_search),
        suffix_search=_for_short(tokenizer.suffix_search),
        token_match=_for_short(tokenizer.token_match),
        url_match=_for_short(tokenizer.url_match),
        # What is found inside a long run are the boundaries of all its tokens.
        infix_finditer=rules.find_infixes,
    )


def _for_short(search: Optional[_Search]) -> Optional[_Search]:
    if search is None:
        return None
    return lambda run: search(run) if len(run) < _LONG else None


class _Rules:
    """The rules of a tokenizer, as `Tokenizer.explain` applies them."""

    def __init__(self, tokenizer: Any) -> None:
        self._special_cases = {
            text: [sum(map(len, parts[: i + 1])) for i in range(len(parts) - 1)]
            for text, parts in _special_cases(tokenizer).items()
        }
        self._max_special = max(map(len, self._special_cases), default=0)
        self._prefix_search = tokenizer.prefix_search
        self._suffix_search = tokenizer.suffix_search
        self._infix_finditer = tokenizer.infix_finditer
        self._token_match = tokenizer.token_match
        self._url_match = tokenizer.url_match

    def find_infixes(self, run: str) -> Iterator[Any]:
        """The infixes of a short run, and where the tokens of a long one begin."""
        if len(run) < _LONG:
            return self._infix_finditer(run) if self._infix_finditer is not None else iter(())
        return map(_Boundary, self._boundaries(run))

    def _boundaries(self, run: str) -> list[int]:
        """The indices inside of a run at which a token begins."""
        first, last = 0, len(run)
        before: list[int] = []
        after: list[int] = []
        while first < last:
            if self._token_match is not None and self._token_match(run[first:last]):
                break
            if self._is_special(run, first, last):
                break
            prefix = self._prefix(run, first, last)
            if prefix:
                before.append(first + prefix)
                if self._is_special(run, first + prefix, last):
                    first += prefix
                    break
            suffix = self._suffix(run, first + prefix, last)
            if suffix:
                after.append(last - suffix)
                if self._is_special(run, first, last - suffix):
                    before[-1:] = [] if prefix else before[-1:]
                    last -= suffix
                    break
            if not prefix and not suffix:
                break
            first, last = first + prefix, last - suffix
        inside = [first + index for index in self._inside(run[first:last])]
        boundaries = {*before, *inside, *after}
        return sorted(boundaries - {0, len(run)})

    def _inside(self, run: str) -> list[int]:
        """The boundaries in what is left without prefixes and suffixes."""
        if run in self._special_cases:
            return self._special_cases[run]
        if self._token_match is not None and self._token_match(run):
            return []
        if self._url_match is not None and len(run) <= _MAX_URL and self._url_match(run):
            return []
        if self._infix_finditer is None:
            return []
        matches = [match for match in self._infix_finditer(run) if match.start() > 0]
        return [index for match in matches for index in match.span()]

    def _is_special(self, run: str, first: int, last: int) -> bool:
        return 0 < last - first <= self._max_special and run[first:last] in self._special_cases

    def _prefix(self, run: str, first: int, last: int) -> int:
        """The length of the prefix of a part of a run."""
        if self._prefix_search is None:
            return 0
        size = _WINDOW
        while True:
            window = run[first : min(first + size, last)]
            match = self._prefix_search(window)
            if match is None or first + size >= last or match.end() <= size - _MARGIN:
                return 0 if match is None else match.end() - match.start()
            size *= 2

    def _suffix(self, run: str, first: int, last: int) -> int:
        """The length of the suffix of a part of a run."""
        if self._suffix_search is None:
            return 0
        size = _WINDOW
        while True:
            window = run[max(last - size, first) : last]
            match = self._suffix_search(window)
            if match is None or last - size <= first or match.start() >= _MARGIN:
                return 0 if match is None else match.end() - match.start()
            size *= 2


def _special_cases(tokenizer: Any) -> dict[str, list[str]]:
    from spacy.attrs import ORTH, intify_attrs

    strings = tokenizer.vocab.strings
    return {
        text: [
            strings[part] if isinstance(part, int) else part
            for part in (
                intify_attrs(attributes, strings, _do_deprecated=True)[ORTH] for attributes in parts
            )
        ]
        for text, parts in tokenizer.rules.items()
    }
