"""By how much the learning rate that a sweep chooses is worse than the best of its rates, because it trains once with each.

python -m tests.benchmarks.sweep_choice 2.162,1.718,1.324,0.800,0.448,0.328,0.298 --spread 0.025

The losses are taken for the means of their rates. The sweep is repeated with losses that are normal around them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np

REPEATS = 100_000


def expected_excess(losses: Sequence[float], spread: float, seed: int = 0) -> float:
    """The mean difference of the chosen rate's mean to the smallest one, in the unit of the losses.

    Args:
        losses: the mean of each rate.
        spread: the standard deviation of a loss from seed to seed.
    """
    means = np.asarray(losses)
    drawn = means + np.random.default_rng(seed).normal(0.0, spread, (REPEATS, len(means)))
    return float((means[drawn.argmin(axis=1)] - means.min()).mean())


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("losses", help="of the rates of a sweep, separated by commas")
    p.add_argument("--spread", type=float, required=True, help="the standard deviation from seed to seed")
    a = p.parse_args()
    losses = [float(each) for each in a.losses.split(",")]
    excess = expected_excess(losses, a.spread)
    print(f"{excess:.4f}, {excess / min(losses):.1%} of the smallest loss")


if __name__ == "__main__":
    main()
