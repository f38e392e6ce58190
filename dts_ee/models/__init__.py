"""The model `dts`, and a head for each task: its layers, loss and decoding."""

from dts_ee.models.dts import DeeperTaskSpecificity
from dts_ee.models.ensemble import Ensemble
from dts_ee.models.task_head import TaskBatch, TaskHead
from dts_ee.models.thresholds import Thresholds

__all__ = ["DeeperTaskSpecificity", "Ensemble", "TaskBatch", "TaskHead", "Thresholds"]
