"""Made-up searches whose truth is known: strategies with trials, trained in rungs and raced on the same validation examples."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.grid.search import SHARES, count_survivors
from harness.statistics import RaceLoss, race
from harness.types import TrialMeasurement, discarded_steps

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class World:
    """What validation examples look like.

    Attributes:
        examples: their number; in `groups` groups of the same size, or all independent.
        skewed: whether lengths differ, and few examples have much of the loss of every strategy but the first. The differences to it then
            have a skewness of 2.8; between trials of the included model it was 2.3 at most. `heavy`: of 5.
        shared: the share of the variance of a trial's deviations that the trials of its strategy share.
        kept: the correlation of a trial's deviations from one rung to the next.
        picked_from: of so many trials, every strategy but the first starts those that look best on the same examples, as proposals that
            follow the losses do at worst.
        spread: the standard deviation of the deviations, in nats per token; that of the difference of two strategies is √2 times as large.
    """

    examples: int
    groups: int | None = None
    skewed: bool = False
    heavy: bool = False
    shared: float = 0.5
    kept: float = 0.7
    picked_from: int | None = None
    spread: float = 0.15


@dataclass
class Outcome:
    """What a race did: the strategies dropped at each look, and whether one of them had the best trial of that rung."""

    dropped: list[list[RaceLoss]] = field(default_factory=list)
    wrong: bool = False
    trained: dict[str, float] = field(default_factory=dict)


def run_race(
    truth: Mapping[str, Callable[[int], Sequence[float]]], world: World, *, trials: int, alpha: float, rng: np.random.Generator
) -> Outcome:
    """One search with racing.

    Args:
        truth: by strategy, the true losses of its trials at a rung, (trials,).
    """
    tokens = rng.integers(15 - 10 * world.heavy, 60, size=world.examples) if world.skewed else np.full(world.examples, 20)
    groups = tuple(int(i * world.groups / world.examples) for i in range(world.examples)) if world.groups else ()
    shape = 0.5 if world.heavy else 2.0 if world.skewed else 4.0
    hardness = rng.gamma(shape, 1 / shape, size=world.examples)
    errors = {name: _Deviations(world, trials, groups, hardness, place, rng) for place, name in enumerate(truth)}
    alive = {name: list(range(trials)) for name in truth}
    outcome = Outcome(trained=dict.fromkeys(truth, 0.0))
    for rung, share in enumerate(SHARES):
        before = SHARES[rung - 1] if rung else 0.0
        measured: dict[str, dict[int, TrialMeasurement]] = {}
        for name, own in alive.items():
            outcome.trained[name] += (share - before + discarded_steps(share)) * len(own)
            losses, means = errors[name].at_next_rung(), truth[name](rung)
            measured[name] = {i: _measure(hardness * means[i] + losses[i], tokens, groups) for i in own}
        best = min(((truth[name](rung)[i], name) for name, own in alive.items() for i in own))[1]
        by_id = {name: {f"{name}{i}": each for i, each in own.items()} for name, own in measured.items()}
        lost = race(by_id, started=dict.fromkeys(truth, trials), alpha=alpha, look=rung + 1)
        outcome.wrong |= any(loss.strategy == best for loss in lost)
        outcome.dropped.append(list(lost))
        gone = {loss.strategy for loss in lost}
        kept = count_survivors(trials)[min(rung + 1, len(SHARES) - 1)]
        alive = {name: sorted(own, key=lambda i: own[i].loss)[:kept] for name, own in measured.items() if name not in gone}
    return outcome


class _Deviations:
    """How far the loss of each example is from its expectation, for each trial of a strategy, from rung to rung."""

    def __init__(self, world: World, trials: int, groups: Sequence[int], hardness: Array, place: int, rng: np.random.Generator) -> None:
        self._world, self._trials, self._groups, self._rng = world, trials, np.array(groups, dtype=int), rng
        self._tailed = world.skewed and place > 0
        self._size = world.spread * (hardness if self._tailed else np.ones(world.examples))
        self._own = self._draw(world.picked_from or trials if place else trials)
        self._common = self._draw(1)
        lucky = np.argsort((self._size * self._own).mean(axis=1))[:trials]
        self._own = self._own[np.sort(lucky)]

    def at_next_rung(self) -> Array:
        """(trials, n), with mean 0."""
        kept, shared = self._world.kept, self._world.shared
        self._own = kept * self._own + math.sqrt(1 - kept**2) * self._draw(self._trials)
        self._common = kept * self._common + math.sqrt(1 - kept**2) * self._draw(1)
        joint: Array = self._size * (math.sqrt(shared) * self._common + math.sqrt(1 - shared) * self._own)
        return joint

    def _draw(self, rows: int) -> Array:
        if self._world.groups is None:
            return self._draw_units(rows, self._world.examples)
        of_groups, of_examples = self._draw_units(rows, self._world.groups), self._draw_units(rows, self._world.examples)
        joint: Array = (of_groups[:, self._groups] + of_examples) / math.sqrt(2)
        return joint

    def _draw_units(self, rows: int, units: int) -> Array:
        if self._tailed:
            return (self._rng.gamma(0.25, size=(rows, units)) - 0.25) / 0.5  # a skewness of 4
        return self._rng.normal(size=(rows, units))


def _measure(loss_per_token: Array, tokens: NDArray[np.int64], groups: tuple[int, ...]) -> TrialMeasurement:
    losses = loss_per_token * tokens
    return TrialMeasurement(tuple(losses.tolist()), tuple(int(t) for t in tokens), groups)
