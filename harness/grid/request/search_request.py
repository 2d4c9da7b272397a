"""The search that a request asks for, from what users write: a number of trials, "2h", "10usd", or the fields of `search` in a grid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from harness.errors import BenchError, setting
from harness.types import SearchSpec
from harness.validation import describe_problem, field_path

_BUDGET = re.compile(r"(?P<amount>\d{1,9}(\.\d{1,9})?)\s*(?P<unit>|trials?|h|hours?|min|minutes?|usd)", re.IGNORECASE)


def read_search(value: object, *, budget: object = None) -> SearchSpec | None:
    """The search that a value describes; None for None and False.

    Args:
        value: True for the default, a budget, the fields of a `SearchSpec`, or one.
        budget: replaces the budget of `value`; True keeps it.

    Raises:
        BenchError: the value is something else, or a field of it is invalid.
    """
    spec = _read(value)
    if budget is None or budget is False or (budget is True and spec is not None):
        return spec
    fields = spec.model_dump(exclude={"trials", "hours", "price"}) if spec is not None else {}
    return _validate(fields | _read_budget(budget))


def _read(value: object) -> SearchSpec | None:
    if value is None or value is False:
        return None
    if isinstance(value, SearchSpec):
        return value
    return _validate(value if isinstance(value, Mapping) else _read_budget(value))


def _read_budget(value: object) -> dict[str, float]:
    """The budget as a field of a `SearchSpec`; empty for the default."""
    if value is True:
        return {}
    match = _BUDGET.fullmatch(str(value).strip()) if isinstance(value, str | int) else None
    if match is None:
        problem = "is not a budget. Write a number of trials for each strategy, such as 12, or 2h, 30min or 10usd"
        raise BenchError(f"{setting('search', str(value))}: {problem}")
    amount, unit = float(match["amount"]), match["unit"].lower()
    if unit == "usd":
        return {"price": amount}
    if unit.startswith("h"):
        return {"hours": amount}
    if unit.startswith("min"):
        return {"hours": amount / 60}
    if amount != int(amount):
        raise BenchError(f"{setting('search', str(value))}: a number of trials is whole")
    return {"trials": int(amount)}


def _validate(fields: Mapping[str, Any]) -> SearchSpec:
    try:
        return SearchSpec.model_validate(fields)
    except ValidationError as error:
        raise BenchError(_describe(error.errors()[0])) from None


def _describe(problem: Any) -> str:
    loc = problem["loc"]
    steps = loc[:2] + loc[3:] if loc[:1] == ("fields",) else loc  # the third is the name of the form that pydantic tried
    return f"search: {f'{field_path(steps)}: ' if steps else ''}{describe_problem(problem)}"
