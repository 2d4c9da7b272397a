"""The test examples that got worse: an average hides the patient whose summary names the wrong drug."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.gate.baseline import GatePair
from harness.gate.verdict import Regression
from harness.results import StrategyResult, example_metric_of
from harness.review import load_reviews
from harness.review.findings import flag_errors
from harness.review.ratings import UnblindedRatings
from harness.types import Metric

_CRITICAL = "critical_errors"
_TOLERANCE = 1e-9


def find_regressions(pair: GatePair, metrics: Sequence[Metric]) -> list[Regression]:
    """The examples on which the candidate scores lower, or makes a critical error that the baseline does not make; critical ones first,
    then the largest loss.

    Critical errors are found by the metrics, where the data list the facts, or by people in an error review.
    """
    metric = example_metric_of(metrics)
    if metric is None:
        return []
    sign = -1.0 if metric.direction == "lower" else 1.0
    candidate, baseline = (stack[:, :, 0].mean(axis=1) for stack in pair.stacks(metric))
    losses = np.nan_to_num(sign * (baseline - candidate))
    finders = _critical_finders(pair, metrics)
    worse = [i for i in range(len(losses)) if finders[i] or losses[i] > _TOLERANCE]
    baseline_outputs, candidate_outputs = (
        {p.example_id: p.output for p in side.predictions(side.cell)} for side in (pair.baseline, pair.candidate)
    )
    regressions = []
    for i in sorted(worse, key=lambda i: (not finders[i], -losses[i])):
        example = pair.candidate.examples[i]
        regressions.append(
            Regression(
                example=example.id,
                title=example.inputs.get("question") or next(iter(example.inputs.values()), ""),
                baseline=_known(baseline[i]),
                candidate=_known(candidate[i]),
                baseline_output=baseline_outputs.get(example.id, ""),
                candidate_output=candidate_outputs.get(example.id, ""),
                critical_by=finders[i],
            )
        )
    return regressions


def _known(score: float) -> float | None:
    return None if math.isnan(score) else float(score)


def _critical_finders(pair: GatePair, metrics: Sequence[Metric]) -> list[tuple[str, ...]]:
    """For each example, who found a critical error of the candidate that the baseline does not make: "people", "scores"."""
    candidate, baseline = _errors_by_reviewers(pair.candidate), _errors_by_reviewers(pair.baseline)
    ids = [example.id for example in pair.candidate.examples]
    flags = {"people": [candidate.get(id_, False) and not baseline.get(id_, False) for id_ in ids]}
    facts = next((m for m in metrics if m.name == _CRITICAL), None)
    if facts is not None:
        own, others = (np.nan_to_num(stack[:, :, 0].mean(axis=1)) for stack in pair.stacks(facts))
        flags["scores"] = (own > others + _TOLERANCE).tolist()
    return [tuple(finder for finder, flagged in flags.items() if flagged[i]) for i in range(len(ids))]


def _errors_by_reviewers(model: StrategyResult) -> dict[str, bool]:
    """Whether reviewers found a critical error, by example, for outputs that an error review showed. Newer reviews override older ones."""
    cells = {cell.id for cell in model.done}
    flags: dict[str, bool] = {}
    for review in load_reviews(model.run, model.task.name):
        if review.packet.mode == "errors" and review.key.cells.get(model.strategy) in cells:
            rated = flag_errors(UnblindedRatings(review, model.examples), model.strategy, "critical")
            flags |= {id_: value > 0 for id_, value in rated.items()}
    return flags
