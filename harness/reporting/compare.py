"""Two strategies against each other: those of one run, or the same one in two runs, on the same test rows.

    sides_of([run], ["lora", "qlora"], …)  →  compare_sides(lora, qlora, by="alert_kind")

Rows are joined on their id and a digest of inputs and targets, never on their place; prompts may differ, for they are a part of what
is compared. What cannot be compared is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from harness.analysis import (
    Comparison,
    Kept,
    Reduction,
    compare_scores,
    kept_quality,
    not_worse,
    relative_reduction,
    seed_spread,
    seen_scores,
)
from harness.data.digests import example_digest
from harness.errors import BenchError, did_you_mean
from harness.grid.finished import find_cell
from harness.reporting.compare_view import Changed, ComparisonView, ScoreRow, Side, Slice
from harness.reporting.lines import cells_of, costs_of, done_cells, lines_of
from harness.reporting.scores import TaskRows, equally_wide
from harness.reporting.slices import slices_of
from harness.reporting.view import Line
from harness.store import Run
from harness.types import Cell, Metric

Array: TypeAlias = NDArray[np.float64]
Value = TypeVar("Value")

MOST_CHANGED = 5
_LEAST_SLICE = 2  # rows of a slice that have a difference at all
# What a cell was made with, and what it means where two sides differ in it.
_MACHINE = ("device", "dtype")


@dataclass(frozen=True)
class Wanted:
    """What is asked to be compared. Of each option that names cells, one value is meant for both sides, two for A and B."""

    strategies: Sequence[str] = ()
    models: Sequence[str] = ()
    train_sizes: Sequence[int] = ()
    task: str | None = None

    def __post_init__(self) -> None:
        for option, values in (("--strategies", self.strategies), ("--model", self.models), ("--train-size", self.train_sizes)):
            if len(values) > 2:
                raise BenchError(f"{option}: two can be compared, A and B, not {len(values)}: {', '.join(map(str, values))}")

    @property
    def nothing(self) -> bool:
        """Whether the choice is left to us."""
        return not (self.strategies or self.models or self.train_sizes)


def compare_runs(runs: Sequence[Run], wanted: Wanted, *, by: str | None = None, margin: float | None = None) -> list[ComparisonView]:
    """Every comparison that is asked for, task by task.

    One run and nothing named: the best strategy as A against each of the others as B; of two strategies the better one is B. Two runs and
    nothing named: each strategy that both have.

    Raises:
        BenchError: see `choose` and `compare_sides`.
    """
    pairs = [pair for tasks in _tasks(runs, wanted.task) for pair in _pairs(runs, wanted, tasks)]
    return [compare_sides(a, b, by=by, margin=margin) for a, b in pairs]


def _tasks(runs: Sequence[Run], named: str | None) -> list[tuple[str, str]]:
    """The task of A and of B for each comparison."""
    first, last = runs[0].plan.tasks, runs[-1].plan.tasks
    if named is not None:
        for run in runs:
            if named not in run.plan.tasks:
                raise BenchError(f"{run.path}: has no task '{named}'.{did_you_mean(named, run.plan.tasks)}")
        return [(named, named)]
    common = [(name, name) for name in first if name in last]
    if not common and len(first) == len(last) == 1:
        return [(next(iter(first)), next(iter(last)))]
    if not common:
        raise BenchError(f"{runs[0].name} ({', '.join(first)}) and {runs[-1].name} ({', '.join(last)}) have no task in common")
    return common


def _pairs(runs: Sequence[Run], wanted: Wanted, tasks: tuple[str, str]) -> list[tuple[Chosen, Chosen]]:
    if not wanted.nothing:
        return [_named_pair(runs, wanted, tasks)]
    if len(runs) == 1:
        best, others = best_and_others(runs[0], tasks[0])
        return [(others[0], best)] if len(others) == 1 else [(best, other) for other in others]
    first, last = (_scored(run, task) for run, task in zip(runs, tasks, strict=True))
    common = [key for key in first if key in last]
    if not common:
        raise BenchError(f"{runs[0].name} and {runs[1].name} have no strategy in common: name A's and B's with --strategies A,B")
    return [(first[key], last[key]) for key in common]


def _named_pair(runs: Sequence[Run], wanted: Wanted, tasks: tuple[str, str]) -> tuple[Chosen, Chosen]:
    if not wanted.strategies:
        raise BenchError("name the strategy, or the two, with --strategies")
    values = [wanted.strategies, wanted.models, wanted.train_sizes]
    if len(runs) == 1 and all(len(given) < 2 for given in values):
        raise BenchError(f"'{wanted.strategies[0]}' against what? Within one run name two: --strategies A,{wanted.strategies[0]}")
    sides = [
        choose(
            run,
            str(_of_side(wanted.strategies, side)),
            task=task,
            model=_of_side(wanted.models, side),
            train_size=_of_side(wanted.train_sizes, side),
        )
        for side, (run, task) in enumerate(zip((runs[0], runs[-1]), tasks, strict=True))
    ]
    return sides[0], sides[1]


def _of_side(values: Sequence[Value], side: int) -> Value | None:
    return values[min(side, len(values) - 1)] if values else None


def _scored(run: Run, task: str) -> dict[tuple[str, str, int], Chosen]:
    """The strategies with results, by what they are called."""
    rows = TaskRows(run, run.plan.tasks[task])
    return {(ln.model, ln.strategy, ln.train_size): _of_line(run, rows, ln) for ln in lines_of(run, rows) if ln.done}


@dataclass(frozen=True)
class Chosen:
    """The cells of one strategy that are done, all seeds, with their rows."""

    run: Run
    rows: TaskRows
    cells: tuple[Cell, ...]
    label: str

    @property
    def cell(self) -> Cell:
        """The first of them: they differ in the seed alone."""
        return self.cells[0]

    @property
    def trained(self) -> bool:
        """Whether a seed can change the result."""
        return not self.run.plan.strategy_of(self.cell).deterministic

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each test row stands."""
        return {example.id: i for i, example in enumerate(self.rows.examples)}

    def view(self) -> Side:
        """What is said of it."""
        cell = self.cell
        return Side(
            run=self.run.name,
            label=self.label,
            strategy=cell.strategy,
            model=cell.model,
            train_size=cell.train_size,
            seeds=tuple(c.seed for c in self.cells if c.seed is not None),
            costs=costs_of([self.run.results[c.id] for c in self.cells]),
            trained=self.trained,
        )


