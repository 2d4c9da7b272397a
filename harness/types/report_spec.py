"""How the report presents a task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from harness.types.declared import Declared

OUTPUTS_A_MONTH = 100_000
MOST_OUTPUTS_A_MONTH = 1_000_000_000_000


class ReportSpec(Declared):
    """How the report presents a task. It changes no result."""

    question: Annotated[str, Field(max_length=120)] = ""
    """The title of the task in the report, as its readers would ask it. If empty, a question with the task's name."""
    labels: Mapping[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1, max_length=60)]] = {}
    """Plain names of scores, by score; the others keep the program's names."""
    volume: Annotated[int, Field(ge=1, le=MOST_OUTPUTS_A_MONTH)] = OUTPUTS_A_MONTH
    """The outputs per month for which costs are shown."""
