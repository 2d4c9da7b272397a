"""How well the automatic scores agree with people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from harness.results import TaskResults
from harness.review.findings.findings import MetricAgreement
from harness.review.findings.judging import answered
from harness.review.packets import SEVERITIES, Scores, row_metrics, row_scores
from harness.review.ratings import Judged, Judgements
from harness.store import StoredRun

People: TypeAlias = Mapping[tuple[str, tuple[str, ...]], float]  # by row and what was shown

_RESAMPLES = 200
_MOST_PAIRED = 400  # outputs whose order is resampled; beyond it Kendall's τ has no interval


def metric_agreement(run: StoredRun, judgements: Judgements) -> tuple[MetricAgreement, ...]:
    """Every automatic score that judges single rows against the people."""
    rows, pairs = TaskResults(run, run.plan.tasks[judgements.packet.task]), judgements.packet.mode == "pairwise"
    by_id = {cell.id: cell for cell in run.cells}
    cells = {name: by_id[cell] for name, cell in judgements.key.cells.items()}
    people, made = _people(judgements), []
    for metric in row_metrics(rows):
        scores = row_scores(rows, metric, cells)
        one = _of_pairs(judgements, metric.name, people, scores) if pairs else _of_outputs(judgements, metric.name, people, scores)
        if one is not None:
            made.append(one)
    return tuple(sorted(made, key=lambda each: -each.value))


def _people(judgements: Judgements) -> People:
    """By row and what was shown, the mean of the raters, so that more is better: of a pair for the second in the alphabet."""
    found: dict[tuple[str, tuple[str, ...]], list[float]] = {}
    for each in judgements.first:
        key = (each.example, tuple(sorted(each.sides)))
        found.setdefault(key, []).append(_worth(judgements, each))
    return {key: float(np.mean(values)) for key, values in found.items()}


def _worth(judgements: Judgements, each: Judged) -> float:
    if len(each.sides) == 2:
        return {"first": 0.0, "second": 1.0}.get(answered(each, "preference"), 0.5)
    if judgements.packet.mode == "errors":
        return -float(SEVERITIES.index(each.rating.answers["severity"]))
    scales = judgements.packet.questions.scales
    return float(np.mean([s.answers.index(each.rating.answers[s.name]) / (len(s.answers) - 1) for s in scales]))


def _of_pairs(judgements: Judgements, metric: str, people: People, scores: Scores) -> MetricAgreement | None:
    by_row: dict[str, list[float]] = {}
    for (row, (first, second)), worth in ((key, value) for key, value in people.items() if len(key[1]) == 2):
        one, other = scores.get((row, first)), scores.get((row, second))
        if worth != 0.5 and one is not None and other is not None:
            by_row.setdefault(row, []).append(0.5 if one == other else float((other > one) == (worth > 0.5)))
    if not by_row:
        return None
    share = judgements.mean({row: float(np.mean(own)) for row, own in by_row.items()})
    if share.value is None:
        return None
    return MetricAgreement(metric, "share of rows", share.value, share.low, share.high, sum(len(own) for own in by_row.values()))


def _of_outputs(judgements: Judgements, metric: str, people: People, scores: Scores) -> MetricAgreement | None:
    from scipy.stats import kendalltau

    pairs = [(row, worth, own) for (row, sides), worth in people.items() if (own := scores.get((row, sides[0]))) is not None]
    if len(pairs) < 3:
        return None
    worths, given = np.array([p[1] for p in pairs]), np.array([p[2] for p in pairs])
    tau = float(kendalltau(worths, given).statistic)
    if not np.isfinite(tau):
        return None
    low, high = None, None
    clusters = [judgements.cluster_of(p[0]) for p in pairs]
    rows = list(dict.fromkeys(clusters))
    if len(pairs) <= _MOST_PAIRED and len(rows) > 9:
        places = {row: [i for i, cluster in enumerate(clusters) if cluster == row] for row in rows}
        rng = np.random.default_rng(0)
        drawn = []
        for _ in range(_RESAMPLES):
            index = [i for k in rng.integers(len(rows), size=len(rows)) for i in places[rows[k]]]
            drawn.append(kendalltau(worths[index], given[index]).statistic)
        known = np.array(drawn)[np.isfinite(drawn)]
        low, high = (float(end) for end in np.quantile(known, [0.025, 0.975])) if len(known) > _RESAMPLES / 2 else (None, None)
    return MetricAgreement(metric, "Kendall's τ-b", tau, low, high, len(pairs))
