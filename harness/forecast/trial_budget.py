"""Which trials may be made before a run: those that take a small part of what its cells take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import BenchError
from harness.forecast.cell_planning import CellWork, TargetDevice

_MOST_OF_A_RUN, _ALWAYS_TRIED = 0.1, 0.5  # that trials may take: of a run, and seconds, both as counted


@dataclass(frozen=True)
class AffordableTrials:
    """
    Attributes:
        steps: whether the steps of the cells may be tried.
        sampled: the cells whose untuned models may write a few outputs.
    """

    steps: bool
    sampled: frozenset[CellWork]


def choose_trials(cells: Mapping[CellWork, int], target: TargetDevice) -> AffordableTrials:
    """The trials of these cells that together take at most a tenth of what the cells take, or at most half a second, all as counted: their
    steps, and then samples of outputs, first of the cells that take longest.

    What cannot be counted, because the code of its model does not run without values, has no trials either.

    Args:
        cells: with how many there are of each, such as one for each seed.
    """
    seconds, steps = 0.0, dict[str, float]()
    samples: dict[CellWork, dict[str, float]] = {}
    for cell, count in cells.items():
        try:
            seconds += count * cell.counted_seconds(target)
            own = cell.list_trial_costs(target, with_samples=False)
            samples[cell] = {name: cost for name, cost in cell.list_trial_costs(target, with_samples=True).items() if name not in own}
        except BenchError:
            raise
        except Exception:  # whatever the code of a model raises
            continue
        for trial, cost in own.items():
            steps[trial] = max(cost, steps.get(trial, 0.0))
    left = max(_ALWAYS_TRIED, _MOST_OF_A_RUN * seconds) - sum(steps.values())
    if left < 0:
        return AffordableTrials(steps=False, sampled=frozenset())
    made: dict[str, float] = {}
    sampled = set()
    for cell in sorted(samples, key=lambda each: -each.counted_seconds(target)):
        more = {name: cost for name, cost in samples[cell].items() if name not in made}
        if samples[cell] and sum(more.values()) <= left:
            made |= more
            left -= sum(more.values())
            sampled.add(cell)
    return AffordableTrials(steps=True, sampled=frozenset(sampled))
