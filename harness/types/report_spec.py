"""How the report presents a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from harness.types.declared import Declared

OUTPUTS_A_MONTH = 100_000
MOST_OUTPUTS_A_MONTH = 1_000_000_000_000


class ReplacementSpec(Declared):
    """What the comparison of an own model with one that is paid by the answer assumes. It changes no result."""

    hours: Annotated[float, Field(ge=0, le=1_000_000)] = 730.0
    """The hours of the device that are paid each month even without an output: 730 is one that is always on, 0 where only the time in use
    is paid."""
    utilisation: Annotated[float, Field(gt=0, le=1)] = 0.5
    """The share of the paid time in which the device answers, because requests are not spread evenly."""
    months: Annotated[float, Field(ge=0.01, le=1200)] = 12.0
    """The months after which the model is trained again."""
    review_minutes: Annotated[float, Field(ge=0, le=10_000)] = 0.0
    """The minutes that a person needs for an output that is not acceptable; 0 counts no people."""
    reviewer_price: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0
    """The price of an hour of that person, in the currency of the device's price."""


class ReportSpec(Declared):
    """How the report presents a task. It changes no result."""

    question: Annotated[str, Field(max_length=120)] = ""
    """The title of the task in the report, as its readers would ask it. If empty, a question with the task's name."""
    labels: Mapping[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1, max_length=60)]] = {}
    """Plain names of scores, by score; the others keep the program's names."""
    volume: Annotated[int, Field(ge=1, le=MOST_OUTPUTS_A_MONTH)] = OUTPUTS_A_MONTH
    """The outputs per month for which costs are shown."""
    replacement: ReplacementSpec = ReplacementSpec()
    """What the break-even with hosted models assumes."""