def choose(run: Run, strategy: str, *, task: str | None = None, model: str | None = None, train_size: int | None = None) -> Chosen:
    """The cells of this strategy that are done.

    Raises:
        BenchError: none is done, or several fit that differ in more than the seed.
    """
    found = find_cell(run, strategy, task=task, model=model, train_size=train_size, needs_model=False)
    same = cells_of(run, found.task.name, found.cell)
    return Chosen(run, TaskRows(run, found.task), tuple(done_cells(run, same)), run.plan.label(found.cell))


def best_and_others(run: Run, task: str) -> tuple[Chosen, list[Chosen]]:
    """The strategy with the best primary score, and all others that have one, from the second best on.

    Raises:
        BenchError: fewer than two have a score.
    """
    rows = TaskRows(run, run.plan.tasks[task])
    scored = [ln for ln in lines_of(run, rows) if ln.primary and ln.primary.value is not None]
    if len(scored) < 2:
        raise BenchError(f"{run.path}: it takes two strategies with a score to compare them, and {task} has {len(scored)}")
    best, *others = [_of_line(run, rows, ln) for ln in scored]
    return best, others


def _of_line(run: Run, rows: TaskRows, ln: Line) -> Chosen:
    return Chosen(run, rows, tuple(done_cells(run, cells_of(run, rows.task.name, ln))), ln.label)


def compare_sides(a: Chosen, b: Chosen, *, by: str | None = None, margin: float | None = None) -> ComparisonView:
    """B against A.

    Args:
        by: what the rows are sliced by; see `slices_of`.
        margin: Δ, in the unit of the primary score, in place of the task's own.

    Raises:
        BenchError: other test rows, another metric, no such column.
    """
    if (a.run.path.resolve(), a.cells) == (b.run.path.resolve(), b.cells):
        raise BenchError(f"{a.label} is compared with itself: name two strategies, or two runs")
    _same_rows(a, b)
    metrics, warnings = _same_metrics(a, b)
    pair = _Pair(a, b, [b.place[example.id] for example in a.rows.examples], margin or a.rows.task.margin)
    primary = metrics[0]
    changed_by = next((m for m in metrics if m.level == "example" and m.direction != "none"), None)
    return ComparisonView(
        task=a.rows.task.name,
        rows=len(a.rows.examples),
        margin=pair.margin,
        a=_named(a, b, "A"),
        b=_named(b, a, "B"),
        scores=_adjusted_scores([pair.score(m, is_primary=m is primary) for m in metrics]),
        over_seeds=seed_spread(*pair.stacks(primary), metric=primary, drawn=(a.trained, b.trained), groups=pair.groups),
        not_worse=not_worse(*pair.stacks(primary), metric=primary, margin=pair.margin, groups=pair.groups)
        if primary.direction != "none"
        else None,
        kept=_kept(pair, primary),
        reductions=_reductions(pair, metrics),
        changed_by=changed_by.name if changed_by else "",
        changed=_changed(pair, changed_by) if changed_by else (),
        by=by or "",
        slices=_slices(pair, primary, by) if by else (),
        warnings=(*warnings, *_other_versions(a, b), *_unfinished(a, b)),
    )


