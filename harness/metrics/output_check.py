"""Checks what the metrics of plug-ins return, so that a wrong value is an error that names the metric and the example."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real

from harness.errors import BenchError, first_line
from harness.types import Example, Metric, Prediction, Statistic


def with_checked_output(metric: Metric, family: str) -> Metric:
    """The metric with a check of what `per_example` returns.

    Without it, NaN would pass for an example that has no score, and the cell for one that is done.
    """
    name = f"the metric '{metric.name}'" + (f" of '{family}'" if family != metric.name else "")

    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        try:
            statistic = metric.per_example(example, prediction)
        except Exception as error:  # third-party code can fail in any way
            raise BenchError(f"{name} failed on the example '{example.id}': {type(error).__name__}: {first_line(error)}") from error
        if statistic is not None and not _is_valid(statistic):
            value = statistic[0] if isinstance(statistic, tuple) and len(statistic) == 1 else statistic
            rule = "A score must be a finite number, or None where it does not apply."
            raise BenchError(f"{name} returned {value!r} for the example '{example.id}'. {rule}")
        return statistic

    return replace(metric, per_example=per_example)


def _is_valid(statistic: object) -> bool:
    return isinstance(statistic, tuple) and bool(statistic) and all(isinstance(x, Real) and math.isfinite(x) for x in statistic)
