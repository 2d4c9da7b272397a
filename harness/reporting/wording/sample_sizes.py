"""How many examples it takes, with the assumption that the number rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.reporting.wording import numbers
from harness.statistics import Assumption, SampleSize

ASSUMPTIONS: Mapping[Assumption | Literal[""], str] = {
    "": "if the claim is true",
    "equal": "if the strategies are equally good",
    "observed": "if the true value is the observed one",
}


def describe_sample_size(size: SampleSize | None) -> str:
    """A sentence after a claim that was not shown; empty where no number of examples is known to show it.

    Among several strategies it takes more examples than between two.
    """
    if size is None:
        return ""
    among = f" among {size.strategies} strategies" if size.strategies > 2 else ""
    return f"Showing it{among} would take about {numbers.about(size.examples)} test examples, {ASSUMPTIONS[size.assumption]}."
