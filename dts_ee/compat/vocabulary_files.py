"""
The files of a vocabulary.
"""

import functools
from typing import Any

from dts_ee.compat.patching import replace


def write_namespaces_in_order() -> None:
    """
    Writes the same vocabulary always to the same files.

    AllenNLP (2.10.1, with any torch) writes a set, whose order is another one in each process.
    """
    from allennlp.data import Vocabulary

    original = Vocabulary.save_to_files

    @functools.wraps(original)
    def save_to_files(self: Any, directory: str) -> None:
        namespaces = self._non_padded_namespaces
        self._non_padded_namespaces = sorted(namespaces)
        try:
            original(self, directory)
        finally:
            self._non_padded_namespaces = namespaces

    replace(Vocabulary, "save_to_files", save_to_files)
