"""Scores as the Hugging Face Hub reads them: `model-index` in a model card, and entries of `.eval_results/*.yaml`.

Source: `modelcard.md` and `docs/hub/eval-results.md` of huggingface/hub-docs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.errors import BenchError, setting
from harness.results import StrategyResult
from harness.text import one_line
from harness.types import Score, Task

_DIGITS = 6
_MOST = 200  # characters of a name


@dataclass(frozen=True)
class HubDataset:
    """A dataset on the Hub, and which of its tasks a score is for (`tasks` in its eval.yaml)."""

    id: str
    task: str


def build_model_index(name: str, task: Task, scores: Mapping[str, Score], *, pipeline: str) -> list[dict[str, Any]]:
    """The value of `model-index`, with every score that has a value; empty without any."""
    metrics = [
        {"type": score_name, "value": round(score.value, _DIGITS), "name": task.report.labels.get(score_name) or score_name}
        for score_name, score in scores.items()
        if score.value is not None and math.isfinite(score.value)
    ]
    if not metrics:
        return []
    dataset: dict[str, Any] = {"type": task.data.hub or task.name, "name": task.data.hub or task.name, "split": "test"}
    dataset |= {key: value for key, value in (("config", task.data.subset), ("revision", task.data.revision)) if value and task.data.hub}
    kind = {"type": pipeline, "name": one_line(task.name, _MOST)}
    return [{"name": one_line(name, _MOST), "results": [{"task": kind, "dataset": dataset, "metrics": metrics}]}]


def build_eval_results(results: Sequence[StrategyResult], *, dataset: HubDataset | None, date: str) -> list[dict[str, Any]]:
    """Entries with the primary score of each task.

    Args:
        results: one strategy on one or several tasks.
        dataset: for a single task; None: the dataset that the task reads from the Hub.
        date: when the scores were measured, in ISO 8601.

    Raises:
        BenchError: a task has no score, or is on no dataset of the Hub.
    """
    if dataset is not None and len(results) > 1:
        raise BenchError(f"{setting('dataset', dataset.id)}: the run has {len(results)} tasks. Choose one with {setting('task', 'NAME')}.")
    return [_entry(result, dataset, date) for result in results]


def _entry(result: StrategyResult, dataset: HubDataset | None, date: str) -> dict[str, Any]:
    task, score = result.task, result.primary
    if score is None or score.value is None:
        raise BenchError(f"{result.run.path}: '{result.strategy}' has no score on '{task.name}'. Choose a strategy that has one.")
    if dataset is None:
        if task.data.hub is None:
            raise BenchError(
                f"{result.run.path}: the data of '{task.name}' are not on the Hub, where results belong to a benchmark dataset. Name the "
                f"dataset: {setting('dataset', 'ORG/NAME')}."
            )
        dataset = HubDataset(task.data.hub, task.data.subset or "default")
    place: dict[str, Any] = {"id": dataset.id, "task_id": dataset.task}
    if task.data.hub == dataset.id and task.data.revision:
        place["revision"] = task.data.revision
    interval = "" if score.low is None or score.high is None else f", 95% CI {score.low:.4f} to {score.high:.4f}"
    imported = result.definition.outputs.imported_from if result.definition.outputs is not None else ""
    where = f"imported from {imported}" if imported else "measured with finetune-bench"
    notes = one_line(f"{task.primary}{interval}, {score.n:,} examples, {where}", 2 * _MOST)
    when = {} if imported else {"date": date[:10]}  # a run of imported results knows when it was imported, not when it was measured
    return {"dataset": place, "value": round(score.value, _DIGITS), **when, "notes": notes}
