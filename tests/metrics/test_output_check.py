"""A plug-in's metric that returns no valid number is an error that names the metric and the example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.errors import BenchError
from harness.metrics import example_metric
from harness.metrics.output_check import with_checked_output
from harness.types import Example, Prediction

EXAMPLE, PREDICTION = Example("r7", {"input": "a"}, ("x",)), Prediction("r7", "y")


def compute(score: Callable[[], Any], family: str = "shouting") -> Any:
    metric = with_checked_output(example_metric("shouted", "higher", "fraction", lambda _e, _p: score(), "case"), family)
    return metric.per_example(EXAMPLE, PREDICTION)


@pytest.mark.parametrize("score", [0.5, 1, True, np.float64(0.25), np.float32(0.5)])
def test_numbers_are_returned_unchanged(score: float) -> None:
    assert compute(lambda: score) == (score,)


def test_none_means_that_the_score_does_not_apply() -> None:
    assert compute(lambda: None) is None


@pytest.mark.parametrize(("score", "seen"), [(float("nan"), "nan"), (float("-inf"), "-inf"), ("loud", "'loud'"), ([1], "[1]")])
def test_other_values_are_errors(score: Any, seen: str) -> None:
    with pytest.raises(BenchError, match="a finite number, or None where it does not apply") as caught:
        compute(lambda: score)
    assert str(caught.value).startswith(f"the metric 'shouted' of 'shouting' returned {seen} for the example 'r7'. ")


def test_exception_names_metric_and_example() -> None:
    with pytest.raises(BenchError) as caught:
        compute(lambda: 1 / 0, family="shouted")
    assert str(caught.value) == "the metric 'shouted' failed on the example 'r7': ZeroDivisionError: division by zero"
