"""
The taggers of AllenNLP and allennlp-models train on the readers.
"""

import json
from typing import Any

import allennlp_models.tagging  # noqa: F401
import pytest
from allennlp.common.testing import ModelTestCase

import dts_ee  # noqa: F401
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS


def configuration(reader, path, model):
    return {
        "dataset_reader": reader,
        "train_data_path": str(path),
        "validation_data_path": str(path),
        "model": {
            "text_field_embedder": {
                "token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 6}}
            },
            "encoder": {"type": "lstm", "input_size": 6, "hidden_size": 4},
            **model,
        },
        "data_loader": {"batch_size": 3},
        "trainer": {"optimizer": "adam", "num_epochs": 2, "cuda_device": -1},
    }


class TestTaggers(ModelTestCase):
    # The test cases have a model each, not one for all.
    test_model_batch_norm_verification: Any = None

    @pytest.mark.parametrize(
        ("reader", "path"),
        [
            ({"type": "conll04"}, TINY_NEWS),
            ({"type": "ade", "tag_encoding": "BIOUL"}, TINY_CASE_REPORTS),
        ],
    )
    @pytest.mark.parametrize("type", ["simple_tagger", "crf_tagger"])
    def test_tagger_trains_saves_and_loads(self, reader, path, type):
        encoding = reader.get("tag_encoding", "BIO")
        model = {"type": type, "label_encoding": encoding}
        if type == "crf_tagger":
            model["constrain_crf_decoding"] = True
        # AllenNLP's span F1 takes only well-formed BIOUL, which this tagger does not promise.
        model["calculate_span_f1"] = type == "crf_tagger" or encoding == "BIO"
        file = self.TEST_DIR / "tagger.json"
        file.write_text(json.dumps(configuration(reader, path, model)))
        self.ensure_model_can_train_save_and_load(file)
