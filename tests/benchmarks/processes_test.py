import mmap
import os
from functools import partial

import pytest
import torch

from benchmarks.processes import call_in_new_process, peak_growth_mib


def test_the_peak_is_that_of_the_call_alone():
    def use(mib):
        return torch.ones(mib << 18).sum()

    # What was used and freed before does not hide what the call uses.
    use(256)
    for mib in (32, 128):
        assert mib <= peak_growth_mib(partial(use, mib)) < mib + 24
    # Memory that nothing was written to yet, like weights that are mapped from a file.
    memory = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    fill = torch.frombuffer(memory, dtype=torch.uint8).fill_
    assert 63 <= peak_growth_mib(partial(fill, 1)) < 64 + 24
    assert peak_growth_mib(partial(fill, 1), prepare=partial(fill, 2)) < 24


def test_what_fails_in_the_other_process_is_an_error_here():
    with pytest.raises(ZeroDivisionError):
        peak_growth_mib(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="terminated abruptly"):
        peak_growth_mib(lambda: os._exit(9))


def test_a_call_in_a_new_process_returns_what_it_returns_here():
    assert call_in_new_process(max, 1, 3) == 3
    assert call_in_new_process(os.getpid) != os.getpid()
    with pytest.raises(ZeroDivisionError):
        call_in_new_process(divmod, 1, 0)
