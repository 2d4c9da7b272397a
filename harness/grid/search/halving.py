"""Successive halving: all trials of a strategy are trained in parts, and after each part only the best third continues.

Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", AISTATS 2016; by thirds as in Li et al.,
"Hyperband", JMLR 2018. The learning rate follows the schedule of the whole training in every part, so that a trial that comes to the end
was trained as its cell of the grid will be. Before an early part is measured, a copy of it takes further steps in which the rate falls to
0. Few of them are not enough: full fine-tuning of SmolLM2 on BANKING77 was better at 3.2e-4 than at 7e-4 after a quarter of its steps and
15% more, but worse after 40% more and at its end. They cost so much that there is a single early part.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.types import CONTINUED, MOST_TRIALS, discarded_steps

# The share of a training that is completed after each of its parts.
SHARES = (0.3, 1.0)


def count_survivors(trials: int, rungs: int = len(SHARES)) -> list[int]:
    """How many of so many trials are trained in each part: all, then a third of those before, rounded up."""
    counts = [trials]
    for _ in range(rungs - 1):
        counts.append(-(-counts[-1] // CONTINUED))
    return counts


def afford_trials(budget: float, first_part: float, shares: Sequence[float] = SHARES) -> int:
    """How many trials a budget pays for, if the first part of each costs as much as that of the first trial; 0: not even one.

    Args:
        budget, first_part: seconds, or money.
    """
    trials = 0
    while trials < MOST_TRIALS and estimate_cost(trials + 1, first_part, shares) <= budget:
        trials += 1
    return trials


def estimate_cost(trials: int, first_part: float, shares: Sequence[float] = SHARES) -> float:
    """What so many trials cost, in the unit of `first_part`, the cost of the first part of one."""
    return first_part * cost_of_trials(trials, shares) / _part_costs(shares)[0]


def wave_sizes(trials: int) -> list[int]:
    """How many trials are proposed at a time. Later proposals learn from earlier ones; those of a wave can run at the same time.

    The first wave has the strategy's own values and an even number of others, at least two, spread over the range; each of the others
    has half of what is left.
    """
    sizes = [min(trials, 1 + 2 * max(1, trials // 4))]
    while (left := trials - sum(sizes)) > 0:
        sizes.append(-(-left // 2))
    return sizes


def most_states(trials: int, parts: int = len(SHARES)) -> int:
    """How many trials have a stored state at the same time: those of the current wave, and the better ones of those before."""
    kept = most = 0
    for wave in wave_sizes(trials) if parts > 1 else ():
        most = max(most, kept + wave)
        kept = min(kept + wave, count_survivors(trials)[1])
    return most


def cost_of_trials(trials: int, shares: Sequence[float] = SHARES) -> float:
    """What so many trials cost, in full trainings."""
    return sum(count * part for count, part in zip(count_survivors(trials, len(shares)), _part_costs(shares), strict=True))


def _part_costs(shares: Sequence[float]) -> list[float]:
    """What each part of a trial costs, in full trainings: its own steps, and those of the cooldown unless the training ends with it."""
    begins = (0.0, *shares)
    return [share - begin + discarded_steps(share) for begin, share in zip(begins, shares, strict=False)]
