import gc

import pytest

from dts_ee.quick_imports import quick_imports


def test_no_garbage_is_looked_for_inside():
    assert gc.isenabled()
    with quick_imports():
        assert not gc.isenabled()
        with quick_imports():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_import_that_failed():
    with pytest.raises(ModuleNotFoundError), quick_imports():
        import no_such_package  # noqa: F401
    assert gc.isenabled()


def test_it_stays_off_for_who_turned_it_off():
    gc.disable()
    try:
        with quick_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
