"""What the strategies keep of the gain of full fine-tuning, and what they take of its cost: the claim of the field, measured."""

from __future__ import annotations

from collections.abc import Sequence

from harness.reporting.views.view import AgainstFull, Line
from harness.results import TaskResults, cells_of, done_cells
from harness.statistics import kept_quality
from harness.store import StoredRun


def costs_by_label(lines: Sequence[Line]) -> dict[str, float | None]:
    """What one run of each took, training and the answers to the test rows: money where all have a price, else seconds."""
    prices = {ln.label: ln.costs.total_price if ln.costs else None for ln in lines}
    if None not in prices.values():
        return prices
    return {ln.label: (ln.costs.total_seconds or None) if ln.costs else None for ln in lines}


def against_full_of(run: StoredRun, rows: TaskResults, lines: Sequence[Line]) -> tuple[AgainstFull, ...]:
    """The strategies that were tuned as `full` was: the same model on the same rows. Lines without a score are left out."""
    costs, found = costs_by_label(lines), []
    for ln in lines:
        full = next((other for other in lines if other.strategy == "full" and _same_training(ln, other)), None)
        base = next((other for other in lines if other.is_base and other.model == ln.model), None)
        if full is None or base is None or ln.label == full.label or not ln.trained or rows.primary is None:
            continue
        three = [done_cells(run, cells_of(run, rows.task.name, side)) for side in (base, full, ln)]
        kept = kept_quality(*rows.stacks(rows.primary, three), metric=rows.primary, groups=rows.groups)
        if kept is not None:
            found.append(
                AgainstFull(
                    label=ln.label,
                    kept=kept,
                    cost=_share(costs[ln.label], costs[full.label]),
                    training_seconds=_share(*(side.costs.training_seconds if side.costs else None for side in (ln, full))),
                    peak_allocated=_share(*(side.costs.peak_allocated if side.costs else None for side in (ln, full))),
                    artifact_bytes=_share(ln.artifact_bytes, full.artifact_bytes),
                )
            )
    return tuple(found)


def _same_training(one: Line, other: Line) -> bool:
    return (one.model, one.train_size) == (other.model, other.train_size)


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
