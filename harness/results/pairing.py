"""Two strategies on the same test examples. What cannot be compared is refused, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.data.identity import example_digest
from harness.errors import BenchError
from harness.metrics import SCRIPT_PREFIX
from harness.results.strategy_result import StrategyResult
from harness.results.task_scores import equally_wide
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def require_examples(result: StrategyResult) -> None:
    """Raise a BenchError where only totals of a strategy were imported: then there is nothing to compare or judge example by example."""
    if result.task_scores.has_totals:
        raise BenchError(
            f"{result.run.path}: of '{result.task.name}' only totals were imported, and no score of a single example, so strategies cannot "
            "be compared example by example, nor judged. The report says what the totals show. Evaluate again with the outputs of each "
            "example kept, and import those."
        )


def check_same_examples(a: StrategyResult, b: StrategyResult) -> None:
    """Raise a BenchError unless both were tested on the same examples, in whatever order."""
    require_examples(a)
    require_examples(b)
    ours, theirs = set(a.positions), set(b.positions)
    where = f"{a.run.name} and {b.run.name}"
    if ours != theirs:
        only_one = next(example.id for example in (*a.examples, *b.examples) if (example.id in ours) != (example.id in theirs))
        raise BenchError(
            f"{where} have different test examples: {len(ours - theirs):,} of {len(ours):,} and {len(theirs - ours):,} of "
            f"{len(theirs):,} are in one run only, such as '{only_one}'. Test both on the same file, with the same split and limit."
        )
    changed = [e.id for e in a.examples if example_digest(e) != example_digest(b.examples[b.positions[e.id]])]
    if changed:
        raise BenchError(
            f"{where} have different test examples: {len(changed):,} of {len(ours):,} have the same id but different inputs or "
            f"references, such as '{changed[0]}'. Test both on the same file."
        )


@dataclass(frozen=True)
class MetricMismatch:
    """What two runs do not share: the primary score of B where it is another one, and the scores that only one run has."""

    other_primary: str | None
    only_one: tuple[str, ...]


def shared_metrics(a: StrategyResult, b: StrategyResult) -> tuple[list[Metric], MetricMismatch]:
    """The metrics that both runs have, the primary one of A first, and what they do not share.

    Raises:
        BenchError: a score of the same name is computed differently in the two runs, or B lacks A's primary score.
    """
    theirs = {metric.name: metric for metric in b.task_scores.metrics}
    ours = {metric.name: metric for metric in a.task_scores.metrics}
    problems = [
        f"{name} is computed differently in the two runs: '{metric.signature}' in {a.run.name}, '{theirs[name].signature}' in {b.run.name}"
        for name, metric in ours.items()
        if name in theirs and metric.signature != theirs[name].signature
    ]
    scripts = [
        {k: v for c in side.done for k, v in side.run.results[c.id].provenance.items() if k.startswith(SCRIPT_PREFIX)} for side in (a, b)
    ]
    problems += [
        f"{name.removeprefix(SCRIPT_PREFIX)} is computed differently in the two runs: the script of the metric has changed between them"
        for name in scripts[0].keys() & scripts[1].keys()
        if scripts[0][name] != scripts[1][name]
    ]
    if problems:
        raise BenchError(problems)
    primary = a.task.primary
    if primary not in theirs or primary not in ours:
        raise BenchError(f"{b.run.name} has no score {primary}, which is the primary score of {a.run.name}. Add its metric to the task.")
    only_one = tuple(name for name in (*ours, *theirs) if (name in ours) != (name in theirs))
    mismatch = MetricMismatch(b.task.primary if b.task.primary != primary else None, only_one)
    return [metric for name, metric in ours.items() if name in theirs], mismatch


@dataclass(frozen=True)
class Pairing:
    """Two strategies on the test examples of A, in their order; `order` gives the position of each example in B."""

    a: StrategyResult
    b: StrategyResult
    order: list[int]

    @property
    def groups(self) -> tuple[str | None, ...]:
        """The group of each example."""
        return self.a.task_scores.groups

    def stacks(self, metric: Metric) -> tuple[Array, Array]:
        """The statistics of A and of B, (examples, seeds, d) each; d is the same for both, also where one has no number at all."""
        first, second = equally_wide([self.a.stack(metric), self.b.stack(metric)[self.order]])
        return first, second
