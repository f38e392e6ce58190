from dts_ee.predictors.dts import DtsPredictor

__all__ = ["DtsPredictor"]
