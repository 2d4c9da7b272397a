"""The plan of a run: the resolved grid, as `run.json` stores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.text import one_line, plural
from harness.types import (
    Cell,
    CellForecast,
    DataReport,
    DroppedStrategy,
    SearchForecast,
    SearchSpec,
    Shape,
    StoredScore,
    Strategy,
    Task,
    Trial,
)

FORMAT: Literal[4] = 4  # of run.json and the files of the cells; raise it when this version cannot read the files of the one before
EXTERNAL = "external"  # the model name of external outputs


@dataclass(frozen=True)
class ModelInfo:
    """A base model as it was resolved."""

    name: str
    """The name under which the run knows it."""
    origin: str
    """What people know it by: a shipped name, a file name, a model id of the Hub."""
    digest: str
    """A hash of weights, configuration and tokenizer."""
    revision: str | None = None
    """The commit on the Hub; None for other origins."""
    shape: Shape = "decoder"
    """The architecture: decoder, encoder–decoder or encoder."""


@dataclass(frozen=True)
class RunPlan:
    """Everything that is decided before the first cell starts."""

    digest: str
    """A hash of the cell ids: equal plans have equal digests, whenever and wherever they are made."""
    created: str
    """When the plan was made, in ISO 8601."""
    command: str
    """The command or call that asked for it."""
    tasks: Mapping[str, Task]
    """By name."""
    strategies: Mapping[str, Strategy]
    """By name."""
    models: Mapping[str, ModelInfo]
    """By name."""
    cells: tuple[Cell, ...]
    """In the order of the grid."""
    data: Mapping[str, DataReport]
    """What reading and splitting found, by task."""
    data_digests: Mapping[str, str]
    """A hash of the examples and their order, by task."""
    environment: Mapping[str, str]
    """Versions and machine, see `harness.measure.environment`."""
    options: Mapping[str, Any]
    """What else was requested or resolved: device, number format, price, limit, and the whole request."""
    cell_strategies: Mapping[str, Strategy] = field(default_factory=dict)
    """Strategies that a grid file changed for single cells, by cell id."""
    plugin_scores: Mapping[str, tuple[StoredScore, ...]] = field(default_factory=dict)
    """The scores of plug-in files, by the metric that a task lists."""
    leak_cells: tuple[Cell, ...] = ()
    """The cells of the leak test, trained with planted canaries. They are no part of the grid: whatever compares, recommends, predicts,
    exports or promotes reads `cells`."""
    search: SearchSpec | None = None
    """How values of the strategies are searched; None: they are as declared."""
    race: float | None = None
    """The highest accepted chance that the best strategy is dropped early; None: none is dropped."""
    trial_cells: tuple[Cell, ...] = ()
    """The cells of the search so far. Like those of the leak test, they are no part of the grid."""
    trials: Mapping[str, Trial] = field(default_factory=dict)
    """By id, what each of `trial_cells` is."""
    dropped: tuple[DroppedStrategy, ...] = ()
    """The strategies that the race has dropped: the grid has no cells of them."""
    forecasts: Mapping[str, CellForecast] = field(default_factory=dict)
    """By cell id, what cells were expected to take before the run; empty where nothing was forecast."""
    search_forecast: SearchForecast | None = None
    """What the search was expected to take; None without one, and where nothing was forecast."""
    format: Literal[4] = FORMAT
    """The format of the run folder."""

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        """Everything that is run: the trials of the search, the grid, the leak test."""
        return (*self.trial_cells, *self.cells, *self.leak_cells)

    def get_strategy(self, cell: Cell) -> Strategy:
        """The strategy as this cell uses it, with the overrides of a grid file applied."""
        return self.cell_strategies.get(cell.id) or self.strategies[cell.strategy]

    def is_base_model(self, name: str) -> bool:
        """Whether this is the name of a base model: not of external outputs, and not of a whole model that was tuned elsewhere."""
        strategy = self.strategies.get(name)
        return name != EXTERNAL and (strategy is None or not strategy.is_whole_artifact)

    def find_cascade_parts(self, cell: Cell) -> tuple[Cell, Cell]:
        """The cell of a cascade's first strategy, with its model, training size and seed, and that of the strategy that answers the rest.

        Raises:
            LookupError: the plan, which may be a stranger's, has no such cells.
        """
        strategy = self.get_strategy(cell)
        peers = [each for each in self.cells if each.task == cell.task]
        same = (cell.model, strategy.first, cell.train_size, cell.seed)
        first = next((each for each in peers if (each.model, each.strategy, each.train_size, each.seed) == same), None)
        others = [each for each in peers if each.strategy == strategy.then and each.model == EXTERNAL]
        if first is None or not others:
            raise LookupError(f"no cell of '{strategy.first}' and of '{strategy.then}' fits the cell '{cell.id}'")
        return first, next((each for each in others if each.seed == cell.seed), others[0])

    def cell_label(self, cell: Cell, *, with_size: bool = True) -> str:
        """The strategy of a cell, as short as it can be among those of its task.

        It names the model if the task has several, and the size if trained strategies of the task have several training sizes, or a prompt
        strategy has several numbers of shots. A cell of the leak test says so, and a
        trial of the search names its number and its values.
        """
        cells = [c for c in self.cells if c.task == cell.task]
        parts = [cell.strategy]
        bases = {c.model for c in cells if self.is_base_model(c.model)}
        if cell.model in bases and len(bases) > 1:
            parts.append(cell.model)
        trained = self._is_trained(cell)
        peers = [c for c in cells if (c.model, c.strategy) == (cell.model, cell.strategy)]
        if trained:
            peers = [c for c in cells if self._is_trained(c)]
        sizes = {(c.model, c.strategy, c.train_size) for c in peers}
        if with_size and len(sizes) > len({(model, strategy) for model, strategy, _ in sizes}):
            parts.append(plural(cell.train_size, "example" if trained else "shot"))
        label = " · ".join(parts)
        if trial := self.trials.get(cell.id):
            values = ", ".join(f"{name}={_shorten(value)}" for name, value in trial.values.items())
            return f"{label} · trial {trial.number + 1} ({values}; to {trial.share:.0%})"
        return f"{label} (leak test)" if cell in self.leak_cells else label

    def _is_trained(self, cell: Cell) -> bool:
        """Whether its training size counts training examples: of a trained strategy, or of a cascade that begins with one."""
        strategy = self.get_strategy(cell)
        first = self.strategies.get(strategy.first or "")
        return strategy.train is not None or (first is not None and first.train is not None)

    def restrict_to(self, cells: Sequence[Cell]) -> RunPlan:
        """The plan of a run that has only these cells of the grid."""
        tasks, models, strategies = ({getattr(cell, field) for cell in cells} for field in ("task", "model", "strategy"))
        ids = {cell.id for cell in cells}
        return replace(
            self,
            cells=tuple(cells),
            leak_cells=(),
            search=None,
            search_forecast=None,
            race=None,
            trial_cells=(),
            trials={},
            dropped=(),
            tasks={name: task for name, task in self.tasks.items() if name in tasks},
            models={name: model for name, model in self.models.items() if name in models},
            strategies={name: strategy for name, strategy in self.strategies.items() if name in strategies},
            data={name: report for name, report in self.data.items() if name in tasks},
            data_digests={name: digest for name, digest in self.data_digests.items() if name in tasks},
            forecasts={cell_id: forecast for cell_id, forecast in self.forecasts.items() if cell_id in ids},
            cell_strategies={cell_id: strategy for cell_id, strategy in self.cell_strategies.items() if cell_id in ids},
        )


def _shorten(value: Any) -> str:
    """A value of a strategy in a label: a prompt may be long."""
    return f"{value:g}" if isinstance(value, float) else one_line(str(value), 24)
