"""The search for garbage pauses inside a context, and only there."""

from __future__ import annotations

import gc
import threading

import pytest

from harness.garbage import without_garbage_collection


def test_search_is_off_inside_and_on_again_after_an_error():
    def fail_to_import():
        with without_garbage_collection():
            seen.append(gc.isenabled())
            raise ImportError

    seen = []
    with pytest.raises(ImportError):
        fail_to_import()
    assert [*seen, gc.isenabled()] == [False, True]


def test_search_that_the_user_has_switched_off_stays_off():
    gc.disable()
    try:
        with without_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_contexts_can_be_nested():
    with without_garbage_collection():
        with without_garbage_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_search_is_on_again_after_the_last_of_two_threads():
    """The second begins inside the first, and ends after it."""
    first_has_begun, second_has_begun, first_has_ended = (threading.Event() for _ in range(3))
    seen = []

    def first():
        with without_garbage_collection():
            first_has_begun.set()
            second_has_begun.wait(10)
        seen.append(gc.isenabled())
        first_has_ended.set()

    thread = threading.Thread(target=first)
    thread.start()
    first_has_begun.wait(10)
    with without_garbage_collection():
        second_has_begun.set()
        first_has_ended.wait(10)
    thread.join()
    assert seen == [False]
    assert gc.isenabled()
