"""A comparable baseline: evaluated on the candidate's test examples, by the candidate's metrics.

A baseline that was evaluated on another test set is run again: its stored model answers the candidate's examples.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.data.identity import example_digest
from harness.errors import BenchError, setting
from harness.gate.verdict import VerdictNote
from harness.metrics import SUPPORT_SCORE
from harness.results import FinishedCell, RunResults, StrategyResult, check_same_examples, equally_wide
from harness.statistics import statistic_stack
from harness.store import RunFolder
from harness.types import Cell, Example, Metric, Prediction, Task

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class GatePair:
    """Candidate and baseline on the candidate's test examples, by the candidate's metrics.

    Attributes:
        candidate, baseline: one model each.
        order: the position of each of the candidate's examples in the baseline's results.
    """

    candidate: StrategyResult
    baseline: StrategyResult
    order: list[int]

    def stacks(self, metric: Metric, recipe: StrategyResult | None = None) -> tuple[Array, Array]:
        """The statistics of the candidate and of the baseline, (examples, seeds, d) each.

        Args:
            recipe: the candidate's strategy with all its seeds, in place of the one model.
        """
        candidate, baseline = equally_wide([(recipe or self.candidate).stack(metric), self._baseline_stack(metric)])
        return candidate, baseline

    def _baseline_stack(self, metric: Metric) -> Array:
        """The stored scores, if the same metric computed them on the same examples. Otherwise the baseline's outputs are scored again."""
        signatures = {m.name: m.signature for m in self.baseline.task_scores.metrics}
        examples, stored = self.candidate.examples, self.baseline.examples
        same = all(e.meta == stored[i].meta and e.choices == stored[i].choices for e, i in zip(examples, self.order, strict=True))
        if same and signatures.get(metric.name) == metric.signature:
            return self.baseline.stack(metric)[self.order]
        return statistic_stack(metric, examples, [self.baseline.predictions(cell) for cell in self.baseline.done])


def pair_with_baseline(
    candidate: StrategyResult, baseline: StrategyResult, workspace: Path, *, model_path: str | None = None, scores: Collection[str] = ()
) -> tuple[GatePair, list[VerdictNote]]:
    """Candidate and baseline on the candidate's test examples, and a note if the baseline had to be run again.

    Args:
        workspace: a folder that does not exist yet, for the run of a baseline that is run again.
        model_path: where the baseline's base model is, if its name does not tell.
        scores: those that are judged. If `support` is among them, the candidate's model reads the new outputs, too.

    Raises:
        BenchError: the baseline's model, or the one that scores `support`, is not available, or the two tasks do not fit.
    """
    notes = []
    check_comparable(baseline, candidate.task, candidate.examples, candidate.run.name)
    if _example_digests(candidate.examples) != _example_digests(baseline.examples):
        notes.append(VerdictNote("baseline_rerun", texts={"strategy": (baseline.label,), "run": (candidate.run.name,)}))
        baseline = _rerun(candidate, baseline, workspace, model_path, with_support=SUPPORT_SCORE in scores)
    check_same_examples(candidate, baseline)
    return GatePair(candidate, baseline, [baseline.positions[example.id] for example in candidate.examples]), notes


def check_comparable(baseline: StrategyResult, task: Task, examples: Sequence[Example], name: str) -> None:
    """Check that a baseline was evaluated on these test examples, or that its model can answer them. Nothing is computed.

    Args:
        name: of the candidate's run or task, for messages.

    Raises:
        BenchError: it is of another kind, its outputs are external, or its model has other labels or inputs.
    """
    from harness.engine.artifacts import fit_examples

    if _example_digests(examples) == _example_digests(baseline.examples):
        return
    source = baseline.run.name
    if baseline.task.kind != task.kind:
        raise BenchError(f"{source} is a {baseline.task.kind} run and {name} a {task.kind} run: they cannot be compared")
    if baseline.hosted:
        raise BenchError(
            f"{baseline.label} in {source} was not evaluated on the test examples of {name}, and is a hosted model, which the gate does "
            f"not ask. Run it on these examples first: `bench run` with the strategy and {setting('send_to', 'HOST')}."
        )
    if baseline.external:
        raise BenchError(
            f"{baseline.label} in {source} was not evaluated on the test examples of {name}. Its outputs are "
            "external, so no model can answer these examples. Score its outputs on them first (`bench score`)."
        )
    if baseline.method == "cascade":
        raise BenchError(
            f"{baseline.label} in {source} was not evaluated on the test examples of {name}, and it is a cascade, so no single model can "
            "answer them. Run both in one run, with the same test examples."
        )
    finished = FinishedCell(baseline.run, baseline.cell)
    own = set(finished.example.choices)
    labels = {label for example in examples for label in example.choices}
    if own != labels:
        raise BenchError(
            f"{name}: {_describe_labels(labels - own, own - labels)} {baseline.label} in {source}, so the two cannot be compared. Restore "
            "the labels, or promote a first model with the new ones by hand: run it together with `base`, and name `base` of this run "
            f"with {setting('baseline', 'RUN:base')}."
        )
    fit_examples(finished, tuple(examples), name)


