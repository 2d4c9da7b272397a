"""Which cell of a strategy is shown, where one has to be picked."""

from __future__ import annotations

from dataclasses import dataclass

from harness.results import StrategyResult
from harness.types import Cell


@dataclass(frozen=True)
class OutputSource:
    """A strategy, by its label, and the seed of the cell that is shown; the seed is None where the strategy has a single cell."""

    label: str
    seed: int | None


def source_of(result: StrategyResult, cell: Cell) -> OutputSource:
    """The name of one of the cells of a strategy."""
    return OutputSource(result.label, cell.seed if len(result.cells) > 1 else None)
