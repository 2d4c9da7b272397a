"""A run in, its report out: the only place that walks through a run. What comes out is plain values (`reporting.view`)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from harness.gate import Verdict, verdict_of
from harness.reporting.views.calibration import calibration_of
from harness.reporting.views.classes import class_view
from harness.reporting.views.example_browser import UNSUPPORTED, examples_of, worth_reading
from harness.reporting.views.learning import learning_of
from harness.reporting.views.lengths import lengths_of
from harness.reporting.views.review_view import build_review_view
from harness.reporting.views.slice_table import slice_tables
from harness.reporting.views.view import (
    Curve,
    ExampleRow,
    GateView,
    Pairs,
    Provenance,
    Report,
    ScoreName,
    SliceTable,
    TaskView,
)
from harness.reporting.wording import numbers
from harness.reporting.wording import result_sentences as words
from harness.reporting.wording.advice import advice_of
from harness.reporting.wording.gate_words import gate_view
from harness.results import RunResults, StrategyResult, TaskResults, example_metric_of
from harness.review import compute_findings, list_retired_examples, load_reviews
from harness.statistics import compare_all_pairs
from harness.store import StoredRun, read_verdicts
from harness.types import Task

_MOST_GATES = 6


def report_view(run: RunResults, *, with_text: bool = True) -> Report:
    """Everything the report shows, read from the run as it is now; a run that has not ended gives a report of what is there.

    Args:
        with_text: whether inputs, references and outputs are in it. They may be what patients said.
    """
    costs = run.spent
    return Report(
        name=run.name,
        created=run.plan.created,
        finished=run.finished,
        device=device(run),
        tasks=tuple(task_view(run, rows, with_text=with_text) for rows in run.by_task.values()),
        with_text=with_text,
        statuses=dict(Counter(run.status(cell.id) for cell in run.cells)),
        spent_seconds=costs.total_seconds * costs.cells if costs else 0.0,
        spent_price=costs.total_price * costs.cells if costs and costs.total_price is not None else None,
        currency=costs.currency if costs else str((run.plan.options.get("price") or {}).get("currency", "USD")),
        provenance=_provenance(run),
    )


def task_view(run: RunResults, rows: TaskResults, *, with_text: bool = True) -> TaskView:
    """One task's part of the report."""
    task, lines = rows.task, rows.strategies
    unit = rows.primary.unit if rows.primary else ""
    read = worth_reading(lines)
    advice = advice_of(rows)
    best = _chosen_by_best(rows)
    names = tuple(ScoreName(m.name, m.direction, m.unit, m.signature) for m in rows.metrics)
    return TaskView(
        name=task.name,
        kind=task.kind,
        description=task.description,
        rows=len(rows.examples),
        primary=next((n for n in names if n.name == task.primary), ScoreName(task.primary, "higher", "", "")),
        margin=task.margin,
        score_names=names,
        lines=lines,
        headline=words.headline(task, lines, unit),
        advice=advice.sentences if advice else (),
        choice=advice.found.choice if advice else None,
        standings={c.name: c.standing for c in advice.found.candidates} if advice else {},
        against_full=advice.against_full if advice else (),
        reductions=words.reductions(lines),
        forgetting=words.forgetting(lines),
        caveats=words.caveats(task, lines, unit),
        learning=learning_of(rows),
        curves=tuple(curve for ln in lines for curve in _curves(ln)),
        classes=class_view(_first_seed(best), rows.labels, rows.examples, best.predictions(best.cell)) if best else None,
        calibration=calibration_of(_first_seed(best), rows.labels, rows.examples, best.predictions(best.cell)) if best else None,
        pairs=_all_pairs(rows, read),
        slices=_slices(rows, read),
        examples=_examples(run, rows, read) if with_text else (),
        read=tuple(ln.label for ln in read),
        lengths=lengths_of(rows.examples, {ln.label: ln.predictions(ln.cell) for ln in read}),
        reviews=tuple(
            build_review_view(found) for review in load_reviews(run, task.name) if (found := compute_findings(rows, review)).rated_items
        ),
        retired=len(list_retired_examples(run, task.name)),
        gates=_gates(run, task, with_text=with_text),
        data=run.plan.data[task.name],
        data_digest=run.plan.data_digests[task.name],
    )


