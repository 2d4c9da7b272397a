"""What the test rows of a task can show, before a run: rows and groups as they are, the spread from an earlier run or the worst case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.errors import BenchError
from harness.metrics import metrics_for
from harness.reporting.wording import numbers
from harness.results import RunResults
from harness.statistics import PowerAnalysis, analyze_power, compare_scores, effective_units, largest_spread
from harness.types import Example, Metric, Task

_WORST = "the worst case"


@dataclass(frozen=True)
class Foresight:
    """One task. `spread_of` says where the spread comes from; `outlook` is None where there is none, and `sentences` say so."""

    task: str
    score: str
    rows: int
    groups: int | None
    spread_of: str
    outlook: PowerAnalysis | None
    sentences: tuple[str, ...]


def foresee_task(task: Task, test: Sequence[Example], *, margin: float | None = None, earlier: RunResults | None = None) -> Foresight:
    """What these test rows can show about the primary score of a task.

    Args:
        margin: Δ, in place of the task's own.
        earlier: a run on such data, whose spread is taken.

    Raises:
        BenchError: the earlier run has no such task, or fewer than two strategies to compare.
    """
    labels = task.labels or tuple(dict.fromkeys(label for e in test for label in e.choices))
    metric = next(m for m in metrics_for(task.metrics, labels) if m.name == task.primary)
    sizes = list(Counter(e.group if e.group is not None else object() for e in test).values())
    groups = len(sizes) if len(sizes) < len(test) else None
    spread, spread_of = _spread_of_run(earlier, task, metric) if earlier is not None else (largest_spread(metric), _WORST)
    wanted = margin or task.margin
    units = groups or len(test) if earlier is not None else effective_units(sizes)
    found = analyze_power(units, spread, wanted) if spread else None
    sentences = _sentences(found, metric, groups, spread_of, wanted)
    if earlier is not None and {e.id for e in test}.isdisjoint(e.id for e in earlier.examples(task.name)):
        sentences.insert(1, "Its test rows are others than these: whether they are alike is not known here.")
    return Foresight(task.name, metric.name, len(test), groups, spread_of if spread else "", found, tuple(sentences))


def _spread_of_run(run: RunResults, task: Task, metric: Metric) -> tuple[float, str]:
    """The largest σ among the pairs of tuned strategies (of all, where fewer than two are tuned), and which pair that is.

    Raises:
        BenchError: there is no pair.
    """
    if task.name not in run.plan.tasks:
        raise BenchError(f"{run.path}: has no task '{task.name}' whose spread could be taken")
    rows = run.by_task[task.name]
    if metric.name not in {m.name for m in rows.metrics}:
        raise BenchError(f"{run.path}: its task '{task.name}' does not have the score {metric.name}")
    scored = [ln for ln in rows.strategies if ln.done]
    tuned = [ln for ln in scored if ln.trained]
    found = []
    for b, a in combinations(tuned if len(tuned) > 1 else scored, 2):
        own = next(m for m in rows.metrics if m.name == metric.name)
        sides = rows.stacks(own, [a.done, b.done])
        compared = compare_scores(*sides, metric=own, groups=rows.groups, margin=None)
        if compared.se:
            found.append((compared.se * compared.units**0.5, f"{a.label} and {b.label} in {run.name}"))
    if not found:
        raise BenchError(f"{run.path}: '{task.name}' has no two strategies with results that differ, so no spread can be taken")
    return max(found)


def _sentences(found: PowerAnalysis | None, metric: Metric, groups: int | None, spread_of: str, margin: float) -> list[str]:
    unit, what = metric.unit, "groups of rows" if groups else "test rows"
    if found is None:
        why = "is made from all rows together" if metric.level != "example" else "has no limits"
        return [f"{metric.name} {why}, so there is no worst case to reckon with: name an earlier run on such data with --from."]
    source = f"Taken is the spread of the difference of {spread_of}."
    if spread_of == _WORST:
        source = "Taken is the worst case: each of the two fails where the other is right. --from RUN takes the spread of an earlier run."
    detectable = numbers.with_unit(numbers.score(found.detectable, unit), unit)
    shown = f"“not worse by more than Δ = {numbers.margin(margin)}”"
    if found.is_sufficient:
        answer = f"The question can be answered: {shown} is shown in {_percent(found.power)} of such experiments if both are equally good."
    else:
        answer = (
            f"The question cannot be answered with these rows: {shown} would be shown in {_percent(found.power)} of such experiments if "
            f"both are equally good. It takes about {numbers.about(found.units_needed)} {what}, or a margin of "
            f"{numbers.score(found.smallest_margin, unit)}."
        )
    return [source, f"A difference of {detectable} is found four times in five with {found.units:,} {what}.", answer]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
