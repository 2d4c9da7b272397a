"""Resampled totals are sums of drawn examples, whatever representation makes them fast."""

from __future__ import annotations

import numpy as np
import pytest

from harness.statistics.examples import resampled_totals, resampling


@pytest.mark.parametrize(("width", "filled"), [(1, 1.0), (40, 1.0), (40, 0.02)])
@pytest.mark.parametrize("cluster", [None, np.arange(60) // 7])
def test_totals_are_sums_of_the_drawn_examples(width: int, filled: float, cluster: np.ndarray | None) -> None:
    rng = np.random.default_rng(0)
    stats = np.where(rng.random((60, width)) < filled, rng.random((60, width)), 0.0)
    totals, numbers = resampled_totals(stats, cluster, 50, seed=3)
    with_count, same = resampled_totals(np.column_stack([stats, np.ones(60)]), cluster, 50, seed=3)
    assert with_count[:, -1] == pytest.approx(numbers)  # a statistic of 1 per example counts the examples
    assert same == pytest.approx(numbers)
    assert totals == pytest.approx(with_count[:, :-1])
    assert totals.mean(axis=0) == pytest.approx(stats.sum(axis=0), rel=0.35, abs=0.6)
    assert cluster is not None or set(numbers) == {60.0}


def test_draws_that_are_not_cached_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = np.random.default_rng(1).random((80, 3))
    kept, _ = resampled_totals(stats, None, 40, seed=5)
    monkeypatch.setattr(resampling, "_MOST_CACHED_DRAWS", 0)
    made, _ = resampled_totals(stats, None, 40, seed=5)
    assert np.array_equal(kept, made)
