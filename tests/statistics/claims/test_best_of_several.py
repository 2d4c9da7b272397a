"""The best of several strategies against a baseline."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most, enough

from harness.metrics import metrics_for
from harness.statistics import compare_best, compare_scores

LOSS = {m.name: m for m in metrics_for(["probabilities"], "ab")}["log_loss"]
WORDS = metrics_for(["length"], [])[0]


def equal_strategies(rng: np.random.Generator, k: int, n: int = 60) -> dict[str, np.ndarray]:
    return {"base": rng.normal(0, 1, n)} | {f"s{i}": rng.normal(0, 1, n) for i in range(k)}


def share_called_better(k: int, times: int) -> tuple[float, float]:
    """How often the best of k strategies is called better than a baseline that equals all of them: as a single pair, and corrected."""
    rng, alone, corrected = np.random.default_rng(0), 0, 0
    for _ in range(times):
        stacks = equal_strategies(rng, k)
        best = min((name for name in stacks if name != "base"), key=lambda name: stacks[name].mean())
        alone += compare_scores(stacks["base"], stacks[best], metric=LOSS, margin=None).verdict == "better"
        result = compare_best(stacks, baseline="base", metric=LOSS, margin=None, groups=[None] * 60, resamples=300)
        corrected += result is not None and result.verdict == "better"
    return alone / times, corrected / times


def test_the_best_of_six_is_rarely_called_better_by_chance() -> None:
    alone, corrected = share_called_better(6, 400)
    assert alone > 0.05, "without a correction, where one comparison errs in 2.5%"
    assert at_most(0.025, corrected, 400)


@pytest.mark.soak
@pytest.mark.parametrize("k", [2, 3, 6])
def test_the_best_of_several_in_a_long_simulation(k: int) -> None:
    times = enough(0.025)
    assert at_most(0.025, share_called_better(k, times)[1], times)


def test_a_single_strategy_is_compared_as_ever() -> None:
    stacks = equal_strategies(np.random.default_rng(1), 1)
    result = compare_best(stacks, baseline="base", metric=LOSS, margin=0.1, groups=[None] * 60)
    alone = compare_scores(stacks["base"], stacks["s0"], metric=LOSS, margin=0.1)
    assert result is not None and (result.low, result.high, result.verdict) == pytest.approx((alone.low, alone.high, alone.verdict))


def test_the_best_is_that_of_the_score_and_needs_two_examples() -> None:
    rng = np.random.default_rng(2)
    stacks = {"base": rng.normal(0, 1, 50), "far": rng.normal(5, 1, 50), "near": rng.normal(-5, 1, 50)}
    for metric, sign in ((LOSS, -1), (WORDS, 1)):
        result = compare_best(stacks, baseline="base", metric=metric, margin=None, groups=[None] * 50)
        assert result is not None and result.difference is not None and sign * result.difference > 3
        assert result.method.endswith("n=50") and result.low < result.difference < result.high  # type: ignore[operator]
    assert compare_best({n: v[:1] for n, v in stacks.items()}, baseline="base", metric=LOSS, margin=None, groups=[None]) is None