def _gates(run: StoredRun, task: Task, *, with_text: bool) -> tuple[GateView, ...]:
    """The newest verdict on each strategy under each policy."""
    newest: dict[tuple[str, str], Verdict] = {}
    for file, value in reversed(read_verdicts(run.path).items()):
        verdict = verdict_of(value, str(file))
        if verdict.task == task.name:
            newest.setdefault((verdict.candidate.label, verdict.policy_digest), verdict)
    return tuple(gate_view(verdict, with_text=with_text) for verdict in list(newest.values())[:_MOST_GATES])


def device(run: StoredRun) -> str:
    """The machine's device as people know it."""
    options = run.plan.options
    return str(options.get("device_name") or options.get("device") or "unknown device")


def _curves(ln: StrategyResult) -> list[Curve]:
    """The training curve of each cell, failed ones included."""
    curves = []
    for cell in ln.cells:
        points = ln.run.training_curve(cell.id)
        training = _finite([(p.get("step"), p.get("loss")) for p in points])
        validation = _finite([(p.get("step"), p.get("validation_loss")) for p in points])
        if training or validation:
            result = ln.run.results.get(cell.id)
            label = f"{ln.label}, seed {cell.seed}" if len(ln.cells) > 1 else ln.label
            overfitting = bool(result and result.training and result.training.overfitting)
            curves.append(Curve(label, training, validation, min(validation, key=lambda p: p[1], default=None), overfitting))
    return curves


def _finite(points: Sequence[tuple[object, object]]) -> tuple[tuple[int, float], ...]:
    """The points that are numbers (a diverged training ends in NaN, which no axis can show), each step once, in order."""
    known = {step: float(loss) for step, loss in points if isinstance(step, int) and isinstance(loss, int | float)}
    return tuple((step, loss) for step, loss in sorted(known.items()) if math.isfinite(loss))


def _chosen_by_best(rows: TaskResults) -> StrategyResult | None:
    """The best strategy; None where answers are not chosen among labels."""
    best = next((ln for ln in rows.strategies if ln.primary), None)
    return best if rows.task.chooses and rows.labels else None


def _all_pairs(rows: TaskResults, lines: Sequence[StrategyResult]) -> Pairs | None:
    """Every pair of these strategies; None where base is the only other."""
    scored = [ln for ln in lines if ln.scored]
    if rows.primary is None or len(scored) < 3:
        return None
    labels = [ln.label for ln in scored]
    by_label = dict(zip(labels, rows.stacks(rows.primary, [ln.done for ln in scored]), strict=True))
    return Pairs(tuple(labels), compare_all_pairs(by_label, metric=rows.primary, margin=rows.task.margin, groups=rows.groups))


def _slices(rows: TaskResults, lines: Sequence[StrategyResult]) -> tuple[SliceTable, ...]:
    metric = example_metric_of(rows.metrics)
    if metric is None or not lines:
        return ()
    stacks = {ln.label: ln.stack(metric) for ln in lines}
    return slice_tables(rows.examples, rows.groups, metric, stacks, classes=rows.task.chooses)


def _examples(run: StoredRun, rows: TaskResults, lines: Sequence[StrategyResult]) -> tuple[ExampleRow, ...]:
    outputs = {_first_seed(ln): {p.example_id: p for p in ln.predictions(ln.cell)} for ln in lines}
    faithful = any(metric.name == UNSUPPORTED for metric in rows.metrics)
    return examples_of(rows.examples, outputs, rows.primary, seed=f"{run.plan.digest}/{rows.task.name}", faithful=faithful)


def _first_seed(ln: StrategyResult) -> str:
    """The strategy whose outputs are shown; with the seed where there are several."""
    return f"{ln.label}, seed {ln.cell.seed}" if len(ln.cells) > 1 else ln.label


def _provenance(run: StoredRun) -> Provenance:
    plan = run.plan
    price = plan.options.get("price") or {}
    per_hour = price.get("per_hour")
    cost = numbers.money(per_hour, str(price.get("currency", "USD"))) + " per device-hour" if per_hour is not None else numbers.NO_PRICE
    source = price.get("source")
    return Provenance(
        command=plan.command,
        digest=plan.digest,
        seeds=tuple(sorted({cell.seed for cell in plan.cells if cell.seed is not None})),
        models=tuple(plan.models.values()),
        environment=plan.environment,
        price=f"{cost} ({source})" if source else cost,
    )
