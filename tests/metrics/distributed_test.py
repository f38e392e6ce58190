from typing import Any

import pytest
import torch

from dts_ee.metrics import EntityF1, RelationF1, UnrelatedSentences
from tests.metrics import entity_f1_test, relation_f1_test, unrelated_sentences_test

CASES = {EntityF1: entity_f1_test, RelationF1: relation_f1_test}


def count_every_second_document(rank, world_size, folder):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=world_size
    )
    numbers: dict[str, Any] = {}
    for metric_class, case in CASES.items():
        metric = metric_class()
        # Two calls each, so that counts which were gathered once are not gathered again; the second
        # worker's second call has no documents.
        for start in (0, world_size):
            documents = slice(start + rank, start + rank + 1)
            metric(case.PREDICTED[documents], case.GOLD[documents])
        numbers[metric_class.__name__] = metric.get_metric()
    relations, case = RelationF1(), unrelated_sentences_test
    relations(case.PREDICTED[rank::world_size], case.GOLD[rank::world_size])
    numbers["unrelated"] = relations.unrelated
    torch.save(numbers, f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def test_every_worker_sees_the_counts_of_all(tmp_path):
    torch.multiprocessing.start_processes(
        count_every_second_document, (2, str(tmp_path)), nprocs=2, start_method="fork"
    )
    for rank in range(2):
        numbers = torch.load(tmp_path / f"{rank}.pt", weights_only=False)
        assert numbers["unrelated"] == UnrelatedSentences(number=2, with_relations=1)
        for metric_class, case in CASES.items():
            assert numbers[metric_class.__name__] == pytest.approx(
                case.scores(case.PREDICTED, case.GOLD)
            )
