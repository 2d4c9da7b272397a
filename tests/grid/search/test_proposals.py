"""Which values are tried: the strategy's own first, then spread over the range, then near the best."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from harness.grid.search import Dimension, propose, wave_sizes

RATE = Dimension("learning_rate", 5e-4, 5e-5, 5e-3, is_log=True)
RANK = Dimension("r", 16, values=(4, 8, 16, 64))
KIND = Dimension("schedule", "cosine", values=("cosine", "linear", "constant"))

Tried = list[tuple[dict[str, Any], float]]


def search(space: tuple[Dimension, ...], loss: Callable[[dict[str, Any]], float], trials: int, seed: int = 0) -> Tried:
    """All proposals of a search with their losses."""
    tried: Tried = []
    for size in wave_sizes(trials):
        tried += [(values, loss(values)) for values in propose(space, tried, size, seed=seed + len(tried))]
    return tried


def bowl(best: float) -> Callable[[dict[str, Any]], float]:
    return lambda values: math.log10(values["learning_rate"] / best) ** 2


def test_the_own_values_come_first_and_the_next_two_surround_them() -> None:
    own, low, high = propose((RATE,), [], 3, seed=0)
    assert own == {"learning_rate": 5e-4}
    assert RATE.low < low["learning_rate"] < 5e-4 < high["learning_rate"] < RATE.high  # type: ignore[operator]


@pytest.mark.parametrize("best", [7e-5, 2e-4, 1e-3, 4e-3])
def test_six_trials_come_closer_to_the_best_rate_than_a_hand_sweep_of_seven_spreads(best: float) -> None:
    """Seven rates over the range are a factor of 10^(1/3) apart, so the best of them is within a factor of 10^(1/6) = 1.47."""
    tried = search((RATE,), bowl(best), 6)
    nearest = min(abs(math.log10(values["learning_rate"] / best)) for values, _ in tried)
    assert nearest < 1 / 6


def test_the_same_measurements_lead_to_the_same_proposals_and_a_seed_to_others() -> None:
    one, same, other = (search((RATE, RANK), bowl(1e-3), 8, seed) for seed in (3, 3, 4))
    assert one == same != other


def test_no_value_is_proposed_twice_and_a_small_space_ends() -> None:
    tried = search((RANK, KIND), lambda values: values["r"] / 64, 40)
    seen = [values for values, _ in tried]
    assert len(seen) == 12, "four ranks with three schedules"
    assert all(values not in seen[:i] for i, values in enumerate(seen))


def test_trials_that_diverged_push_later_ones_away() -> None:
    tried = search((RATE,), lambda values: math.inf if values["learning_rate"] > 1e-3 else bowl(3e-4)(values), 8)
    assert sum(math.isinf(loss) for _, loss in tried) <= 3
    assert min(tried, key=lambda trial: trial[1])[0]["learning_rate"] == pytest.approx(3e-4, rel=0.3)


def test_all_trials_may_have_diverged() -> None:
    assert len(search((RATE,), lambda _: math.inf, 6)) == 6


def test_the_own_value_may_be_outside_the_range() -> None:
    narrow = Dimension("learning_rate", 1e-2, 1e-5, 1e-4, is_log=True)
    own, *others = [values["learning_rate"] for values, _ in search((narrow,), bowl(3e-5), 6)]
    assert own == 1e-2 and all(1e-5 <= rate <= 1e-4 for rate in others)


def test_several_fields_are_searched_together() -> None:
    def loss(values: dict[str, Any]) -> float:
        return bowl(1e-3)(values) + (0.0 if values["r"] == 8 else 0.5) + (0.0 if values["schedule"] == "linear" else 0.3)

    best, _ = min(search((RATE, RANK, KIND), loss, 24), key=lambda trial: trial[1])
    assert (best["r"], best["schedule"]) == (8, "linear") and best["learning_rate"] == pytest.approx(1e-3, rel=0.6)
