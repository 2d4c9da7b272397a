"""The metrics of plug-ins, so that whatever they give instead of a number is an error that names them and the row."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Real

from harness.errors import BenchError, first_line
from harness.types import Example, Metric, Prediction, Statistic


def guarded(metric: Metric, family: str) -> Metric:
    """The metric with a check behind `per_example`: a NaN would pass for a row without a score, and its cell for one that is done."""
    who = f"the metric '{metric.name}'" + (f" of '{family}'" if family != metric.name else "")

    def per_example(example: Example, prediction: Prediction) -> Statistic | None:
        try:
            row = metric.per_example(example, prediction)
        except Exception as error:  # it is anybody's code, and may fail in any way
            raise BenchError(f"{who} failed on the row '{example.id}': {type(error).__name__}: {first_line(error)}") from error
        if row is not None and not (isinstance(row, tuple) and row and all(isinstance(x, Real) and math.isfinite(x) for x in row)):
            given = row[0] if isinstance(row, tuple) and len(row) == 1 else row
            raise BenchError(
                f"{who} gives {given!r} for the row '{example.id}': a score is a finite number, or None where the question does not arise"
            )
        return row

    return replace(metric, per_example=per_example)
