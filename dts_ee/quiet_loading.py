"""Loads models without AllenNLP's verbose log."""

import logging
from contextlib import contextmanager
from typing import Iterator

_VERBOSE_LOGGERS = (
    "allennlp.common.params",
    "allennlp.data.vocabulary",
    "allennlp.models.archival",
    "allennlp.nn.initializers",
    "dts_ee.modules.frozen_encoders.feature_file",
)
"""Loggers that log every step at the level `INFO`, which is only useful in training."""


@contextmanager
def quiet_loading() -> Iterator[None]:
    """
    Raises the level of verbose loggers to `WARNING`, unless they have a level already.
    """
    loggers = [logging.getLogger(name) for name in _VERBOSE_LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            if logger.level == logging.NOTSET:
                logger.setLevel(logging.WARNING)
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