def _named(one: Chosen, other: Chosen, letter: str) -> Side:
    """The side, with its letter where the two would be called the same."""
    view = one.view()
    return replace(view, label=f"{view.label} ({letter})") if one.label == other.label else view


def _same_rows(a: Chosen, b: Chosen) -> None:
    ours, theirs = set(a.place), set(b.place)
    where = f"{a.run.name} and {b.run.name}"
    if ours != theirs:
        odd = next(iter(example.id for example in (*a.rows.examples, *b.rows.examples) if (example.id in ours) != (example.id in theirs)))
        raise BenchError(
            f"{where} were not tested on the same rows: {len(ours - theirs):,} of {len(ours):,} and {len(theirs - ours):,} of "
            f"{len(theirs):,} are in one of them only, such as '{odd}'. Test both on the same file, with the same split and limit."
        )
    changed = [e.id for e in a.rows.examples if example_digest(e) != example_digest(b.rows.examples[b.place[e.id]])]
    if changed:
        raise BenchError(
            f"{where} were not tested on the same rows: {len(changed):,} of {len(ours):,} have the same id and other inputs or "
            f"targets, such as '{changed[0]}'. Test both on the same file."
        )


def _same_metrics(a: Chosen, b: Chosen) -> tuple[list[Metric], list[str]]:
    """The metrics of both, the primary one of A first, and what is to be said of those that only one has."""
    theirs = {metric.name: metric for metric in b.rows.metrics}
    ours = {metric.name: metric for metric in a.rows.metrics}
    problems = [
        f"{name} is not the same score in both runs: '{metric.signature}' in {a.run.name}, '{theirs[name].signature}' in {b.run.name}"
        for name, metric in ours.items()
        if name in theirs and metric.signature != theirs[name].signature
    ]
    if problems:
        raise BenchError(problems)
    primary = a.rows.task.primary
    if primary not in theirs or primary not in ours:
        raise BenchError(f"{b.run.name} does not have the score {primary}, which decides in {a.run.name}: add its metric to the task")
    warnings = []
    if b.rows.task.primary != primary:
        warnings.append(f"{a.run.name} is decided by {primary}, as here, and {b.run.name} by {b.rows.task.primary}.")
    alone = [name for name in (*ours, *theirs) if (name in ours) != (name in theirs)]
    if alone:
        warnings.append(f"Only one of the two runs has {', '.join(alone)}.")
    return [metric for name, metric in ours.items() if name in theirs], warnings


@dataclass(frozen=True)
class _Pair:
    """Both sides on the rows of A, in their order; `order` says where each stands in B."""

    a: Chosen
    b: Chosen
    order: list[int]
    margin: float

    @property
    def groups(self) -> tuple[str | None, ...]:
        return self.a.rows.groups

    def stacks(self, metric: Metric) -> tuple[Array, Array]:
        """The statistics of A and of B, (examples, seeds, d) each; d is the same for both, also where one has no number at all."""
        first, second = self.a.rows.stack(metric, self.a.cells), self.b.rows.stack(metric, self.b.cells)[self.order]
        one, two = equally_wide([first, second])
        return one, two

    def compare(self, metric: Metric, rows: Sequence[int] | None = None, *, with_margin: bool = True) -> Comparison:
        first, second = self.stacks(metric)
        groups = self.groups
        if rows is not None:
            first, second, groups = first[rows], second[rows], tuple(groups[i] for i in rows)
        return compare_scores(first, second, metric=metric, groups=groups, margin=self.margin if with_margin else None)

    def score(self, metric: Metric, *, is_primary: bool) -> ScoreRow:
        return ScoreRow(
            name=metric.name,
            direction=metric.direction,
            unit=metric.unit,
            signature=metric.signature,
            a=self.a.rows.scores(self.a.cells)[metric.name],
            b=self.b.rows.scores(self.b.cells)[metric.name],
            found=self.compare(metric, with_margin=is_primary),
            adjusted=None,
        )


def _adjusted_scores(scores: Sequence[ScoreRow]) -> tuple[ScoreRow, ...]:
    primary, *others = scores
    p_values = _false_discovery([row.found.p_value for row in others])
    return (primary, *(replace(row, adjusted=p) for row, p in zip(others, p_values, strict=True)))


