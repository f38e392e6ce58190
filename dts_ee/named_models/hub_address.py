"""The addresses of models on the Hugging Face hub."""

import re
from dataclasses import dataclass
from typing import Optional

PREFIX = "hf://"

ARCHIVE_NAME = "model.tar.gz"

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?:{PREFIX})?(?P<repository>{_PART}/{_PART})(?:@(?P<revision>\S+))?")


@dataclass(frozen=True)
class HubAddress:
    """
    A repository with a model.

    # Parameters

    repository : `str`
        `owner/name`.
    revision : `str`, optional (default = `None`)
        A branch, a tag or a commit; `None` for the main branch.
    """

    repository: str
    revision: Optional[str] = None

    @classmethod
    def parse(cls, text: str) -> "HubAddress":
        """
        Reads `owner/name` or `owner/name@revision`, with `hf://` before it or not.

        # Raises

        `ConfigurationError`
            If it is neither.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None:
            # Not at the top: light commands import this module, and AllenNLP takes seconds.
            from allennlp.common.checks import ConfigurationError

            raise ConfigurationError(
                f"{text!r} is not the address of a model on the Hugging Face hub, such as "
                f"{PREFIX}owner/name or {PREFIX}owner/name@revision"
            )
        return cls(match["repository"], match["revision"])

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{PREFIX}{self.repository}{revision}"
