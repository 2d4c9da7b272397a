"""Which test rows got worse, and where that is critical: an average hides the patient who was given the wrong drug."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.gate.fitting import GatePair
from harness.gate.people import marked_critical
from harness.gate.verdict import Worse
from harness.results import example_metric_of
from harness.types import Metric

_CRITICAL = "critical_errors"
_MORE = 1e-9


def rows_that_got_worse(pair: GatePair, metrics: Sequence[Metric]) -> list[Worse]:
    """The rows on which the candidate scores lower or makes a critical error that the baseline does not make: these first, then the worst.

    A critical error is found by the scores, where the data know which facts there are, or by people in a review of errors.
    """
    metric = example_metric_of(metrics)
    if metric is None:
        return []
    sign = -1.0 if metric.direction == "lower" else 1.0
    candidate, baseline = (stack[:, :, 0].mean(axis=1) for stack in pair.stacks(metric))
    loss = np.nan_to_num(sign * (baseline - candidate))
    critical = [tuple(by for by, rows in _critical(pair, metrics).items() if rows[i]) for i in range(len(loss))]
    order = sorted((i for i in range(len(loss)) if critical[i] or loss[i] > _MORE), key=lambda i: (not critical[i], -loss[i]))
    said = [{p.example_id: p.output for p in side.predictions(side.cell)} for side in (pair.b, pair.a)]
    found = []
    for i in order:
        example = pair.a.examples[i]
        title = example.inputs.get("question") or next(iter(example.inputs.values()), "")
        outputs = [own.get(example.id, "") for own in said]
        found.append(Worse(example.id, title, float(baseline[i]), float(candidate[i]), outputs[0], outputs[1], critical[i]))
    return found


def _critical(pair: GatePair, metrics: Sequence[Metric]) -> dict[str, list[bool]]:
    """Of each row, by whom a critical error was found that is the candidate's alone."""
    people, of_baseline = marked_critical(pair.a), marked_critical(pair.b)
    rows = [example.id for example in pair.a.examples]
    found = {"people": [people.get(row, False) and not of_baseline.get(row, False) for row in rows]}
    facts = next((m for m in metrics if m.name == _CRITICAL), None)
    if facts is not None:
        own, theirs = (np.nan_to_num(stack[:, :, 0].mean(axis=1)) for stack in pair.stacks(facts))
        found["scores"] = (own > theirs + _MORE).tolist()
    return found
