"""Several claims on the same examples."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from chance import at_most, enough

from harness.metrics import metrics_for
from harness.statistics import check_above, difference_claim_limits, holm_adjust, holm_rejections
from harness.statistics.intervals import mean_error, mean_limits

ACCURACY = {m.name: m for m in metrics_for(["classification"], "ab")}["accuracy"]


def test_adjusted_p_values_are_those_of_statsmodels() -> None:
    """The values are those of statsmodels: multipletests(method="holm")."""
    assert holm_adjust([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm_adjust([0.5, None, 0.6]) == [1.0, None, 1.0]
    assert holm_adjust([]) == []


@pytest.mark.parametrize("seed", range(20))
def test_rejections_are_those_of_the_adjusted_p_values(seed: int) -> None:
    p_values = np.random.default_rng(seed).beta(0.3, 3, 6).tolist()
    rejected = holm_rejections([lambda level, p=p: p <= level for p in p_values], 0.05)  # type: ignore[misc]
    assert rejected == tuple(adjusted is not None and adjusted <= 0.05 for adjusted in holm_adjust(p_values))


def test_three_rules_at_their_border_rarely_fail() -> None:
    """Each is refuted on its own in 5% of samples, and any of the three in 12%; with Holm, in at most 5%."""
    rng, times, alone, together = np.random.default_rng(1), 2000, 0, 0
    for _ in range(times):
        samples = rng.normal(0, 1, (3, 100))
        errors = [(float(values.mean()), mean_error(values)) for values in samples]

        def is_refuted(level: float, mean: float, error: object) -> bool:
            return mean_limits(mean, error, level)[1] < 0  # type: ignore[arg-type]

        claims = [lambda level, m=m, e=e: is_refuted(level, m, e) for m, e in errors]  # type: ignore[misc]
        alone += any(claim(0.05) for claim in claims)
        together += any(holm_rejections(claims, 0.05))
    assert alone / times > 0.11
    assert at_most(0.05, together / times, times)


@pytest.mark.soak
def test_guesses_are_rarely_shown_to_beat_the_trivial_baseline() -> None:
    """Six models that guess between two equally frequent labels are no better than one answer to everything."""
    rng, times, passed = np.random.default_rng(4), enough(0.05), 0
    for _ in range(times):
        labels = rng.random(60) < 0.5
        trivial = labels.astype(float)
        models = ((rng.random((6, 60)) < 0.5) == labels).astype(float)

        def is_better(level: float, model: np.ndarray, trivial: np.ndarray = trivial) -> bool:
            limits = difference_claim_limits(trivial, model, metric=ACCURACY, groups=[None] * 60, alpha=level)
            return limits.low is not None and limits.low > 0

        passed += any(holm_rejections([partial(is_better, model=model) for model in models], 0.05))
    assert at_most(0.05, passed / times, times)


def test_a_claim_at_a_stricter_level_is_never_easier() -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.random((2, 80, 1, 1)) < 0.7).astype(float)

    def is_refuted(level: float) -> bool:
        return check_above(difference_claim_limits(a, b, metric=ACCURACY, groups=[None] * 80, alpha=level), 0.3).status == "refuted"

    refuted = [is_refuted(level) for level in (0.001, 0.01, 0.05, 0.2)]
    assert refuted == sorted(refuted)
