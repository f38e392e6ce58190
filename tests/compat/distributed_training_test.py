import pickle

from allennlp.commands import train

from dts_ee.compat import distributed_training


def test_the_processes_of_a_distributed_training_load_this_package_first(monkeypatch):
    started = []
    monkeypatch.setattr(train, "_train_worker", lambda *args: started.append(args))
    train.mp.spawn(train._train_worker, args=("params",), nprocs=0)
    worker = distributed_training._train_worker
    # What a process is started with is found by its module, which is imported for it.
    assert worker.__module__ == "dts_ee.compat.distributed_training"
    assert pickle.loads(pickle.dumps(worker)) is worker
    worker(0, "params")
    assert started == [(0, "params")]
