"""How fast a CPU was during a trial.

Other programs, or other customers of the same host, slow it down for seconds. A trial that runs then takes longer, and so would the
forecast of each cell that rests on it. Between the timed parts of trials, three small computations are therefore timed: a matrix
product, adding numbers that do not fit in the cache of a core, and starting operations. Short trials of a forecast that had a slower CPU
than others are made once more at the end, and what was measured on the faster CPU counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

TrialValues = tuple[float, ...]

# By which the small computations of a trial take longer than those of the fastest one, on average over their kinds, if it is made again.
# On a virtual machine with other customers, 43 of 312 trials of the included model were slower than that. A tenth of these took a fifth
# more than the same trials usually; of the others, a twentieth took 6% more.
_MUCH_SLOWER = 1.25
_LONGEST_REPEATED = 5.0  # seconds of a trial: what slows down the CPU is a small part of longer ones, which take too long to be made again
_ROWS, _WIDTH, _NUMBERS, _STARTS = 512, 256, 2**21, 200  # of the small computations, which take about 4 ms together
_SHORTEST = 1e-9  # seconds, by which is divided


class CpuPace(NamedTuple):
    """Seconds of the small computations."""

    product: float
    memory: float
    starting: float

    def times_slower(self, other: CpuPace) -> float:
        """How many times as long they take as those of another pace, on average over their kinds."""
        return sum(a / max(b, _SHORTEST) for a, b in zip(self, other, strict=True)) / len(self)


@dataclass(frozen=True)
class _MadeTrial:
    """
    Attributes:
        run: makes it.
        pace: of the CPU meanwhile.
        only_first: see `TrialPaces.run`.
    """

    run: Callable[[], TrialValues]
    pace: CpuPace
    only_first: Collection[int]


class TrialPaces:
    """The pace of the CPU during each trial of a forecast, by what identifies the trial."""

    def __init__(self) -> None:
        self._noted: list[CpuPace] = []
        self._short: dict[str, _MadeTrial] = {}
        self._all: list[CpuPace] = []

    def note(self, pace: CpuPace) -> None:
        """Add a measurement to all trials that are running."""
        self._noted.append(pace)

    def run(self, key: str, trial: Callable[[], TrialValues], only_first: Collection[int] = ()) -> TrialValues:
        """Make a trial, which may make others in this way.

        Args:
            only_first: places of the values that only its first run can measure.
        """
        begin, began = len(self._noted), time.perf_counter()
        values = trial()
        noted = self._noted[begin:]
        if noted:
            pace = _mean(noted)
            self._all.append(pace)
            if time.perf_counter() - began <= _LONGEST_REPEATED:
                self._short[key] = _MadeTrial(trial, pace, only_first)
        return values

    def list_slow(self) -> list[str]:
        """The short trials during which the CPU was much slower than during others; those that were made within another come before it."""
        if not self._all:
            return []
        fastest = CpuPace(*map(min, zip(*self._all, strict=True)))
        limit = _MUCH_SLOWER * min(pace.times_slower(fastest) for pace in self._all)
        return [key for key, trial in self._short.items() if trial.pace.times_slower(fastest) > limit]

    def repeat(self, key: str, before: TrialValues) -> TrialValues:
        """Make a short trial again. Returns what was measured while the CPU was faster, or what was measured before if it fails now."""
        trial, begin = self._short[key], len(self._noted)
        try:
            again = trial.run()
        except Exception:  # the families of models are many
            return before
        noted = self._noted[begin:]  # nothing if it only follows from trials that were made again before
        if noted and _mean(noted).times_slower(trial.pace) > 1:
            return before
        return tuple(before[i] if i in trial.only_first else value for i, value in enumerate(again))


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
    """Time each of the small computations once."""
    import torch

    with torch.no_grad():
        return CpuPace(*map(_seconds, _computations()))


@cache
def _computations() -> list[Callable[[], object]]:
    """Those that are timed, each after a first run, which prepares kernels and memory."""
    import torch

    rows, weights, numbers, few = torch.ones(_ROWS, _WIDTH), torch.ones(_WIDTH, _WIDTH), torch.ones(_NUMBERS), torch.ones(8)
    sums = torch.empty_like(numbers)
    computations: list[Callable[[], object]] = [
        lambda: rows @ weights,
        lambda: torch.add(numbers, numbers, out=sums),
        lambda: [few + few for _ in range(_STARTS)],
    ]
    for each in computations:
        each()
    return computations


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _mean(paces: Sequence[CpuPace]) -> CpuPace:
    return CpuPace(*(sum(each) / len(paces) for each in zip(*paces, strict=True)))
