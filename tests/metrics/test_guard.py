"""What a plug-in's metric gives instead of a number is an error that names the metric and the row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.errors import BenchError
from harness.metrics import example_metric
from harness.metrics.guard import guarded
from harness.types import Example, Prediction

EXAMPLE, PREDICTION = Example("r7", {"input": "a"}, ("x",)), Prediction("r7", "y")


def row_of(score: Callable[[], Any], family: str = "shouting") -> Any:
    metric = guarded(example_metric("shouted", "higher", "fraction", lambda _e, _p: score(), "case"), family)
    return metric.per_example(EXAMPLE, PREDICTION)


@pytest.mark.parametrize("score", [0.5, 1, True, np.float64(0.25), np.float32(0.5)])
def test_numbers_are_taken_as_they_are(score: float) -> None:
    assert row_of(lambda: score) == (score,)


def test_none_says_that_the_question_does_not_arise() -> None:
    assert row_of(lambda: None) is None


@pytest.mark.parametrize(("score", "seen"), [(float("nan"), "nan"), (float("-inf"), "-inf"), ("loud", "'loud'"), ([1], "[1]")])
def test_anything_else_is_an_error(score: Any, seen: str) -> None:
    with pytest.raises(BenchError, match="a finite number, or None where the question does not arise") as caught:
        row_of(lambda: score)
    assert str(caught.value).startswith(f"the metric 'shouted' of 'shouting' gives {seen} for the row 'r7': ")


def test_an_exception_names_metric_and_row_as_well() -> None:
    with pytest.raises(BenchError) as caught:
        row_of(lambda: 1 / 0, family="shouted")
    assert str(caught.value) == "the metric 'shouted' failed on the row 'r7': ZeroDivisionError: division by zero"
