"""What parameter-efficient strategies keep of the improvement of full fine-tuning, and at what share of its cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.results import StrategyResult, TaskResults, costs_of_a_run
from harness.statistics import KeptGain, kept_gain


@dataclass(frozen=True)
class FullTuningShare:
    """One strategy in shares of full fine-tuning of the same model on the same training examples; None where a share is not known, as those
    of what it took are not where it trained together with other cells.

    Attributes:
        kept: the share of the improvement over the base model.
        cost: of training and answering the test examples.
        training_seconds, peak_allocated, artifact_bytes: of the time to train, the peak memory and the size of what is stored.
        trained_together: whether it trained together with other cells.
    """

    label: str
    kept: KeptGain
    cost: float | None
    training_seconds: float | None
    peak_allocated: float | None
    artifact_bytes: float | None
    trained_together: bool


def compare_with_full_tuning(results: TaskResults) -> tuple[FullTuningShare, ...]:
    """The trained strategies with a score for which the run has `full` and `base` of the same model, trained on as many examples."""
    scored, primary = results.scored, results.primary
    costs = costs_of_a_run({result.label: result.costs for result in scored})
    shares = []
    for result in scored:
        full = find_full_tuning(scored, result)
        base = next((other for other in scored if other.is_base and other.model == result.model), None)
        if primary is None or full is None or base is None or result is full or not result.trained:
            continue
        stacks = results.stacks(primary, [base.done, full.done, result.done])
        kept = kept_gain(*stacks, metric=primary, groups=results.groups)
        if kept is not None:
            own = None if result.trained_together else result.costs
            shares.append(
                FullTuningShare(
                    label=result.label,
                    kept=kept,
                    cost=_share(costs[result.label] if own else None, costs[full.label]),
                    training_seconds=_share(*(side.training_seconds if side else None for side in (own, full.costs))),
                    peak_allocated=_share(*(side.peak_allocated if side else None for side in (own, full.costs))),
                    artifact_bytes=_share(result.artifact_bytes, full.artifact_bytes),
                    trained_together=result.trained_together,
                )
            )
    return tuple(shares)


def find_full_tuning(scored: Sequence[StrategyResult], result: StrategyResult) -> StrategyResult | None:
    """Full fine-tuning of the same model on as many training examples; None where it has no score."""
    training = (result.model, result.train_size)
    return next((other for other in scored if other.strategy == "full" and (other.model, other.train_size) == training), None)


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None
