"""The engine `local`: forked processes on this machine, which share the model in memory."""

import gc
from multiprocessing.connection import wait
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from dts_ee.predictors import DtsPredictor
from dts_ee.scale.forked import EndedError, ForkedProcess
from dts_ee.scale.output_folder import Counts
from dts_ee.scale.shard_work import Job, ShardWorker
from dts_ee.scale.shards import Shard

MAX_ATTEMPTS = 3
"""How often a shard is begun whose process ends."""


class LostShardsError(RuntimeError):
    """Processes ended with some shards, again and again."""


def predict_shards(
    job: Job, shards: Sequence[Shard], load: Callable[[], DtsPredictor], num_workers: int
) -> Iterator[Tuple[Shard, Counts]]:
    """
    Predicts shards in several processes.

    If a process ends, for example for lack of memory, its shard is predicted in a new one, up to
    `MAX_ATTEMPTS` times.

    # Parameters

    job : `Job`
        What has to be done.
    shards : `Sequence[Shard]`
        The shards that are not finished.
    load : `Callable[[], DtsPredictor]`
        Loads the predictor; a model on a GPU in each process, another only in this one.
    num_workers : `int`
        The number of processes.

    # Returns

    `Iterator[Tuple[Shard, Counts]]`
        The shards as they are finished.

    # Raises

    `DocumentError`
        If a shard cannot be read, or, if errors end everything, predicted.
    `LostShardsError`
        At the end, if shards were lost.
    `OSError`
        If a shard cannot be written.
    """
    waiting = list(reversed(shards))
    attempts: Dict[Shard, int] = dict.fromkeys(shards, 0)
    lost: List[str] = []
    busy: Dict[ForkedProcess, Shard] = {}
    # What is shared stays so: garbage collection would write to it.
    gc.collect()
    gc.freeze()

    def begin(process: ForkedProcess) -> None:
        shard = waiting.pop()
        attempts[shard] += 1
        busy[process] = shard
        process.send(shard)

    def new_process() -> ForkedProcess:
        return ForkedProcess(lambda: ShardWorker(job, load()))

    try:
        while waiting or busy:
            while waiting and len(busy) < num_workers:
                begin(new_process())
            ready = wait([process.connection for process in busy])
            for process in [process for process in busy if process.connection in ready]:
                shard = busy[process]
                try:
                    counts = process.receive()
                except EndedError as error:
                    process.end()
                    del busy[process]
                    if attempts[shard] < MAX_ATTEMPTS:
                        waiting.append(shard)
                    else:
                        lost.append(f"{shard.name} ({error})")
                    continue
                del busy[process]
                if waiting:
                    begin(process)
                else:
                    process.end()
                yield shard, counts
    finally:
        for process in busy:
            process.end()
    if lost:
        raise LostShardsError(
            f"the process of a shard ended {MAX_ATTEMPTS} times, and all others are finished: "
            f"{', '.join(lost)}; the same command tries them again"
        )
