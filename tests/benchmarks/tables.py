"""What was measured, as tables in Markdown and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.growth import exponent


@dataclass(frozen=True)
class Compared:
    """The rounds of a comparison: seconds of the other tool and of `bench`."""

    name: str
    other: str
    pairs: tuple[tuple[float, float], ...]
    agreement: str
    is_close: bool

    @property
    def ratios(self) -> list[float]:
        return [theirs / ours for theirs, ours in self.pairs]


@dataclass(frozen=True)
class Grown:
    """The median seconds of a piece of work at each size."""

    name: str
    unit: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]


def comparison_table(rows: Sequence[Compared]) -> str:
    lines = [
        "| work | other tool | other, s | bench, s | ratio | range | rounds | equal |",
        "| --- | --- | ---: | ---: | ---: | --- | ---: | --- |",
    ]
    for row in rows:
        theirs, ours = (statistics.median(side) for side in zip(*row.pairs, strict=True))
        ratios = f"{statistics.median(row.ratios):.2f} | {min(row.ratios):.2f}–{max(row.ratios):.2f} | {len(row.ratios)}"
        equal = row.agreement if row.is_close else f"NO: {row.agreement}"
        lines.append(f"| {row.name} | {row.other} | {theirs:.1f} | {ours:.1f} | {ratios} | {equal} |")
    return "\n".join(lines)


def growth_table(rows: Sequence[Grown]) -> str:
    lines = ["| work | size | seconds | grows as |", "| --- | --- | --- | --- |"]
    for row in rows:
        sizes = " · ".join(f"{size:,}" for size in row.sizes)
        seconds = " · ".join(f"{value:.2g}" if value < 10 else f"{value:.0f}" for value in row.seconds)
        power = f"size^{exponent(row.sizes, row.seconds):.2f}" if len(row.sizes) > 1 else ""
        lines.append(f"| {row.name} | {sizes} {row.unit} | {seconds} | {power} |")
    return "\n".join(lines)
