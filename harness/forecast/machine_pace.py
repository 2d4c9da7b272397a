"""How fast a CPU was during a trial.

Other programs, or other customers of the same host, slow it down for seconds. A trial that runs then takes longer, and so would the
forecast of each cell that rests on it. Between the timed parts of trials, three small works are therefore timed: a matrix product, adding
numbers that fill no cache, and starting operations. Short trials of a forecast that had a slower CPU than others are made once more at
the end, and what was measured on the faster CPU counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

TrialValues = tuple[float, ...]

# By which the small works of a trial take longer than those of the fastest one, on average over their kinds, if it is made again. On a
# virtual machine with other customers, 43 of 312 trials of the included model were slower than that. A tenth of these took a fifth more
# than the same trials usually; of the others, a twentieth took 6% more.
MUCH_SLOWER = 1.25
_LONGEST_REPEATED = 5.0  # seconds of a trial: what slows down the CPU is a small part of longer ones, which take too long to be made again
_ROWS, _WIDTH, _NUMBERS, _STARTS = 512, 256, 2**21, 200  # of the small works, which take about 4 ms together
_SHORTEST = 1e-9  # seconds, by which is divided


class CpuPace(NamedTuple):
    """Seconds of the small works."""

    product: float
    memory: float
    starting: float

    def times_slower(self, other: CpuPace) -> float:
        """How many times as long they take as those of another pace, on average over their kinds."""
        return sum(a / max(b, _SHORTEST) for a, b in zip(self, other, strict=True)) / len(self)


class TrialPaces:
    """The pace of the CPU during each trial of a forecast, by what identifies the trial."""

    def __init__(self) -> None:
        self._noted: list[CpuPace] = []
        self._of_trials: dict[str, CpuPace] = {}
        self._awaited: dict[str, TrialValues] = {}
        self._long: set[str] = set()

    def note(self, pace: CpuPace) -> None:
        """Add a measurement to all trials that are running."""
        self._noted.append(pace)

    def is_awaited(self, key: str) -> bool:
        """Whether this trial is to be made again, so that what it has measured does not count for now."""
        return key in self._awaited

    def run(self, key: str, trial: Callable[[], TrialValues]) -> TrialValues:
        """Make a trial, which may make others in this way. If it was awaited, what was measured at the faster pace is returned."""
        begin, began = len(self._noted), time.perf_counter()
        values = trial()
        noted = self._noted[begin:]
        if time.perf_counter() - began > _LONGEST_REPEATED:
            self._long.add(key)
        if not noted:
            return values
        pace, before = _mean(noted), self._awaited.pop(key, None)
        if before is not None and self._of_trials[key].times_slower(pace) < 1:
            return before
        self._of_trials[key] = pace
        return values

    def await_slow_ones(self, known: Mapping[str, TrialValues]) -> bool:
        """Await the short trials that had a slow CPU. Returns whether there are any.

        Args:
            known: what trials have measured.
        """
        if not self._of_trials:
            return False
        fastest = CpuPace(*map(min, zip(*self._of_trials.values(), strict=True)))
        slower = {key: pace.times_slower(fastest) for key, pace in self._of_trials.items()}
        limit = MUCH_SLOWER * min(slower.values())
        slow = {key for key, times in slower.items() if times > limit} - self._long
        self._awaited = {key: known[key] for key in slow if key in known}
        return bool(self._awaited)


_WATCHED: ContextVar[TrialPaces | None] = ContextVar("watched paces", default=None)


@contextmanager
def watching_pace() -> Iterator[TrialPaces]:
    """Inside this context, trials note the pace of the CPU."""
    paces = TrialPaces()
    before = _WATCHED.set(paces)
    try:
        yield paces
    finally:
        _WATCHED.reset(before)


def watched_paces() -> TrialPaces | None:
    """Those of the forecast that is being made; None outside `watching_pace`."""
    return _WATCHED.get()


def note_pace(device: str) -> None:
    """Measure the pace of a CPU for the trials that are running. That of a GPU is its own."""
    paces = watched_paces()
    if paces is not None and device == "cpu":
        paces.note(measure_pace())


def measure_pace() -> CpuPace:
    """Time each of the small works once."""
    import torch

    rows, weights, numbers, few = _tensors()
    with torch.no_grad():
        return CpuPace(
            _seconds(lambda: rows @ weights), _seconds(lambda: numbers + numbers), _seconds(lambda: [few + few for _ in range(_STARTS)])
        )


@cache
def _tensors() -> tuple[Any, Any, Any, Any]:
    import torch

    return torch.ones(_ROWS, _WIDTH), torch.ones(_WIDTH, _WIDTH), torch.ones(_NUMBERS), torch.ones(8)


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _mean(paces: Sequence[CpuPace]) -> CpuPace:
    return CpuPace(*(sum(each) / len(paces) for each in zip(*paces, strict=True)))
