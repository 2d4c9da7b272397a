"""Checks what the metrics of plug-ins return, so that a wrong value is an error that names the metric and the example."""

from __future__ import annotations

import math
import reprlib
from dataclasses import replace
from numbers import Real

from harness.errors import BenchError, first_line
from harness.plugins import locate_function, locate_in_plugin
from harness.types import Example, Metric, Prediction, Statistic


def with_checked_output(metric: Metric, family: str) -> Metric:
    """The metric with a check of what `per_example` returns.

    Without it, NaN would pass for an example that has no score, and the cell for one that is done.
    """
    name = f"the metric '{metric.name}'" + (f" of '{family}'" if family != metric.name else "")
    compute = metric.per_example

    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        try:
            statistic = compute(example, prediction)
        except Exception as error:  # third-party code can fail in any way
            place = _prefix(locate_in_plugin(error, compute))
            problem = f"{type(error).__name__}: {first_line(error)}"
            raise BenchError(f"{place}{name} failed on the example '{example.id}': {problem}") from error
        if statistic is not None and not _is_valid(statistic, metric.level):
            value = statistic[0] if isinstance(statistic, tuple) and len(statistic) == 1 else statistic
            rule = "A score must be a finite number, or None where it does not apply."
            place = _prefix(locate_function(compute))
            raise BenchError(f"{place}{name} returned {reprlib.repr(value)} for the example '{example.id}'. {rule}")
        return statistic

    return replace(metric, per_example=per_example)


def _prefix(place: str) -> str:
    return f"{place}: " if place else ""


def _is_valid(statistic: object, level: str) -> bool:
    if level == "example" and isinstance(statistic, tuple) and len(statistic) != 1:
        return False
    return isinstance(statistic, tuple) and bool(statistic) and all(isinstance(x, Real) and math.isfinite(x) for x in statistic)
