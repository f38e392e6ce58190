from dts_ee.models.dts import DeeperTaskSpecificity
from dts_ee.models.task_head import TaskBatch, TaskHead

__all__ = ["DeeperTaskSpecificity", "TaskBatch", "TaskHead"]
