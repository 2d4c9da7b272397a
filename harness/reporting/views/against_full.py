"""What the strategies keep of the gain of full fine-tuning, and what they take of its cost: the claim of the field, measured."""

from __future__ import annotations

from harness.reporting.views.view import AgainstFull
from harness.results import StrategyResult, TaskResults, costs_of_a_run
from harness.statistics import kept_gain


def against_full_of(rows: TaskResults) -> tuple[AgainstFull, ...]:
    """The strategies that were tuned as `full` was: the same model on the same rows. Those without a score are left out."""
    lines, found = rows.scored, []
    costs = costs_of_a_run({ln.label: ln.costs for ln in lines})
    for ln in lines:
        full = next((other for other in lines if other.strategy == "full" and _same_training(ln, other)), None)
        base = next((other for other in lines if other.is_base and other.model == ln.model), None)
        if full is None or base is None or ln is full or not ln.trained or rows.primary is None:
            continue
        kept = kept_gain(*rows.stacks(rows.primary, [base.done, full.done, ln.done]), metric=rows.primary, groups=rows.groups)
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


def _same_training(one: StrategyResult, other: StrategyResult) -> bool:
    return (one.model, one.train_size) == (other.model, other.train_size)


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
