"""A baseline that fits: tested on the candidate's rows, by the same scores. Where it was not, its stored model answers them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.data.identity import example_digest, normalized_inputs_digest
from harness.errors import BenchError
from harness.results import FinishedCell, RunResults, StrategyResult, check_same_examples, equally_wide
from harness.statistics import statistic_stack
from harness.store import RunFolder, read_table
from harness.types import Example, Metric, Prediction

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class GatePair:
    """Candidate (A) and baseline (B) on the rows of the candidate, both by the candidate's scores; `order` says where each row stands in B.

    What the baseline has stored is read where the same score made it of the same row; else its outputs are scored anew.
    """

    a: StrategyResult
    b: StrategyResult
    order: list[int]

    def stacks(self, metric: Metric) -> tuple[Array, Array]:
        """The statistics of A and of B, (examples, seeds, d) each."""
        own = self.a.stack(metric)
        one, two = equally_wide([own, self._of_baseline(metric)])
        return one, two

    def _of_baseline(self, metric: Metric) -> Array:
        signatures = {m.name: m.signature for m in self.b.task_scores.metrics}
        examples, theirs = self.a.examples, self.b.examples
        same = all(e.meta == theirs[i].meta and e.choices == theirs[i].choices for e, i in zip(examples, self.order, strict=True))
        if same and signatures.get(metric.name) == metric.signature:
            return self.b.stack(metric)[self.order]
        return statistic_stack(metric, examples, [self.b.predictions(cell) for cell in self.b.done])


def pair_of(
    candidate: StrategyResult, baseline: StrategyResult, workspace: Path, *, model_path: str | None = None
) -> tuple[GatePair, list[str]]:
    """Candidate (A) and baseline (B) on the candidate's rows, and what is to be said of it.

    A baseline that was tested on other rows predicts again, from its stored artifact, in `workspace`.

    Raises:
        BenchError: the baseline's model cannot be had, or the two tasks do not fit.
    """
    notes: list[str] = []
    if not _on_the_same_rows(candidate, baseline):
        notes.append(f"{baseline.label} was tested on other rows: its model has answered those of {candidate.run.name}.")
        baseline = _predicted_again(candidate, baseline, workspace, model_path)
    check_same_examples(candidate, baseline)
    return GatePair(candidate, baseline, [baseline.positions[example.id] for example in candidate.examples]), notes


def test_digest(examples: Sequence[Example]) -> str:
    """sha256 (hex) of everything of the test rows that an answer and its scores depend on, in whatever order they stand."""
    rows = [[e.id, example_digest(e), e.choices, e.group, dict(e.meta)] for e in examples]
    return hashlib.sha256("\n".join(sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)).encode()).hexdigest()


def trained_on(chosen: StrategyResult, rows: StrategyResult) -> list[str]:
    """The ids of the test rows of `rows` whose inputs are among the training rows of `chosen`, whatever their case and white space."""
    if not chosen.varies_by_seed:
        return []
    file = chosen.run.path / "data" / f"{chosen.task.name}.parquet"
    seen = {row["inputs_digest"] for row in read_table(file) if row["split"] in ("train", "validation")}
    return [example.id for example in rows.examples if normalized_inputs_digest(example) in seen]


def _on_the_same_rows(one: StrategyResult, other: StrategyResult) -> bool:
    digests = [{e.id: example_digest(e) for e in side.examples} for side in (one, other)]
    return digests[0] == digests[1]


def _predicted_again(candidate: StrategyResult, baseline: StrategyResult, workspace: Path, model_path: str | None) -> StrategyResult:
    """A run in the workspace: the baseline's cells, on the candidate's rows."""
    from harness.engine.artifacts import device_for, find_base, fit_examples, load_finished

    task, source = candidate.task, baseline.run
    if baseline.task.kind != task.kind:
        raise BenchError(f"{source.name} is a run of the kind {baseline.task.kind}, and {candidate.run.name} of {task.kind}")
    if baseline.external:
        raise BenchError(
            f"{baseline.label} in {source.name} was not tested on the rows of {candidate.run.name}, and its outputs were made elsewhere: "
            "no model here could answer them. Score its outputs on these rows first (bench score)."
        )
    target = RunFolder(workspace)
    (workspace / "data").mkdir(parents=True)
    shutil.copy2(candidate.run.path / "data" / f"{task.name}.parquet", workspace / "data")
    cells = tuple(replace(cell, task=task.name) for cell in baseline.done)
    plan = source.plan.restrict_to(baseline.done)
    own = plan.tasks[baseline.task.name].model_copy(
        update={"name": task.name, "metrics": task.metrics, "primary": task.primary, "margin": task.margin, "labels": task.labels}
    )
    ours = candidate.run.plan
    target.write_plan(
        replace(
            plan,
            cells=cells,
            tasks={task.name: own},
            data={task.name: ours.data[task.name]},
            data_digests={task.name: ours.data_digests[task.name]},
        )
    )
    for old, new in zip(baseline.done, cells, strict=True):
        finished = FinishedCell(source, old)
        examples = candidate.examples
        if {frozenset(e.choices) for e in examples} != {frozenset(finished.example.choices)}:
            raise BenchError(f"{source.name} chooses among other labels than {candidate.run.name}: the two cannot be compared")
        rows = fit_examples(finished, tuple(replace(e, choices=finished.example.choices) for e in examples), candidate.run.name)
        predictions = [
            _with_label_order(prediction, finished.example.choices, example.choices)
            for prediction, example in zip(
                load_finished(finished, find_base(finished, model_path), device_for(source)).predict(rows), examples, strict=True
            )
        ]
        target.cell(new.id).write_result(replace(source.results[old.id], cell=new, signatures={}), predictions)
    return RunResults(target).find(baseline.strategy, task=task.name)


def _with_label_order(prediction: Prediction, labels: Sequence[str], order: Sequence[str]) -> Prediction:
    """The prediction with its likelihoods in another order of the labels."""
    if not prediction.label_logprobs:
        return prediction
    by_label = dict(zip(labels, prediction.label_logprobs, strict=True))
    return replace(prediction, label_logprobs=tuple(by_label[label] for label in order))
