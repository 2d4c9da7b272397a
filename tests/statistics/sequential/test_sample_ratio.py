"""The repeated test of the share of units: against another implementation, and on made-up faults."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.statistics.sequential import SAMPLE_RATIO_ALPHA, sample_ratio_evidence

WANTED = -math.log(SAMPLE_RATIO_ALPHA)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.5, [0.0, 0.14541819621340846, 1.3219478592434832, 0.5276318984555353, 2.1417405939085796]),
        (0.8, [0.0, 0.0366325407860959, 0.3378105361826993, -0.03709098391335175, -0.0457805015760826]),
    ],
)
def test_the_evidence_is_that_of_another_implementation(share: float, expected: list[float]) -> None:
    """Logarithms of the Bayes factors of `sequential_posteriors` of ssrm_test 0.1.5 (Optimizely), with the same prior, after units
    1, 10, 30, 40 and 60."""
    variants = np.array([1] * 30 + [0] * 10 + [1] * 20, dtype=bool)
    evidence = sample_ratio_evidence(variants, share)
    assert evidence[[0, 9, 29, 39, 59]] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_the_planned_share_is_rarely_called_wrong(share: float) -> None:
    variants = np.random.default_rng(30).random((500, 2000)) < share
    assert (sample_ratio_evidence(variants, share) >= WANTED).any(axis=1).mean() <= SAMPLE_RATIO_ALPHA


def test_lost_units_are_found() -> None:
    """Every tenth unit of the challenger is not logged."""
    variants = np.random.default_rng(31).random((100, 10000)) < 0.45 / 0.95
    assert (sample_ratio_evidence(variants, 0.5) >= WANTED).any(axis=1).mean() >= 0.95


def test_no_units_are_no_evidence() -> None:
    assert len(sample_ratio_evidence(np.zeros(0, dtype=bool), 0.5)) == 0
