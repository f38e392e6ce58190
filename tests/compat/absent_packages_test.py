import importlib
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from dts_ee.compat.absent_packages import ABSENT_MODULES, absent_class, stand_ins

ABSENT = sorted(
    package
    for package, (name, *_) in ABSENT_MODULES.items()
    if not name.startswith("google.") and find_spec(name) is None
)
"""The packages that this environment lacks."""


def test_the_lock_has_none_of_the_packages():
    assert "torchvision" in ABSENT and "scikit-learn" in ABSENT


def test_all_modules_that_import_them_are_imported():
    for name in (
        "allennlp.data.image_loader",
        "allennlp.fairness.bias_mitigators",
        "allennlp.modules.vision.region_detector",
        "allennlp.nn.parallel.fairscale_fsdp_accelerator",
        "allennlp.training.metrics.auc",
        "cached_path.schemes.gs",
        "cached_path.schemes.r2",
    ):
        importlib.import_module(name)


def test_a_namespace_may_be_there_without_the_package(tmp_path, monkeypatch):
    (tmp_path / "google" / "cloud" / "other").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.partition(".")[0] == "google"]:
        monkeypatch.delitem(sys.modules, name)
    absent = stand_ins().keys()
    assert "google.cloud" not in absent
    assert {"google.cloud.storage", "google.cloud.storage.blob"} <= absent


def test_an_absent_package_cannot_be_imported():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("torchvision.ops")


def test_using_what_is_absent_says_what_to_install():
    from allennlp.training.metrics import Auc

    metric = Auc()
    import torch

    metric(torch.tensor([0.1, 0.9]), torch.tensor([0, 1]))
    with pytest.raises(ImportError, match=r"sklearn\.metrics\.\w+ .* pip install scikit-learn"):
        metric.get_metric()


def test_an_absent_class_can_be_derived_from_and_caught():
    absent: Any = absent_class("library.Thing", "pip install library")

    class Derived(absent):
        pass

    with pytest.raises(ImportError, match=r"library\.Thing .* pip install library"):
        Derived()
    with pytest.raises(ImportError, match="pip install library"):
        absent.from_text("text")
    try:
        raise ZeroDivisionError
    except absent:
        pytest.fail("another error is caught")
    except ZeroDivisionError:
        pass
