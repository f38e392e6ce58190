import pytest
import torch
from allennlp.common import Params, util
from allennlp.common.checks import ConfigurationError, check_for_gpu
from allennlp.models import Model

NO_SUCH_GPU = 1000


def test_a_missing_gpu_is_a_configuration_error():
    assert util.int_to_device(NO_SUCH_GPU) == torch.device("cuda", NO_SUCH_GPU)
    assert util.int_to_device(-1) == torch.device("cpu")
    with pytest.raises(ConfigurationError, match="GPU"):
        check_for_gpu(NO_SUCH_GPU)


def test_loading_a_model_onto_a_missing_gpu_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigurationError, match="GPU"):
        Model.load(Params({"model": {"type": "simple_tagger"}}), tmp_path, cuda_device=NO_SUCH_GPU)
