"""Inter-rater agreement equals that of established libraries and of the textbook."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from harness.review.findings.rater_agreement import Level, compute_agreement, compute_alpha

# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C: four observers, twelve units, some values missing.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def counts_of(matrix: list[list[int | None]], values: int) -> np.ndarray:
    return np.array([[sum(own[unit] == v for own in matrix) for v in range(1, values + 1)] for unit in range(len(matrix[0]))], float)


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_alpha_matches_the_textbook_example(level: Level, expected: float) -> None:
    assert compute_alpha(counts_of(OBSERVERS, 5), level) == pytest.approx(expected, abs=0.0005)


@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(1, 4)), min_size=6, max_size=6), min_size=2, max_size=5),
    st.sampled_from(["nominal", "ordinal"]),
)
def test_alpha_matches_the_krippendorff_package(matrix: list[list[int | None]], level: Level) -> None:
    ours = compute_alpha(counts_of(matrix, 4), level)
    data = np.array([[np.nan if v is None else v for v in row] for row in matrix], dtype=float)
    try:
        with np.errstate(invalid="ignore"):
            theirs = krippendorff.alpha(reliability_data=data, level_of_measurement=level, value_domain=[1, 2, 3, 4])
    except ValueError:  # fewer than two values, or no pair
        assert ours is None
        return
    if np.isfinite(theirs):
        assert ours == pytest.approx(theirs, abs=1e-9)
    else:
        assert ours is None


def answers_of(first: list[int], second: list[int]) -> dict[str, dict[str, int]]:
    return {f"u{i}": {"anna": a, "ben": b} for i, (a, b) in enumerate(zip(first, second, strict=True))}


def test_kappas_match_scikit_learn_and_statsmodels() -> None:
    rng = np.random.default_rng(2)
    first = rng.integers(0, 3, 80)
    second = np.where(rng.random(80) < 0.6, first, rng.integers(0, 3, 80))
    answers = answers_of(first.tolist(), second.tolist())
    nominal, ordinal = compute_agreement(answers, 3, "nominal"), compute_agreement(answers, 3, "ordinal")
    assert nominal is not None and ordinal is not None
    assert nominal.cohen["anna", "ben"] == pytest.approx((cohen_kappa_score(first, second), 80))
    assert ordinal.cohen["anna", "ben"] == pytest.approx((cohen_kappa_score(first, second, weights="quadratic"), 80))
    table, _ = aggregate_raters(np.column_stack([first, second]))
    assert nominal.fleiss == pytest.approx(fleiss_kappa(table)) and ordinal.fleiss is None
    assert nominal.low is not None and nominal.alpha is not None and nominal.high is not None
    assert nominal.low < nominal.alpha < nominal.high


def test_agreement_needs_two_raters_and_different_answers() -> None:
    assert compute_agreement({"u": {"anna": 1}}, 3, "nominal") is None
    same = compute_agreement(answers_of([1] * 20, [1] * 20), 3, "nominal")
    assert same is not None and (same.alpha, same.fleiss, same.cohen) == (None, None, {})


def test_guessing_raters_agree_only_by_chance() -> None:
    rng = np.random.default_rng(0)
    agreement = compute_agreement(answers_of(rng.integers(0, 3, 400).tolist(), rng.integers(0, 3, 400).tolist()), 3, "nominal")
    assert agreement is not None and agreement.low is not None and agreement.high is not None
    assert agreement.low < 0 < agreement.high and agreement.high - agreement.low < 0.25
