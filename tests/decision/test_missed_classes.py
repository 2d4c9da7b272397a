"""How often classes are called missed: false alarms over all classes of a task, and misses that are found."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most
from scipy.stats import binom

from harness.decision.missed_classes import find_missed


def largest_missed(examples: int, classes: int, models: int = 1) -> int:
    """The most recognized examples of a class that is called missed, where all others are recognized; −1 if it never is."""
    others = {f"class-{i}": examples for i in range(classes - 1)}
    called = [k for k in range(examples + 1) if find_missed({"rare": k, **others}, {"rare": examples, **others}, models)]
    return max(called, default=-1)


@pytest.mark.parametrize(
    ("recall", "examples", "classes", "rate"),
    [(0.0, 5, 1, 1.0), (0.0, 4, 1, 0.0), (0.0, 5, 2, 0.0), (0.0, 6, 2, 1.0), (0.0, 7, 10, 0.0), (0.0, 8, 10, 1.0), (0.0, 10, 77, 0.0),
     (0.0, 11, 77, 1.0), (0.05, 10, 10, 0.599), (0.05, 20, 77, 0.925), (0.05, 50, 77, 0.962), (0.5, 5, 1, 0.031), (0.3, 20, 2, 0.035),
     (0.3, 50, 2, 0.0007)],
)  # fmt: skip
def test_how_often_a_class_is_called_missed(recall: float, examples: int, classes: int, rate: float) -> None:
    """Exact, over all numbers of recognized examples, in a task whose other classes are recognized."""
    assert binom.cdf(largest_missed(examples, classes), examples, recall) == pytest.approx(rate, abs=0.0006)


@pytest.mark.parametrize(("classes", "models"), [(1, 1), (2, 1), (2, 3), (10, 1), (77, 1), (77, 3)])
def test_false_alarms_over_all_classes_are_as_rare_as_alpha(classes: int, models: int) -> None:
    """Exact, at every number of examples: half of each class is recognized, by each of independent models."""
    for examples in range(5, 60):
        of_one = binom.cdf(largest_missed(examples, classes, models), examples, 0.5)
        assert 1 - (1 - of_one) ** (classes * models) <= 0.05


@pytest.mark.parametrize("classes", [2, 10, 77])
def test_false_alarms_in_simulated_test_sets(classes: int) -> None:
    """Classes of different sizes, half of each recognized. Each judged alone, some would be named in 1.5%, 8% and 46%."""
    rng, times, alarms, alone = np.random.default_rng(classes), 100, 0, 0
    for _ in range(times):
        totals = {f"class-{i}": int(count) for i, count in enumerate(rng.integers(5, 16, classes))}
        recognized = {label: int(rng.binomial(total, 0.5)) for label, total in totals.items()}
        alarms += bool(find_missed(recognized, totals))
        alone += any(find_missed({label: recognized[label]}, {label: totals[label]}) for label in totals)
    assert at_most(0.05, alarms / times, times)
    assert classes < 77 or alone / times > 0.3
