"""What the test examples of a task can show, before a run: by their number and groups, and the spread of an earlier run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from harness.errors import BenchError
from harness.metrics import metrics_for
from harness.reporting.views.comparison.guardrail_forecast import GuardrailForecast, forecast_guardrails
from harness.results import RunResults
from harness.statistics import PowerAnalysis, analyze_power, compare_scores, effective_units, largest_spread
from harness.types import Example, Metric, Task


@dataclass(frozen=True)
class SpreadSource:
    """The pair of strategies of an earlier run whose spread was used; `shares_examples` tells whether that run had these test examples."""

    a: str
    b: str
    run: str
    shares_examples: bool


@dataclass(frozen=True)
class PowerForecast:
    """What the test set of one task can show.

    Attributes:
        groups: the number of groups of examples; None where every example is its own.
        source: where the spread comes from; None for the worst case.
        power: None where there is no worst case to compute with.
        guardrails: what it can show about each guardrail of the task.
    """

    task: str
    score: str
    level: str
    unit: str
    examples: int
    groups: int | None
    margin: float
    source: SpreadSource | None
    power: PowerAnalysis | None
    guardrails: tuple[GuardrailForecast, ...] = ()


def forecast_power(
    task: Task, examples: Sequence[Example], *, margin: float | None = None, earlier: RunResults | None = None
) -> PowerForecast:
    """What these test examples can show about the primary score of a task, and about its guardrails.

    Args:
        margin: Δ; by default the task's own.
        earlier: a run on similar data, whose spread is used.

    Raises:
        BenchError: the earlier run lacks the task or the score, or has fewer than two strategies that differ.
    """
    labels = task.labels or tuple(dict.fromkeys(label for example in examples for label in example.choices))
    metrics = metrics_for(task.metrics, labels)
    metric = next(m for m in metrics if m.name == task.primary)
    sizes = list(Counter(example.group if example.group is not None else object() for example in examples).values())
    groups = len(sizes) if len(sizes) < len(examples) else None
    margin, source = margin or task.margin, None
    if earlier is None:
        spread, units = largest_spread(metric), effective_units(sizes)
    else:
        spread, source = _spread_of_run(earlier, task, metric, {example.id for example in examples})
        units = groups or len(examples)
    power = analyze_power(units, spread, margin) if spread else None

    def find_spread(other: Metric) -> float | None:
        if earlier is None:
            return largest_spread(other)
        try:
            return _spread_of_run(earlier, task, other, {example.id for example in examples})[0]
        except BenchError:  # the earlier run does not have this score, or it did not differ
            return None

    guardrails = forecast_guardrails(task.guardrails, metrics, examples, find_spread=find_spread, worst_case=earlier is None)
    return PowerForecast(task.name, metric.name, metric.level, metric.unit, len(examples), groups, margin, source, power, guardrails)


def _spread_of_run(run: RunResults, task: Task, metric: Metric, ids: set[str]) -> tuple[float, SpreadSource]:
    """The largest σ among the pairs of trained strategies (of all, where fewer than two are trained), and the pair that has it.

    Raises:
        BenchError: there is no pair.
    """
    if task.name not in run.plan.tasks:
        raise BenchError(f"{run.path}: has no task '{task.name}', so it cannot provide a spread.")
    results = run.by_task[task.name]
    own = next((m for m in results.metrics if m.name == metric.name), None)
    if own is None:
        raise BenchError(f"{run.path}: its task '{task.name}' does not have the score {metric.name}.")
    done = [result for result in results.strategies if result.done]
    trained = [result for result in done if result.trained]
    spreads = []
    for b, a in combinations(trained if len(trained) > 1 else done, 2):
        comparison = compare_scores(*results.stacks(own, [a.done, b.done]), metric=own, groups=results.groups, margin=None)
        if comparison.se:
            spreads.append((comparison.se * comparison.units**0.5, a.label, b.label))
    if not spreads:
        raise BenchError(f"{run.path}: '{task.name}' has no two strategies whose results differ, so it cannot provide a spread.")
    spread, a_label, b_label = max(spreads)
    shares = not ids.isdisjoint(example.id for example in results.examples)
    return spread, SpreadSource(a_label, b_label, run.name, shares)
