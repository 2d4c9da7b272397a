"""Several questions at a time: what is under way when something fails, or when the user interrupts, is kept."""

from __future__ import annotations

import threading

import pytest

from harness.engine.served import ask_together


def take_from(items: list[int]) -> int | None:
    return items.pop(0) if items else None


@pytest.mark.parametrize("failure", [ValueError("broken"), KeyboardInterrupt()])
def test_answers_that_are_under_way_are_kept(failure: BaseException) -> None:
    """The second question fails while the first and the third are being answered."""
    items, kept, stops = list(range(9)), [], []
    under_way, failed = threading.Barrier(3), threading.Event()

    def ask(item: int) -> int:
        under_way.wait(30)
        if item == 1:
            raise failure
        failed.wait(30)
        return item

    def stop() -> None:
        stops.append(1)
        failed.set()

    with pytest.raises(type(failure)):
        ask_together(lambda: take_from(items), 3, ask, kept.append, on_failure=stop)
    assert sorted(kept) == [0, 2] and items == list(range(3, 9)) and stops == [1]


def test_nothing_at_present_is_asked_for_again_after_each_answer() -> None:
    """One at a time may be under way, although two would have room."""
    items, kept, free = list(range(4)), [], [True]

    def take() -> int | None:
        if not free[0] or not items:
            return None
        free[0] = False
        return items.pop(0)

    def keep(answer: int) -> None:
        free[0] = True
        kept.append(answer)

    ask_together(take, 2, lambda item: item, keep)
    assert kept == [0, 1, 2, 3]
