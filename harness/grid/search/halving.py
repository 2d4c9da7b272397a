"""Successive halving: all trials of a strategy are trained in parts, and after each part only the better half goes on.

Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016. The learning rate follows
the schedule of the whole training in every part, so that a trial that comes to the end was trained as its cell of the grid will be.
"""

from __future__ import annotations

from collections.abc import Sequence

# The share of a training that is completed after each of its parts.
SHARES = (0.25, 0.5, 1.0)


def count_survivors(trials: int, rungs: int = len(SHARES)) -> list[int]:
    """How many of so many trials are trained in each part: all, then half of those before, rounded up."""
    counts = [trials]
    for _ in range(rungs - 1):
        counts.append(-(-counts[-1] // 2))
    return counts


def afford_trials(budget: float, first_part: float, shares: Sequence[float] = SHARES) -> int:
    """How many trials a budget pays for, if the first part of each costs as much as that of the first trial; 0: not even one.

    Args:
        budget, first_part: seconds, or money.
    """
    trials = 0
    while trials < 1000 and _cost(trials + 1, shares) * first_part / shares[0] <= budget:
        trials += 1
    return trials


def wave_sizes(trials: int) -> list[int]:
    """How many trials are proposed at a time. Later proposals learn from earlier ones; those of a wave can run at the same time.

    The first wave has the strategy's own values and an even number of others, at least two, spread over the range.
    """
    sizes = [min(trials, 1 + 2 * max(1, trials // 4))]
    while (left := trials - sum(sizes)) > 0:
        sizes.append(min(left, max(2, -(-left // 2))))
    return sizes


def _cost(trials: int, shares: Sequence[float]) -> float:
    """What so many trials cost, in full trainings."""
    parts = [share - before for share, before in zip(shares, (0.0, *shares), strict=False)]
    return sum(count * part for count, part in zip(count_survivors(trials, len(shares)), parts, strict=True))
