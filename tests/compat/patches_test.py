import inspect

from allennlp.common import plugins, util
from allennlp.models import Model
from allennlp.training import Checkpointer, gradient_descent_trainer

from dts_ee import compat


def test_applying_the_patches_again_changes_nothing():
    before = [
        plugins.import_plugins,
        util.import_module_and_submodules,
        gradient_descent_trainer.clip_grad_norm_,
        Checkpointer.load_checkpoint,
        inspect.getattr_static(Model, "load"),
    ]
    compat.apply()
    after = [
        plugins.import_plugins,
        util.import_module_and_submodules,
        gradient_descent_trainer.clip_grad_norm_,
        Checkpointer.load_checkpoint,
        inspect.getattr_static(Model, "load"),
    ]
    assert before == after