def _false_discovery(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini–Hochberg over those that are there."""
    from scipy.stats import false_discovery_control

    known = [p for p in p_values if p is not None]
    adjusted = iter(false_discovery_control(known).tolist() if known else [])
    return [None if p is None else next(adjusted) for p in p_values]


def _kept(pair: _Pair, primary: Metric) -> Kept | None:
    """What B keeps of A's gain, where both adapt the same model and A's run has its base."""
    a, b = pair.a, pair.b
    base = [c for c in a.run.cells if (c.task, c.model, c.strategy) == (a.cell.task, a.cell.model, "base")]
    untouched = done_cells(a.run, base)
    digests = {side.run.plan.models[side.cell.model].digest for side in (a, b)}
    if not untouched or len(digests) > 1 or "base" in (a.cell.strategy, b.cell.strategy) or primary.direction == "none":
        return None
    first, second = pair.stacks(primary)
    three = equally_wide([a.rows.stack(primary, untouched), first, second])
    return kept_quality(*three, metric=primary, groups=pair.groups)


def _reductions(pair: _Pair, metrics: Sequence[Metric]) -> dict[str, Reduction]:
    found = {m.name: relative_reduction(*pair.stacks(m), metric=m, groups=pair.groups) for m in metrics if is_error_rate(m)}
    return {name: reduction for name, reduction in found.items() if reduction is not None}


def is_error_rate(metric: Metric) -> bool:
    """Whether less of it is better, and none is possible."""
    return metric.direction == "lower" and metric.unit in ("fraction", "errors")


def _changed(pair: _Pair, metric: Metric) -> tuple[Changed, ...]:
    """The examples that changed most, in either direction, the largest change first; none that did not change."""
    first, second = (stack[:, :, 0].mean(axis=1) for stack in pair.stacks(metric))
    change = np.where(np.isnan(second - first), 0.0, second - first)
    order = [int(i) for i in np.argsort(-np.abs(change), kind="stable")[:MOST_CHANGED] if abs(change[i]) > 1e-12]
    wrote_a, wrote_b = (side.rows.predictions(side.cell) for side in (pair.a, pair.b))
    by_id_a, by_id_b = ({p.example_id: p.output for p in wrote} for wrote in (wrote_a, wrote_b))
    found = []
    for i in order:
        example = pair.a.rows.examples[i]
        title = example.inputs.get("question") or next(iter(example.inputs.values()), "")
        outputs = by_id_a.get(example.id, ""), by_id_b.get(example.id, "")
        found.append(Changed(example.id, title, example.targets, float(first[i]), float(second[i]), *outputs))
    return tuple(found)


def _slices(pair: _Pair, primary: Metric, by: str) -> tuple[Slice, ...]:
    found = []
    for name, rows in slices_of(pair.a.rows.examples, by).items():
        compared = pair.compare(primary, rows)
        first, second = (_score_on(stack[rows], primary) for stack in pair.stacks(primary))
        found.append(Slice(name, len(rows), first, second, compared, None))
    p_values = _false_discovery([s.found.p_value if s.rows >= _LEAST_SLICE else None for s in found])
    return tuple(replace(s, adjusted=p) for s, p in zip(found, p_values, strict=True))


def _score_on(stack: Array, metric: Metric) -> float | None:
    """The score on these rows, (n, seeds, d), the mean of the seeds; None where no row has one."""
    whole = stack[~np.isnan(stack).any(axis=(1, 2))]
    if not len(whole):
        return None
    return float(np.mean(seen_scores(metric, whole)))


def _other_versions(a: Chosen, b: Chosen) -> list[str]:
    """Scores drift between versions of the stack, by points at times."""
    ours, theirs = (_made_with(side) for side in (a, b))
    differing = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
    packages = [name for name in differing if name not in _MACHINE]
    said = []
    if packages:
        listed = ", ".join(f"{name} {ours.get(name, 'none')} and {theirs.get(name, 'none')}" for name in packages)
        said.append(f"The two were made with different versions, which can change a score by itself: {listed}.")
    said += [f"The two were computed on another {name}: {ours.get(name)} and {theirs.get(name)}." for name in _MACHINE if name in differing]
    return said


def _made_with(side: Chosen) -> dict[str, str]:
    """Versions, device and dtype of the cells; several of one package are all named."""
    from harness.measure.environment import STACK

    found: dict[str, dict[str, None]] = {}
    for cell in side.cells:
        for name, value in side.run.results[cell.id].provenance.items():
            if name in ("finetune-bench", *STACK, *_MACHINE):
                found.setdefault(name, {})[value] = None
    return {name: " / ".join(values) for name, values in found.items()}


def _unfinished(a: Chosen, b: Chosen) -> list[str]:
    planned = [(side, len(cells_of(side.run, side.rows.task.name, side.cell))) for side in (a, b)]
    return [f"{side.label}: only {len(side.cells)} of {n} seeds are done." for side, n in planned if n > len(side.cells)]
