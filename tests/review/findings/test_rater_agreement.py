"""Inter-rater agreement equals that of established libraries and of the textbook."""

from __future__ import annotations

import math
from dataclasses import dataclass

import krippendorff
import numpy as np
import pytest
from chance import at_most
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
    for agreement, weights in ((nominal, None), (ordinal, "quadratic")):
        kappa = agreement.cohen["anna", "ben"]
        assert (kappa.value, kappa.n) == (pytest.approx(cohen_kappa_score(first, second, weights=weights)), 80)
        assert kappa.low is not None and kappa.high is not None and kappa.low < kappa.value < kappa.high
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


@dataclass(frozen=True)
class AgreeingRaters:
    """Raters of units with a true answer, or with an underlying quality that each sees with noise.

    Attributes:
        rate: the share of units with an error; None for five answers in order.
        accuracy: the share of errors that a rater sees, or the correlation of a rater's view with that of another.
        per_cluster: units of one example.
    """

    rate: float | None
    accuracy: float
    raters: int = 2
    per_cluster: int = 1

    @property
    def level(self) -> Level:
        return "nominal" if self.rate is not None else "ordinal"

    def draw(self, clusters: int, rng: np.random.Generator) -> tuple[np.ndarray, list[str]]:
        """The answers (units, raters), and the clusters."""
        names = [str(k) for k in range(clusters) for _ in range(self.per_cluster)]
        shape = (len(names), self.raters)
        if self.rate is None:
            shared = np.repeat(rng.normal(size=(clusters, 1)), self.per_cluster, axis=0)
            quality = shared if self.per_cluster == 1 else math.sqrt(0.5) * (shared + rng.normal(size=(len(names), 1)))
            seen = math.sqrt(self.accuracy) * quality + math.sqrt(1 - self.accuracy) * rng.normal(size=shape)
            return np.digitize(seen, [-0.84, -0.25, 0.25, 0.84]), names
        rates = np.full(clusters, self.rate) if self.per_cluster == 1 else rng.beta(2 * self.rate, 2 - 2 * self.rate, size=clusters)
        has_error = rng.random(len(names)) < np.repeat(rates, self.per_cluster)
        false_alarms = (1 - self.accuracy) * self.rate / (1 - self.rate)  # so that raters report as many errors as there are
        return (rng.random(shape) < np.where(has_error, self.accuracy, false_alarms)[:, None]).astype(int), names

    def count(self, answers: np.ndarray) -> np.ndarray:
        """How many raters gave each answer, (units, answers)."""
        counts = np.zeros((len(answers), 2 if self.rate is not None else 5))
        np.add.at(counts, (np.repeat(np.arange(len(answers)), self.raters), answers.ravel()), 1.0)
        return counts


def count_held(raters: AgreeingRaters, clusters: int, times: int, seed: int) -> tuple[int, int, int, int]:
    """The intervals of α that held, all of them, and the same of Cohen's κ of the first two raters."""
    rng = np.random.default_rng(seed)
    many, _ = raters.draw(100_000, rng)
    true_alpha = compute_alpha(raters.count(many), raters.level)
    weights = "quadratic" if raters.level == "ordinal" else None
    true_kappa = cohen_kappa_score(many[:, 0], many[:, 1], weights=weights)
    assert true_alpha is not None
    held = defined = held_kappa = defined_kappa = 0
    for number in range(times):
        answers, names = raters.draw(clusters, rng)
        units = {f"u{k}": {f"r{j}": int(answer) for j, answer in enumerate(own)} for k, own in enumerate(answers)}
        count = 2 if raters.rate is not None else 5
        by_unit = {f"u{k}": name for k, name in enumerate(names)}
        agreement = compute_agreement(units, count, raters.level, clusters=by_unit, seed=number)
        assert agreement is not None
        if agreement.low is not None and agreement.high is not None:
            held, defined = held + (agreement.low <= true_alpha <= agreement.high), defined + 1
        kappa = agreement.cohen.get(("r0", "r1"))
        if kappa is not None and kappa.low is not None and kappa.high is not None:
            held_kappa, defined_kappa = held_kappa + (kappa.low <= true_kappa <= kappa.high), defined_kappa + 1
    return held, defined, held_kappa, defined_kappa


SETTINGS = {
    "3% of units": AgreeingRaters(0.03, 0.8),
    "10% of units": AgreeingRaters(0.1, 0.8),
    "10% of units, poor agreement": AgreeingRaters(0.1, 0.5),
    "30% of units": AgreeingRaters(0.3, 0.8),
    "30% of units, high agreement": AgreeingRaters(0.3, 0.95),
    "10% of units, three raters": AgreeingRaters(0.1, 0.8, raters=3),
    "20% of units, two of each example": AgreeingRaters(0.2, 0.8, per_cluster=2),
    "five answers": AgreeingRaters(None, 0.8),
    "five answers, three raters": AgreeingRaters(None, 0.5, raters=3),
    "five answers, two of each example": AgreeingRaters(None, 0.8, per_cluster=2),
}


@pytest.mark.parametrize("name", ["10% of units", "five answers"])
def test_intervals_hold_from_twenty_units_on(name: str) -> None:
    times = 60
    held, defined, held_kappa, defined_kappa = count_held(SETTINGS[name], 20, times, seed=3)
    assert at_most(0.07, 1 - held / defined, defined) and at_most(0.07, 1 - held_kappa / defined_kappa, defined_kappa)


@pytest.mark.soak
@pytest.mark.parametrize("units", [20, 30, 50])
@pytest.mark.parametrize("name", SETTINGS)
def test_intervals_hold_for_rare_and_for_ordered_answers(name: str, units: int) -> None:
    held, defined, held_kappa, defined_kappa = count_held(SETTINGS[name], units, 1_000, seed=4)
    print(f"{name}, {units} units: α {held / defined:.3f} of {defined}, κ {held_kappa / defined_kappa:.3f} of {defined_kappa}")
    assert at_most(0.07, 1 - held / defined, defined) and at_most(0.07, 1 - held_kappa / defined_kappa, defined_kappa)


def test_fewer_than_twenty_units_are_marked() -> None:
    few, enough = (compute_agreement(answers_of([0, 1] * n, [0, 1] * n), 2, "nominal") for n in (9, 10))
    assert few is not None and enough is not None and not few.reliable and enough.reliable
    assert enough.alpha == 1 and enough.high == pytest.approx(1) and enough.low is not None and enough.low < 0.9
