"""How often raters see errors in the outputs of each strategy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.metrics import example_metric
from harness.review.findings.changes import compute_change
from harness.review.findings.combination import ScoreCombiner
from harness.review.findings.findings import ErrorRate
from harness.review.packets import SEVERITIES
from harness.review.ratings import UnblindedRatings
from harness.statistics import Reduction, relative_reduction

_CRITICAL = example_metric("critical_error_rate", "lower", "fraction", lambda example, prediction: None, "people")
_HALF = 0.5  # share of an example's raters from which an error counts


def compute_error_rates(ratings: UnblindedRatings, combiner: ScoreCombiner | None = None) -> tuple[ErrorRate, ...]:
    """The error rates of every strategy.

    Args:
        combiner: joins the rates of any error with automatic scores; None for the ratings alone. Those of critical errors stand alone.
    """
    critical = {name: flag_errors(ratings, name, "critical") for name in ratings.strategies}
    rates = []
    for name in ratings.strategies:
        baseline = ratings.baseline if name != ratings.baseline else None
        flagged = flag_errors(ratings, name, "minor")
        any_error = ratings.estimate_mean(flagged, exact=True)
        rates.append(
            ErrorRate(
                strategy=name,
                critical=ratings.estimate_mean(critical[name], exact=True),
                any_error=any_error,
                kinds=_compute_kinds(ratings, name),
                change=compute_change(ratings, critical[baseline], critical[name], _CRITICAL) if baseline else None,
                reduction=_compute_reduction(ratings, critical[baseline], critical[name]) if baseline else None,
                any_combined=combiner.combine(flagged, any_error, strategy=name, exact=True) if combiner else None,
            )
        )
    return tuple(rates)


def flag_errors(ratings: UnblindedRatings, strategy: str, severity: str) -> dict[str, float]:
    """1 for each rated example on which at least half of the raters see an error of at least this severity, otherwise 0."""
    least = SEVERITIES.index(severity)
    shares = ratings.average_by_example(
        ratings.select(strategy), lambda rating: float(SEVERITIES.index(rating.answers["severity"]) >= least)
    )
    return {example: float(share >= _HALF) for example, share in shares.items()}


def _compute_kinds(ratings: UnblindedRatings, strategy: str) -> dict[str, float]:
    rates = {kind: ratings.estimate_mean(_flag_kind(ratings, strategy, kind)).value for kind in ratings.packet.questions.errors}
    return {kind: rate for kind, rate in rates.items() if rate}


def _flag_kind(ratings: UnblindedRatings, strategy: str, kind: str) -> dict[str, float]:
    """1 for each rated example on which at least half of the raters mark this kind of error, otherwise 0."""
    shares = ratings.average_by_example(ratings.select(strategy), lambda rating: float(kind in rating.kinds))
    return {example: float(share >= _HALF) for example, share in shares.items()}


def _compute_reduction(ratings: UnblindedRatings, baseline: Mapping[str, float], candidate: Mapping[str, float]) -> Reduction | None:
    """The relative reduction of critical errors on the examples that both have; None with unequal inclusion probabilities, because
    the ratio is not weighted."""
    examples = [example for example in candidate if example in baseline]
    if not examples or ratings.has_unequal_probabilities(examples):
        return None
    before, _, groups = ratings.to_arrays({example: baseline[example] for example in examples})
    return relative_reduction(before, np.array([candidate[example] for example in examples]), metric=_CRITICAL, groups=groups)
