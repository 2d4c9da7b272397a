"""The plan of a run: the resolved grid, as `run.json` stores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.types import Cell, DataReport, Shape, Strategy, Task

FORMAT: Literal[3] = 3  # of run.json and the cells' files; raised when a version cannot read what the one before wrote
EXTERNAL = "external"  # the model name of external outputs


@dataclass(frozen=True)
class ModelInfo:
    """A base model as it was found. `origin` is how people know it (a name, a file's name), `revision` a Hub commit."""

    name: str
    origin: str
    digest: str
    revision: str | None = None
    shape: Shape = "decoder"


@dataclass(frozen=True)
class RunPlan:
    """Everything that was decided before the first cell started.

    `digest` is a hash of the cells' ids: equal plans have equal digests wherever and whenever they are made. `overridden` holds, by
    cell id, the strategies of cells that a grid file gave other values.
    """

    digest: str
    created: str
    command: str
    tasks: Mapping[str, Task]
    strategies: Mapping[str, Strategy]
    models: Mapping[str, ModelInfo]
    cells: tuple[Cell, ...]
    data: Mapping[str, DataReport]
    data_digests: Mapping[str, str]
    environment: Mapping[str, str]
    options: Mapping[str, Any]
    overridden: Mapping[str, Strategy] = field(default_factory=dict)
    format: Literal[3] = FORMAT

    def strategy_of(self, cell: Cell) -> Strategy:
        """The strategy as this very cell uses it."""
        return self.overridden.get(cell.id) or self.strategies[cell.strategy]

    def label(self, cell: Cell) -> str:
        """The cell's strategy, with its model where there are several, and its size where any strategy of the task has several."""
        trained = {c.id: c for c in self.cells if c.task == cell.task and self.strategy_of(c).train is not None}
        variants = {(c.model, c.strategy) for c in trained.values()}
        several = len({(c.model, c.strategy, c.train_size) for c in trained.values()}) > len(variants)
        model = [cell.model] if len(self.models.keys() - {EXTERNAL}) > 1 and cell.model != EXTERNAL else []
        return " · ".join([cell.strategy, *model, *([f"{cell.train_size:,} rows"] if several and cell.id in trained else [])])

    def only(self, cells: Sequence[Cell]) -> RunPlan:
        """The plan of a run that has these cells alone."""
        tasks, models, names = ({getattr(cell, what) for cell in cells} for what in ("task", "model", "strategy"))
        return replace(
            self,
            cells=tuple(cells),
            tasks={name: task for name, task in self.tasks.items() if name in tasks},
            models={name: model for name, model in self.models.items() if name in models},
            strategies={name: strategy for name, strategy in self.strategies.items() if name in names},
            data={name: report for name, report in self.data.items() if name in tasks},
            data_digests={name: digest for name, digest in self.data_digests.items() if name in tasks},
            overridden={id_: strategy for id_, strategy in self.overridden.items() if id_ in {cell.id for cell in cells}},
        )
