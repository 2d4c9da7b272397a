"""How the seconds of a trial are read: after what prepares kernels, and twice where it is short."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from harness.forecast.trials.cpu_pace import note_pace
from harness.forecast.trials.size import Layers

ENOUGH = 1.0
"""Seconds of a trial that is not repeated: a long one varies less, and on a CPU, preparing kernels is a small part of it."""
_REPEATS = 2
_DISTURBED = 1.25  # times as long as another trial of the same tokens


def counts_first_run(device: str, layers: Layers) -> bool:
    """Whether the first run of a long trial counts: on a CPU, where it takes little longer than later ones, and of a whole model. Where
    models with few layers are compared, the difference of their seconds is multiplied."""
    return device == "cpu" and layers is None


def average_seconds(run: Callable[[], Any], device: str, *, may_run_once: bool = False) -> float:
    """Seconds of a run on average, after one that prepares kernels."""
    return first_and_later(run, device, may_run_once=may_run_once)[1]


def twice_if_short(trial: Callable[[], float], device: str) -> float:
    """What a trial returns. If it is short, the mean of two is returned, or the lower one if the other is much higher: twelve tokens of a
    small model take a tenth of a second, and so do other programs at times."""
    note_pace(device)
    began = time.perf_counter()
    first = again = trial()
    if time.perf_counter() - began <= ENOUGH:
        note_pace(device)
        again = trial()
    note_pace(device)
    return (first + again) / 2 if max(first, again) <= _DISTURBED * min(first, again) else min(first, again)


def first_and_later(run: Callable[[], Any], device: str, *, may_run_once: bool = False) -> tuple[float, float]:
    """How much longer the first run takes than later ones, and the seconds of a later one on average.

    Args:
        may_run_once: whether the first run counts as a later one if it is long.
    """
    first = timed(run, device)
    if may_run_once and first > ENOUGH:
        return 0.0, first
    later = [timed(run, device)]
    while len(later) < _REPEATS and sum(later) < ENOUGH:
        later.append(timed(run, device))
    mean = sum(later) / len(later)
    return max(0.0, first - mean), mean


def timed(run: Callable[[], Any], device: str) -> float:
    """Seconds of one run, until the device has done all of it."""
    import torch

    note_pace(device)
    began = time.perf_counter()
    run()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
