"""Predict entities and relations for text or documents."""

from dts_ee.predictors.dts import DtsPredictor

__all__ = ["DtsPredictor"]
