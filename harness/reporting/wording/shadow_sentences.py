"""What `bench shadow` says about the outputs of several models on the same inputs."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.wording import numbers
from harness.text import plural


def describe_answers(first: str, models: Sequence[tuple[str, int, int | None]]) -> list[str]:
    """One sentence per model.

    Args:
        first: the name of the first model.
        models: name, number of inputs, and how many outputs are equal to those of the first model; None for that model itself.
    """
    lines = []
    for name, rows, same in models:
        text = f"{name} answered {plural(rows, 'input')}"
        lines.append(f"{text}." if same is None else f"{text}; {numbers.count(same)} outputs are the same as those of {first}.")
    return lines
