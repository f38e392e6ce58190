from typing import Any

import pytest
import torch

from dts_ee.metrics import EntityF1, RelationF1, UnrelatedSentences
from dts_ee.metrics.mean_loss import MeanLoss
from tests.metrics import entity_f1_test, relation_f1_test, unrelated_sentences_test

CASES = {EntityF1: entity_f1_test, RelationF1: relation_f1_test}


def count_every_second_document(rank, world_size, folder):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=world_size
    )
    numbers: dict[str, Any] = {}
    for metric_class, case in CASES.items():
        metric = metric_class()
        # The second worker's second call has no documents.
        for start in (0, world_size):
            documents = slice(start + rank, start + rank + 1)
            metric(case.PREDICTED[documents], case.GOLD[documents])
        numbers[f"{metric_class.__name__} of the worker"] = metric.get_metric()
        numbers[metric_class.__name__] = metric.get_metric(reset=True)
        # Counts that were gathered are not gathered again.
        numbers[f"{metric_class.__name__} after it"] = metric.get_metric(reset=True)
    relations, case = RelationF1(), unrelated_sentences_test
    relations(case.PREDICTED[rank::world_size], case.GOLD[rank::world_size])
    relations.gather()
    numbers["unrelated"] = relations.unrelated
    loss = MeanLoss()
    # The second worker has no loss.
    for value in [1.0, 2.5][: 2 * (1 - rank)]:
        loss(torch.tensor(value))
    numbers["losses"] = [loss.get_metric(), loss.get_metric(reset=True), loss.get_metric()]
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
            own = [
                document
                for start in (0, 2)
                for document in range(start + rank, min(start + rank + 1, len(case.GOLD)))
            ]
            assert numbers[f"{metric_class.__name__} of the worker"] == pytest.approx(
                case.scores([case.PREDICTED[i] for i in own], [case.GOLD[i] for i in own])
            )
            assert not any(numbers[f"{metric_class.__name__} after it"].values())
        assert numbers["losses"] == [[1.75, 1.75, 0.0], [0.0, 1.75, 0.0]][rank]
