"""Checks of a request's numbers. The command line makes them, too, but Python callers do not pass through it."""

from __future__ import annotations

import math

from harness.engine.models import DTYPES
from harness.errors import BenchError, did_you_mean
from harness.grid.request.request import Request
from harness.types import MOST_CANARIES, MOST_OUTPUTS_A_MONTH
from harness.validation import count_problem, positive_problem


def check_numbers(request: Request) -> None:
    """Check the numbers of a request.

    Raises:
        BenchError: with every number that is out of range.
    """
    problems = [count_problem("seeds", request.seeds)]
    if request.limit is not None:
        problems.append(count_problem("limit", request.limit))
    if request.volume is not None:
        problems.append(count_problem("volume", request.volume, most=MOST_OUTPUTS_A_MONTH))
    if request.canaries not in (None, 0):
        problems.append(count_problem("canaries", request.canaries, most=MOST_CANARIES))
    if request.epochs is not None:
        problems.append(positive_problem("epochs", request.epochs))
    if request.race is not None and not (_is_number(request.race) and 0 < request.race < 0.5):
        problems.append(f"race must be a number between 0 and 0.5, such as 0.05, not {request.race!r}")
    for name in ("price", "price_per_1k"):
        price = getattr(request, name)
        if price is not None and not (_is_number(price) and 0 <= price < math.inf):
            problems.append(f"{name} must be a number of 0 or more, not {price!r}")
    if request.dtype not in DTYPES:
        problems.append(f"unknown dtype '{request.dtype}'.{did_you_mean(request.dtype, DTYPES)}")
    problems += [
        f"training sizes are whole numbers above 0 or 'all', not '{size}'"
        for size in request.train_sizes
        if size != "all" and not (size.isascii() and size.isdigit() and int(size) > 0)
    ]
    if problems := list(filter(None, problems)):
        raise BenchError(problems)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
