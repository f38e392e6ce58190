from dts_ee.models.dts import DeeperTaskSpecificity

__all__ = ["DeeperTaskSpecificity"]
