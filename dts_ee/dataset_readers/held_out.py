"""Holds out a random part of the documents in a file."""

import random
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from allennlp.common.checks import ConfigurationError

from dts_ee.document import Document

REST, HELD_OUT = "rest", "held_out"


@dataclass(frozen=True)
class FilePart:
    """
    One of the two parts of a file: a random sample of its documents, or the other documents.

    The split depends only on the file, the share and the seed. Documents with the same tokens are
    never in both parts.

    # Parameters

    part : `str`
        `"held_out"` for the sample, `"rest"` for the other documents.
    held_out : `float`
        The share of the documents that are held out, between 0 and 1.
    seed : `int`
        The seed of the random split.

    # Raises

    `ConfigurationError`
        If a value is not allowed.
    """

    part: str
    held_out: float
    seed: int

    def __post_init__(self) -> None:
        if self.part not in (REST, HELD_OUT):
            raise ConfigurationError(f"`part` is {self.part!r}; it can be {REST!r} or {HELD_OUT!r}")
        is_number = isinstance(self.held_out, (int, float)) and not isinstance(self.held_out, bool)
        if not is_number or not 0 < self.held_out < 1:
            raise ConfigurationError(
                f"`held_out` is {self.held_out!r}, but should be a share between 0 and 1"
            )
        if not isinstance(self.seed, int) or isinstance(self.seed, bool):
            raise ConfigurationError(f"`seed` is {self.seed!r}, which is not a whole number")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "FilePart":
        """
        A part from an object in a configuration.

        # Raises

        `ConfigurationError`
            If a key is missing or unknown, or a value is not allowed.
        """
        names = ("part", "held_out", "seed")
        unknown = [name for name in settings if name not in names]
        if unknown:
            raise ConfigurationError(f"has {', '.join(map(repr, unknown))}, which is unknown")
        missing = [name for name in names if name not in settings]
        if missing:
            raise ConfigurationError(f"has no {', '.join(map(repr, missing))}")
        return cls(*(settings[name] for name in names))

    def of(self, documents: Sequence[Document]) -> List[Document]:
        """
        The documents of the part, in the order of the file.

        # Raises

        `ConfigurationError`
            If one of the two parts would be empty.
        """
        held_out = self._held_out_indices(documents)
        if not 0 < len(held_out) < len(documents):
            raise ConfigurationError(
                f"`held_out` is {self.held_out}: of {len(documents)} documents, that leaves one of "
                "the two parts empty"
            )
        is_held_out = self.part == HELD_OUT
        return [document for i, document in enumerate(documents) if (i in held_out) == is_held_out]

    def _held_out_indices(self, documents: Sequence[Document]) -> set[int]:
        indices_of: Dict[Tuple[str, ...], List[int]] = {}
        for i, document in enumerate(documents):
            indices_of.setdefault(document.tokens, []).append(i)
        groups = list(indices_of.values())
        random.Random(self.seed).shuffle(groups)
        number = round(self.held_out * len(documents))
        held_out: set[int] = set()
        for group in groups:
            # A group of duplicates may be too large for the rest of the sample.
            if len(held_out) + len(group) <= number:
                held_out.update(group)
        return held_out

    def __str__(self) -> str:
        name = "held out" if self.part == HELD_OUT else "without what is held out"
        return f"{name}: {self.held_out}, seed {self.seed}"
