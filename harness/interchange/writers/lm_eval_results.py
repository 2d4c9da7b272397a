"""Scores of one strategy as a results file of lm-evaluation-harness, which leaderboards and scripts read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from harness.interchange.readers import LM_EVAL_FAMILY
from harness.results import StrategyResult
from harness.store import EXTERNAL
from harness.types import Metric

_NOT_KNOWN = "N/A"  # as lm-evaluation-harness writes it


def build_lm_eval_results(results: Sequence[StrategyResult]) -> dict[str, Any]:
    """The results of one strategy on one or several tasks. Scores that were imported from such a file get their names back."""
    first = results[0]
    return {
        "results": {result.task.name: _scores(result) for result in results},
        "group_subtasks": {},
        "configs": {result.task.name: _configuration(result) for result in results},
        "versions": {result.task.name: result.task.version for result in results},
        "n-shot": {result.task.name: result.definition.shots for result in results},
        "higher_is_better": {result.task.name: _directions(result) for result in results},
        "n-samples": {result.task.name: dict.fromkeys(("original", "effective"), result.task_scores.test_size) for result in results},
        "config": {"model": "finetune-bench", "model_args": {"base_model": first.model, "strategy": first.strategy}},
        "model_name": first.strategy if first.model == EXTERNAL else f"{first.model}/{first.strategy}",
        "date": first.run.plan.created,
        "finetune_bench_version": version("finetune-bench"),
    }


def _scores(result: StrategyResult) -> dict[str, Any]:
    scores: dict[str, Any] = {"alias": result.task.name}
    for metric in result.task_scores.metrics:
        score = result.scores.get(metric.name)
        if score is None or score.value is None:
            continue
        name, chosen = _split(metric.name)
        scores[f"{name},{chosen}"] = score.value
        scores[f"{name}_stderr,{chosen}"] = _standard_error(result, metric)
    return scores


def _standard_error(result: StrategyResult, metric: Metric) -> float | str:
    """As the tool computes it: the standard deviation of the scores of examples, divided by √n. "N/A" for scores that are no such mean."""
    if result.task_scores.has_totals:
        error = result.run.results[result.cell.id].totals[metric.name].standard_error
        return _NOT_KNOWN if error is None else error
    if metric.level != "example":
        return _NOT_KNOWN
    values = result.stack(metric)[:, :, 0].mean(axis=1)
    values = values[~np.isnan(values)]
    return float(np.std(values, ddof=1) / math.sqrt(len(values))) if len(values) > 1 else _NOT_KNOWN


def _directions(result: StrategyResult) -> dict[str, bool]:
    return {_split(m.name)[0]: m.direction == "higher" for m in result.task_scores.metrics if m.direction != "none"}


def _configuration(result: StrategyResult) -> dict[str, Any]:
    """What determines the scores: the signature of each. Prompts stay in the run, because they may quote people."""
    signatures = {metric.name: metric.signature for metric in result.task_scores.metrics}
    return {"task": result.task.name, "metadata": {"signatures": signatures}}


def _split(name: str) -> tuple[str, str]:
    """The metric and the filter of a score's name."""
    family, _, rest = name.partition("/")
    if family != LM_EVAL_FAMILY or not rest:
        return name, "none"
    metric, _, chosen = rest.partition("/")
    return metric, chosen or "none"
