"""Every answer to "is B better than A?" points in one direction: interval, p-value, verdict, "not worse", recommendation, gate rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import Metric, metrics_for
from harness.statistics import (
    check_above,
    compare_scores,
    difference_claim_limits,
    not_worse,
    orient,
    recommend,
    score_claim_limits,
)

CLASSIFICATION = {m.name: m for m in metrics_for(["classification"], "abc")}
PROBABILITIES = {m.name: m for m in metrics_for(["probabilities"], "ab")}
ERRORS = {m.name: m for m in metrics_for(["facts"], [])}["critical_error_rate"]
ROUGE = metrics_for(["rouge"], [])[2]


def right_or_wrong(rng: np.random.Generator, n: int, skill: float) -> np.ndarray:
    return (rng.random(n) < skill).astype(float)


def overlap(rng: np.random.Generator, n: int, skill: float) -> np.ndarray:
    return rng.beta(4 * skill + 0.2, 2, n) * (rng.random(n) > 0.03)


def loss(rng: np.random.Generator, n: int, skill: float) -> np.ndarray:
    return rng.exponential(1.5 - skill, n)


def labels(rng: np.random.Generator, n: int, skill: float) -> np.ndarray:
    eye = np.eye(3)
    gold = np.random.default_rng(1).choice(3, n, p=[0.6, 0.3, 0.1])
    answer = np.where(rng.random(n) < skill, gold, rng.integers(3, size=n))
    return np.hstack([eye[gold] * (gold == answer)[:, None], eye[answer], eye[gold]])


def ranking(rng: np.random.Generator, n: int, skill: float) -> np.ndarray:
    gold = (np.random.default_rng(1).random(n) < 0.3).astype(int)
    high = 1 / (1 + np.exp(-(rng.normal(0, 1, n) + 3 * (skill - 0.4) * gold)))
    return np.stack([1 - high, high, gold == 0, gold == 1], axis=1).astype(float)


KINDS: dict[str, tuple[Metric, Any]] = {
    "right or wrong": (CLASSIFICATION["accuracy"], right_or_wrong),
    "errors": (ERRORS, right_or_wrong),
    "overlap": (ROUGE, overlap),
    "loss": (PROBABILITIES["log_loss"], loss),
    "macro-F1": (CLASSIFICATION["macro_f1"], labels),
    "MCC": (CLASSIFICATION["mcc"], labels),
    "AUROC": (PROBABILITIES["auroc"], ranking),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(12, 150),
    skills=st.tuples(st.floats(0.4, 0.95), st.floats(0.4, 0.95)),
    margin=st.sampled_from([0.005, 0.02, 0.1]),
    grouped=st.booleans(),
    is_copy=st.booleans(),
)
def test_answers_never_point_in_opposite_directions(
    kind: str, seed: int, n: int, skills: tuple[float, float], margin: float, grouped: bool, is_copy: bool
) -> None:
    metric, draw = KINDS[kind]
    rng = np.random.default_rng(seed)
    a = draw(rng, n, skills[0])
    b = np.where((rng.random(n) < 0.9).reshape(-1, *[1] * (a.ndim - 1)), a, draw(rng, n, skills[1])) if is_copy else draw(rng, n, skills[1])
    stacks = {name: side[:, None, :] if side.ndim == 2 else side[:, None, None] for name, side in (("a", a), ("b", b))}
    groups = [str(i // 3) for i in range(n)] if grouped else [None] * n
    comparison = compare_scores(stacks["a"], stacks["b"], metric=metric, groups=groups, margin=margin, resamples=200)
    limits = difference_claim_limits(stacks["a"], stacks["b"], metric=metric, groups=groups, alpha=0.05, resamples=200)
    oriented = orient(limits, higher_is_better=metric.direction == "higher")
    assert comparison.limits == limits
    if comparison.difference is None or oriented.low is None or oriented.high is None:
        assert comparison.verdict in ("undecided", "tied")
        return
    assert oriented.estimate is not None and oriented.low <= oriented.estimate <= oriented.high
    sign = 1 if metric.direction == "higher" else -1
    ends = sorted(sign * end for end in (comparison.low, comparison.high) if end is not None)
    claim = not_worse(stacks["a"], stacks["b"], metric=metric, margin=margin, groups=groups, resamples=200)
    rule, better = check_above(oriented, -margin), check_above(oriented, 0.0)

    # A verdict is never stronger than the interval, the p-value or the limits beside it.
    if comparison.verdict in ("better", "worse"):
        assert comparison.p_value is not None and comparison.p_value < 0.05
        assert ends[0] > 0 and oriented.low > 0 if comparison.verdict == "better" else ends[1] < 0 and oriented.high < 0
    if comparison.equivalent:
        assert ends[0] > -margin and ends[1] < margin and oriented.low > -margin and oriented.high < margin
    assert not (comparison.is_held_back and comparison.verdict in ("better", "worse"))

    # "Not worse" and the gate's rules say the same, and never the opposite of the verdict.
    assert claim.outcome == rule.outcome or (claim.outcome, rule.outcome) == ("INCONCLUSIVE", "FAIL")
    if comparison.verdict == "better":
        assert claim.outcome != "FAIL" and rule.status in ("shown", "unreliable") and better.status in ("shown", "unreliable")
    if comparison.verdict == "worse":
        assert better.status == "refuted"
    if claim.outcome == "FAIL":
        assert comparison.verdict == "worse" and ends[1] < 0
    if claim.outcome == "PASS":
        assert ends[1] > -margin, "the interval does not lie below the margin"

    # The recommendation is read from the same limits.
    chosen = recommend(stacks, {"a": 2.0, "b": 1.0}, metric=metric, margin=margin, groups=groups, resamples=200)
    assert chosen is not None
    if chosen.choice == "b":
        assert rule.status in ("shown", "unreliable") and claim.outcome != "FAIL"
    if rule.status == "refuted":
        assert chosen.choice != "b"
    if comparison.verdict == "better":
        assert chosen.choice == "b" and chosen.candidate("b").standing == "within"

    # A score is inside its own limits, and a floor at its lower limit is just not shown.
    alone = score_claim_limits(stacks["b"], metric=metric, groups=groups, alpha=0.05, resamples=200)
    if alone.low is not None and alone.high is not None and alone.estimate is not None:
        assert alone.low <= alone.estimate + 1e-12 and alone.estimate <= alone.high + 1e-12
        assert check_above(alone, alone.low).status == "undecided"
