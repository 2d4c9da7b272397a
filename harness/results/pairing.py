"""Two sides on the same test rows: what cannot be compared is refused, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.data.identity import example_digest
from harness.errors import BenchError
from harness.metrics import SCRIPT
from harness.results.sides import StrategyResult
from harness.results.task_results import equally_wide
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]


def same_rows(a: StrategyResult, b: StrategyResult) -> None:
    ours, theirs = set(a.place), set(b.place)
    where = f"{a.run.name} and {b.run.name}"
    if ours != theirs:
        odd = next(iter(example.id for example in (*a.rows.examples, *b.rows.examples) if (example.id in ours) != (example.id in theirs)))
        raise BenchError(
            f"{where} were not tested on the same rows: {len(ours - theirs):,} of {len(ours):,} and {len(theirs - ours):,} of "
            f"{len(theirs):,} are in one of them only, such as '{odd}'. Test both on the same file, with the same split and limit."
        )
    changed = [e.id for e in a.rows.examples if example_digest(e) != example_digest(b.rows.examples[b.place[e.id]])]
    if changed:
        raise BenchError(
            f"{where} were not tested on the same rows: {len(changed):,} of {len(ours):,} have the same id and other inputs or "
            f"targets, such as '{changed[0]}'. Test both on the same file."
        )


def same_metrics(a: StrategyResult, b: StrategyResult) -> tuple[list[Metric], list[str]]:
    """The metrics of both, the primary one of A first, and what is to be said of those that only one has."""
    theirs = {metric.name: metric for metric in b.rows.metrics}
    ours = {metric.name: metric for metric in a.rows.metrics}
    problems = [
        f"{name} is not the same score in both runs: '{metric.signature}' in {a.run.name}, '{theirs[name].signature}' in {b.run.name}"
        for name, metric in ours.items()
        if name in theirs and metric.signature != theirs[name].signature
    ]
    scripts = [{k: v for c in side.cells for k, v in side.run.results[c.id].provenance.items() if k.startswith(SCRIPT)} for side in (a, b)]
    problems += [
        f"{name.removeprefix(SCRIPT)} is not the same score in both runs: the script of the metric has changed between them"
        for name in scripts[0].keys() & scripts[1].keys()
        if scripts[0][name] != scripts[1][name]
    ]
    if problems:
        raise BenchError(problems)
    primary = a.rows.task.primary
    if primary not in theirs or primary not in ours:
        raise BenchError(f"{b.run.name} does not have the score {primary}, which decides in {a.run.name}: add its metric to the task")
    warnings = []
    if b.rows.task.primary != primary:
        warnings.append(f"{a.run.name} is decided by {primary}, as here, and {b.run.name} by {b.rows.task.primary}.")
    alone = [name for name in (*ours, *theirs) if (name in ours) != (name in theirs)]
    if alone:
        warnings.append(f"Only one of the two runs has {', '.join(alone)}.")
    return [metric for name, metric in ours.items() if name in theirs], warnings


@dataclass(frozen=True)
class Pairing:
    """Two sides on the rows of A, in their order; `order` says where each stands in B."""

    a: StrategyResult
    b: StrategyResult
    order: list[int]

    @property
    def groups(self) -> tuple[str | None, ...]:
        return self.a.rows.groups

    def stacks(self, metric: Metric) -> tuple[Array, Array]:
        """The statistics of A and of B, (examples, seeds, d) each; d is the same for both, also where one has no number at all."""
        first, second = self.a.rows.stack(metric, self.a.cells), self.b.rows.stack(metric, self.b.cells)[self.order]
        one, two = equally_wide([first, second])
        return one, two
