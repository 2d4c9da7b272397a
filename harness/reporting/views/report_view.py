"""The whole report as plain values. `build_report_view` is the only place that walks through a run; `wording` has the sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from harness.data.privacy import TextGuard
from harness.reporting.views.task_view import TaskView, build_task_view
from harness.results import RunResults
from harness.store import ModelInfo


@dataclass(frozen=True)
class RunPrice:
    """The price that costs are computed with. `per_hour` is None where no price is known."""

    per_hour: float | None
    currency: str
    source: str


@dataclass(frozen=True)
class Provenance:
    """What it takes to check or repeat the run."""

    command: str
    digest: str
    seeds: tuple[int, ...]
    models: tuple[ModelInfo, ...]
    environment: Mapping[str, str]
    price: RunPrice


@dataclass(frozen=True)
class Report:
    """A whole run, finished or not.

    Attributes:
        device: None where it is not known.
        with_text: whether inputs, references and outputs are in the report.
        anonymized: whether identifiers of people in them were replaced.
        statuses: how many cells have each status.
        spent_seconds, spent_price, currency: of all cells, failed ones included.
    """

    name: str
    created: str
    finished: bool
    device: str | None
    tasks: tuple[TaskView, ...]
    with_text: bool
    anonymized: bool
    statuses: Mapping[str, int]
    spent_seconds: float
    spent_price: float | None
    currency: str
    provenance: Provenance


def build_report_view(run: RunResults, *, with_text: bool = True, volume: int | None = None, guard: TextGuard | None = None) -> Report:
    """Everything that the report shows, read from the run as it is now; an unfinished run gives a report of what is there.

    Args:
        with_text: whether inputs, references and outputs are in it. They may be what patients said.
        volume: outputs per month, for costs; by default those that each task declares.
        guard: inputs, references and outputs pass it.
    """
    spent, provenance = run.spent, _provenance(run)
    return Report(
        name=run.name,
        created=run.plan.created,
        finished=run.finished,
        device=_device(run),
        tasks=tuple(build_task_view(run, results, with_text=with_text, volume=volume, guard=guard) for results in run.by_task.values()),
        with_text=with_text,
        anonymized=guard is not None and guard.is_anonymizing,
        statuses=dict(Counter(run.status(cell.id) for cell in run.cells)),
        spent_seconds=spent.seconds,
        spent_price=spent.price,
        currency=spent.currency or provenance.price.currency,
        provenance=provenance,
    )


def _device(run: RunResults) -> str | None:
    options = run.plan.options
    name = options.get("device_name") or options.get("device")
    return str(name) if name else None


def _provenance(run: RunResults) -> Provenance:
    plan = run.plan
    price = plan.options.get("price") or {}
    return Provenance(
        command=plan.command,
        digest=plan.digest,
        seeds=tuple(sorted({cell.seed for cell in plan.cells if cell.seed is not None})),
        models=tuple(plan.models.values()),
        environment=plan.environment,
        price=RunPrice(price.get("per_hour"), str(price.get("currency", "USD")), str(price.get("source") or "")),
    )
