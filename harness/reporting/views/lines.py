"""The strategies of a task as the lines of its table: cells of several seeds together, scored, compared with `base`, priced."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.reporting.views.view import PHASES, CellProblem, Costs, Line, as_difference
from harness.reporting.wording import numbers
from harness.results import TaskResults, done_cells
from harness.store import EXTERNAL, StoredRun
from harness.types import Cell, CellResult, Phase

Key = tuple[str, str, int]  # model, strategy, training size
NOT_ENDED = "It has not ended. The same command goes on with it."


def lines_of(run: StoredRun, rows: TaskResults) -> tuple[Line, ...]:
    """One line a strategy, base model and training size; the best primary score first, those without a score last."""
    groups: dict[Key, list[Cell]] = {}
    for cell in run.cells:
        if cell.task == rows.task.name:
            groups.setdefault((cell.model, cell.strategy, cell.train_size), []).append(cell)
    labels = _labels(run, groups)
    alone = {key: _line(run, rows, cells) for key, cells in groups.items()}
    lines = [_against_base(run, rows, key, groups, replace(ln, label=labels[key])) for key, ln in alone.items()]
    return tuple(sorted(lines, key=lambda ln: _rank(ln, rows.lower_is_better)))


def _rank(ln: Line, lower_is_better: bool) -> tuple[bool, float]:
    value = ln.primary.value if ln.primary else None
    return (value is None, 0.0 if value is None else value if lower_is_better else -value)


def name_of(strategy: str, model: str, models: int) -> str:
    """A strategy, with its model only where there are several; outputs that were made elsewhere have none."""
    return f"{strategy} · {model}" if models > 1 and model != EXTERNAL else strategy


def _labels(run: StoredRun, groups: Mapping[Key, Sequence[Cell]]) -> dict[Key, str]:
    """Names as short as they can be. Where one strategy was trained on several numbers of rows, all that were trained say theirs."""
    models = len({model for model, _, _ in groups} - {EXTERNAL})
    trained = {key: run.plan.get_strategy(cells[0]).train is not None for key, cells in groups.items()}
    counts = Counter(key[:2] for key in groups)
    several = any(trained[key] and counts[key[:2]] > 1 for key in groups)
    labels = {}
    for key in groups:
        model, strategy, size = key
        sized = several if trained[key] else counts[key[:2]] > 1
        of = f" · {numbers.plural(size, 'row' if trained[key] else 'shot')}" if sized else ""
        labels[key] = name_of(strategy, model, models) + of
    return labels


def _against_base(run: StoredRun, rows: TaskResults, key: Key, groups: Mapping[Key, list[Cell]], ln: Line) -> Line:
    """The line with its difference to `base` of the same model, and by what share it has fewer errors, where both have results.

    Outputs that were made elsewhere are held against the only base that there is.
    """
    if ln.is_base:
        return ln
    bases = [other for other in groups if other[1] == "base" and (other[0] == key[0] or key[0] == EXTERNAL)]
    base = done_cells(run, groups[bases[0]]) if len(bases) == 1 else []
    own = done_cells(run, groups[key])
    if not base or not own:
        return ln
    found = rows.compare(own, base)
    return replace(ln, difference=as_difference(found) if found else None, reductions=rows.reductions(own, base))


def _line(run: StoredRun, rows: TaskResults, cells: Sequence[Cell]) -> Line:
    """The cells of one strategy together, not yet compared with anything."""
    model, strategy, size = cells[0].model, cells[0].strategy, cells[0].train_size
    done = done_cells(run, cells)
    results = [run.results[cell.id] for cell in cells if cell.id in run.results]
    scores = rows.scores(done) if done else {}
    good = [r for r in results if r.status == "done"] or results
    declared = run.plan.get_strategy(cells[0])
    return Line(
        key=f"{model}/{strategy}/{size}",
        label=strategy,
        strategy=strategy,
        model=model,
        method=declared.method,
        train_size=size,
        seeds=tuple(cell.seed for cell in done if cell.seed is not None),
        planned=len(cells),
        done=len(done),
        status=_status([run.status(cell.id) for cell in cells]),
        problems=tuple(_problem(run, cell) for cell in cells if run.status(cell.id) != "done"),
        scores=scores,
        primary=scores.get(rows.task.primary),
        difference=None,
        reductions={},
        is_base=strategy == "base",
        trained=declared.train is not None,
        costs=costs_of(good, answers=len(rows.examples) if done else 0),
        spent=costs_of(results),
        trainable_parameters=max((r.trainable_parameters for r in good), default=0),
        total_parameters=max((r.total_parameters for r in good), default=0),
        artifact_bytes=max((r.artifact_bytes for r in good), default=0),
        general_loss=_general_loss(good),
        notes=_notes(results),
    )


def _general_loss(results: Sequence[CellResult]) -> tuple[float, float] | None:
    known = [r.general_loss for r in results if r.general_loss is not None]
    if not known:
        return None
    before, after = (math.fsum(side) / len(known) for side in zip(*known, strict=True))
    return before, after


def _status(statuses: Sequence[str]) -> str:
    kinds = set(statuses)
    if len(kinds) == 1:
        return statuses[0]
    return ", ".join(f"{statuses.count(kind)} {kind}" for kind in sorted(kinds, key=lambda k: (k != "done", k)))


def _problem(run: StoredRun, cell: Cell) -> CellProblem:
    result = run.results.get(cell.id)
    return CellProblem(cell.seed, run.status(cell.id), (result.error or "It gave no reason.") if result else NOT_ENDED)


def costs_of(results: Sequence[CellResult], *, answers: int = 0) -> Costs | None:
    """The mean over cells of what they took; a price only where every phase of every cell has one. None without any cost.

    Args:
        answers: how many test rows each has answered.
    """
    costs = [cost for r in results for cost in r.costs]
    if not costs:
        return None
    cells = len(results)
    seen = {c.phase for c in costs}
    phases = _by_phase({p: [c.seconds for c in costs if c.phase == p] for p in PHASES if p in seen}, cells)
    training = [c for c in costs if c.phase in ("train", "validate")]
    train = [c for c in costs if c.phase == "train"]
    seconds = sum(c.seconds for c in train)
    prices = [c.price for c in costs]
    known = [p for p in prices if p is not None]
    complete = len(known) == len(prices)
    answering = [c for c in costs if c.phase == "predict"]
    answered, answer_seconds = cells * answers, math.fsum(c.seconds for c in answering)
    priced = answered > 0 and bool(answering) and all(c.price is not None for c in answering)
    return Costs(
        phases=phases,
        training_seconds=math.fsum(c.seconds for c in training) / cells,
        training_price=math.fsum(c.price or 0.0 for c in training) / cells if complete else None,
        total_seconds=math.fsum(c.seconds for c in costs) / cells,
        total_price=math.fsum(known) / cells if complete else None,
        currency=costs[0].currency,
        tokens_per_second=sum(c.tokens for c in train) / seconds if seconds > 0 else None,
        peak_allocated=max((c.peak_allocated for c in costs if c.peak_allocated is not None), default=None),
        peak_reserved=max((c.peak_reserved for c in costs if c.peak_reserved is not None), default=None),
        cells=cells,
        phase_prices=_by_phase({p: [c.price or 0.0 for c in costs if c.phase == p] for p in phases}, cells) if complete else {},
        answer_seconds=answer_seconds / answered if answered and answer_seconds > 0 else None,
        thousand_price=1000 * math.fsum(c.price or 0.0 for c in answering) / answered if priced else None,
    )


def _by_phase(amounts: Mapping[Phase, Sequence[float]], cells: int) -> dict[Phase, float]:
    """The mean over cells of what each phase took."""
    return {phase: math.fsum(found) / cells for phase, found in amounts.items()}


def _notes(results: Sequence[CellResult]) -> tuple[str, ...]:
    """What the cells say a reader should know; the seed stands before it where there are several."""
    several = len(results) > 1
    return tuple(f"Seed {r.cell.seed}: {note}" if several and r.cell.seed is not None else note for r in results for note in r.notes)