def _describe_labels(more: Collection[str], fewer: Collection[str]) -> str:
    """How the labels of a task differ from those of a baseline, up to "than"."""
    sides = [
        f"{word} {', '.join(repr(label[:60]) for label in sorted(labels)[:3])}" for word, labels in (("with", more), ("without", fewer))
    ]
    return f"has other labels ({' and '.join(side for side, labels in zip(sides, (more, fewer), strict=True) if labels)}) than"


def _example_digests(examples: Sequence[Example]) -> dict[str, str]:
    return {example.id: example_digest(example) for example in examples}


def _rerun(
    candidate: StrategyResult, baseline: StrategyResult, workspace: Path, model_path: str | None, *, with_support: bool
) -> StrategyResult:
    """The baseline's cells on the candidate's examples, as a run in the workspace."""
    from harness.engine.artifacts import device_for, find_base, fit_examples, load_finished
    from harness.engine.support import add_support, find_support_model

    task, source = candidate.task, baseline.run
    cells = tuple(replace(cell, task=task.name) for cell in baseline.done)
    # Before any model answers, because that takes much longer than to find that the scorer is missing.
    scorer = find_support_model(candidate.run, task, device_for(candidate.run), model_path) if with_support else None
    target = _prepare_run(candidate, baseline, workspace, cells)
    for old, new in zip(baseline.done, cells, strict=True):
        finished = FinishedCell(source, old)
        examples = tuple(replace(e, choices=finished.example.choices) for e in candidate.examples)
        fitted = fit_examples(finished, examples, candidate.run.name)
        predictions = load_finished(finished, find_base(finished, model_path), device_for(source)).predict(fitted)
        predictions = [
            _reorder_likelihoods(prediction, finished.example.choices, example.choices)
            for prediction, example in zip(predictions, candidate.examples, strict=True)
        ]
        predictions, _ = add_support(
            task, candidate.examples, predictions, scorer, checkpoint=workspace / f"support-{new.id}", on_progress=lambda done, total: None
        )
        target.cell(new.id).write_result(replace(source.results[old.id], cell=new, signatures={}), predictions)
    return RunResults(target).find(baseline.strategy, task=task.name)


def _reorder_likelihoods(prediction: Prediction, labels: Sequence[str], order: Sequence[str]) -> Prediction:
    """The prediction with its likelihoods in another order of the labels."""
    if not prediction.label_logprobs:
        return prediction
    by_label = dict(zip(labels, prediction.label_logprobs, strict=True))
    return replace(prediction, label_logprobs=tuple(by_label[label] for label in order))


def _prepare_run(candidate: StrategyResult, baseline: StrategyResult, workspace: Path, cells: tuple[Cell, ...]) -> RunFolder:
    """A run folder with the baseline's plan, and with the candidate's data and metrics."""
    task, plan = candidate.task, baseline.run.plan.restrict_to(baseline.done)
    target = RunFolder(workspace)
    candidate.run.folder.copy_data_to(target, task.name)
    own = plan.tasks[baseline.task.name].model_copy(
        update={"name": task.name, "metrics": task.metrics, "primary": task.primary, "margin": task.margin, "labels": task.labels}
        | {"faithfulness": task.faithfulness}
    )
    candidate_plan = candidate.run.plan
    target.write_plan(
        replace(
            plan,
            cells=cells,
            tasks={task.name: own},
            data={task.name: candidate_plan.data[task.name]},
            data_digests={task.name: candidate_plan.data_digests[task.name]},
        )
    )
    return target
