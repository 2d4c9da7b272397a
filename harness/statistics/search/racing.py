"""Which strategies can be dropped from a search, because none of their trials is the best at this rung?

Every look, after a rung, compares trials on the same validation examples. A strategy is dropped only if for each of its trials there is a
trial of another strategy that is proven better: the lower limit of the difference of their losses is above 0. At look k = 1, 2, 3, … each
limit has the one-sided level

    α_k / m,    α_k = α / 2 · 6 / (π² k²),    m = the number of trials that the other strategies have started

**Error rate.** Let t be the best of the trials at a rung, by its true loss on all such examples. Its strategy is dropped only if t itself
is called worse than a trial of another strategy, although it is not worse. There are at most m such trials, each at level α_k / m, so
that this happens at look k with probability α_k at most (Bonferroni), and Σ α_k = α / 2: all looks of a task and model together drop a best
trial with probability α / 2 at most, for any number of looks, and whenever the search stops. The other half is a reserve for limits that
err more often than their level says, because few examples do not show the tails of their losses: with a skewness of 5 and one trial
for each strategy, the race erred in 6.3% of simulated searches of three looks without the reserve, in 3.3% with it. How many trials each
strategy has, how they depend on one another, and how good they are plays no part.

m counts every trial started, not those that reached the rung: the others were stopped by their losses on the same examples, and the
luckiest 2 of 6 are as hard to beat as 6. The bound assumes that luck on these examples does not turn: what continues are
trials that look good, so that the best of those kept does not look bad by chance more often than any trial does. Proposals that follow
losses on the same examples are covered in the same sense. Simulations of both, with limits outside their best range, are in
`tests/statistics/search`.

The statement is about the trials at a rung. Curves may cross: a strategy that is behind early in its training could have led at the
end, and no comparison at that rung can know.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.statistics.search.trial_losses import loss_limits
from harness.types import TrialMeasurement

FEWEST_RACE_EXAMPLES = 30  # with fewer validation examples, no limit of a difference is reliable, and nothing can be dropped


@dataclass(frozen=True)
class RaceLoss:
    """A strategy that cannot win. The fields are those of `DroppedStrategy`.

    Attributes:
        trial: its best trial at the rung.
        rival: the trial that is most clearly better than that one.
        difference: loss of `trial` less that of `rival`, in nats per target token.
        limit: the lower limit of the difference, above 0, at the one-sided `level`.
    """

    strategy: str
    trial: str
    rival: str
    difference: float
    limit: float
    level: float


def look_level(alpha: float, look: int) -> float:
    """The part of the error rate that one look may use. Over all looks, the parts add up to half of alpha; the other half is a reserve.

    Raises:
        ValueError: looks are numbered from 1.
    """
    if look < 1:
        raise ValueError(f"look {look}: looks are numbered from 1")
    return alpha / 2 * 6 / (math.pi * look) ** 2


def race(
    trials: Mapping[str, Mapping[str, TrialMeasurement | None]], *, started: Mapping[str, int], alpha: float, look: int
) -> tuple[RaceLoss, ...]:
    """The strategies to drop after a rung of one task and model, in their order. At least one always remains.

    A trial without a measurement (it diverged) is worse than any other. A strategy of which no trial has a measurement is not dropped:
    no difference proves anything about it. An unreliable limit drops nothing.

    Args:
        trials: by strategy that is still in the race, and by the trial's id: what each trial that reached this rung has measured.
        started: by strategy that has begun, also by those dropped before: how many trials were started, whether they reached this rung
            or not.
        alpha: the highest accepted chance that the strategy of a best trial is dropped at any look.
        look: which look this is, from 1. Every call for one task and model has its own number.

    Raises:
        ValueError: look below 1, or a strategy with more trials than were started.
    """
    for strategy, own in trials.items():
        if len(own) > started.get(strategy, 0):
            raise ValueError(f"{strategy}: {len(own)} trials at this rung, and {started.get(strategy, 0)} started")
    losses = (_find_loss(strategy, trials, started, look_level(alpha, look)) for strategy in trials)
    return tuple(loss for loss in losses if loss is not None)


def _find_loss(
    strategy: str, trials: Mapping[str, Mapping[str, TrialMeasurement | None]], started: Mapping[str, int], alpha: float
) -> RaceLoss | None:
    own = sorted(_measured(trials[strategy]), key=lambda trial: trial[1].loss)
    others = (trial for name, measurements in trials.items() if name != strategy for trial in _measured(measurements))
    rivals = sorted(others, key=lambda trial: trial[1].loss)
    if not own or not rivals:
        return None
    level = alpha / sum(count for name, count in started.items() if name != strategy)
    (best, measured), *rest = own
    limits = [(rival, _proven_difference(measured, other, level)) for rival, other in rivals]
    rival, (difference, limit) = max(limits, key=lambda entry: entry[1][1])
    if limit <= 0 or not all(any(_proven_difference(trial, other, level)[1] > 0 for _, other in rivals) for _, trial in rest):
        return None
    return RaceLoss(strategy, best, rival, difference, limit, level)


def _measured(trials: Mapping[str, TrialMeasurement | None]) -> list[tuple[str, TrialMeasurement]]:
    return [(name, measurement) for name, measurement in trials.items() if measurement is not None]


def _proven_difference(trial: TrialMeasurement, rival: TrialMeasurement, level: float) -> tuple[float, float]:
    """By how much the loss of a trial is higher, and the lower limit of that; −∞ where the limit proves nothing."""
    difference = trial.loss - rival.loss
    if difference <= 0:
        return difference, -math.inf
    limits = loss_limits(trial, rival)(level)
    return difference, limits.low if limits.reliable and limits.low is not None else -math.inf
