"""What the test examples of a task can show, before a run: by their number and groups, and the spread of an earlier run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.gate import Policy
from harness.metrics import BOUNDS, metrics_for
from harness.reporting.views.comparison.guardrail_forecast import GuardrailForecast, forecast_guardrails
from harness.results import RunResults, TaskResults
from harness.statistics import (
    MeanSpread,
    PairedSpread,
    PowerAnalysis,
    analyze_power,
    difference_claim_limits,
    effective_units,
    levels_against_each,
    orient,
    recommend,
    smallest_shown_loss,
    solve_examples,
    worst_spread,
)
from harness.types import Example, Metric, Task

Array: TypeAlias = NDArray[np.float64]

_GROWTHS = tuple(1.02**k for k in range(1, 600))  # of the test set, up to 144,000 times as large
ALPHA = 0.05  # of the recommendation, and of a comparison


@dataclass(frozen=True)
class SpreadSource:
    """The pair of strategies of an earlier run whose spread was used; `shares_examples` tells whether that run had these test examples."""

    a: str
    b: str
    run: str
    shares_examples: bool


@dataclass(frozen=True)
class SizeBound:
    """What a test set can never show, whatever the outputs are, since failures may be unseen.

    Attributes:
        smallest_margin: no smaller margin can be tested.
        examples_needed: of examples like these, for the planned margin; None where these are enough.
        rarest: the label with the fewest examples, and `count`, how many it has; "" and the independent examples, where the score does not
            weigh labels equally.
    """

    smallest_margin: float
    examples_needed: int | None
    rarest: str
    count: int


@dataclass(frozen=True)
class PowerForecast:
    """What the test set of one task can show.

    Attributes:
        level: of the metric: "example", or a score of all examples together.
        groups: the number of groups of examples; None where every example is its own.
        source: where the spread comes from; None for the worst case.
        power: None where there is no worst case to compute with.
        bound: what the size of the test set rules out without knowing any spread, for such scores; None where that is not known.
        strategies: the number of strategies among which one is chosen, and `names`, where these are known.
        is_assumed: whether nothing says how many there are, so that it is the fewest that can be compared.
        looks: the evaluations of this test set that are planned.
        alpha: the level of the claim, before it is divided among strategies and looks.
        guardrails: what it can show about each guardrail of the task.
    """

    task: str
    score: str
    direction: str
    level: str
    unit: str
    examples: int
    groups: int | None
    margin: float
    source: SpreadSource | None
    power: PowerAnalysis | None
    bound: SizeBound | None = None
    strategies: int = 2
    names: tuple[str, ...] = ()
    is_assumed: bool = False
    looks: int = 1
    alpha: float = ALPHA
    guardrails: tuple[GuardrailForecast, ...] = ()


def forecast_power(
    task: Task,
    examples: Sequence[Example],
    *,
    margin: float | None = None,
    earlier: RunResults | None = None,
    strategies: int | None = None,
    names: Sequence[str] = (),
    policy: Policy | None = None,
) -> PowerForecast:
    """What these test examples can show about the primary score of a task, and about its guardrails.

    Args:
        margin: Δ; by default the task's own.
        earlier: a run on similar data, whose spread is used.
        strategies: the number of strategies among which one is chosen; by default as many as the earlier run has, or two.
        names: those of the strategies, where they are known.
        policy: a release policy. The level is then that of its rules on the best of the strategies, of which one is the baseline; else that
            of the recommendation.

    Raises:
        BenchError: the earlier run lacks the task or the score, or has fewer than two strategies that differ.
    """
    labels = task.labels or tuple(dict.fromkeys(label for example in examples for label in example.choices))
    metrics = metrics_for(task.metrics, labels)
    metric = next(m for m in metrics if m.name == task.primary)
    sizes = _group_sizes(examples)
    margin = margin or task.margin
    alpha, looks = (policy.alpha, policy.looks or 1) if policy is not None else (ALPHA, 1)
    count = strategies or (sum(1 for each in _find_task(earlier, task).strategies if each.done) if earlier is not None else 2)
    spread: MeanSpread | PairedSpread | None
    if earlier is None:
        spread, source, level = worst_spread(metric, sizes), None, alpha / max(1, count - 1)
    else:
        spread, source, level = _spread_of_run(earlier, task, metric, examples, count, alpha, margin, together=policy is None)
    width = BOUNDS[metric.unit][1] - BOUNDS[metric.unit][0] if metric.unit in BOUNDS else math.inf
    power = analyze_power(spread, len(examples), margin, alpha=level / looks, strategies=count, most=width) if spread is not None else None

    def find_spread(other: Metric, scored: Sequence[Example], accepted: float) -> MeanSpread | PairedSpread | None:
        if earlier is None:
            return worst_spread(other, _group_sizes(scored))
        try:
            return _spread_of_run(earlier, task, other, examples, 2, alpha, accepted, together=False)[0]
        except BenchError:  # the earlier run does not have this score, or it did not differ
            return None

    guardrails = forecast_guardrails(
        task.guardrails, metrics, examples, find_spread=find_spread, worst_case=earlier is None, strategies=count
    )
    return PowerForecast(
        task=task.name,
        score=metric.name,
        direction=metric.direction,
        level=metric.level,
        unit=metric.unit,
        examples=len(examples),
        groups=len(sizes) if len(sizes) < len(examples) else None,
        margin=margin,
        source=source,
        power=power,
        bound=_find_bound(metric, labels, examples, sizes, margin, level / looks) if power is None else None,
        strategies=count,
        names=tuple(names),
        is_assumed=strategies is None and earlier is None,
        looks=looks,
        alpha=alpha,
        guardrails=guardrails,
    )


def _find_bound(
    metric: Metric, labels: Sequence[str], examples: Sequence[Example], sizes: Sequence[int], margin: float, level: float
) -> SizeBound | None:
    counts = {"": effective_units(sizes)}
    if metric.labels:
        groups_of = {label: {e.group or e.id for e in examples if e.targets and e.targets[0] == label} for label in labels}
        counts = {label: len(groups) for label, groups in groups_of.items() if groups}
    if metric.unit not in BOUNDS or not counts or metric.no_interval or metric.direction == "none":
        return None
    rarest = min(counts, key=lambda label: counts[label])
    smallest = [smallest_shown_loss(metric, list(counts.values()), level, growth=growth) for growth in (1.0, *_GROWTHS)]
    needed = next((growth for growth, loss in zip((1.0, *_GROWTHS), smallest, strict=True) if loss < margin), None)
    enough = None if needed in (1.0, None) else math.ceil(len(examples) * (needed or 1.0))
    return SizeBound(smallest[0], enough, rarest, counts[rarest])


def _group_sizes(examples: Sequence[Example]) -> list[int]:
    return list(Counter(example.group if example.group is not None else object() for example in examples).values())


def _find_task(run: RunResults, task: Task) -> TaskResults:
    if task.name not in run.plan.tasks:
        raise BenchError(f"{run.path}: has no task '{task.name}', so it cannot provide a spread.")
    return run.by_task[task.name]


def _hardest_open_pair(
    stacks: Mapping[str, Array], metric: Metric, results: TaskResults, alpha: float, margin: float
) -> tuple[str, str] | None:
    """B and A of the comparison that decides how many examples the report of this run asks for; None where it leaves nothing open, or where
    the observed values speak against equally good strategies."""
    if len(stacks) < 2 or metric.direction == "none":
        return None
    recommendation = recommend(stacks, dict.fromkeys(stacks), metric=metric, margin=margin, groups=results.groups, alpha=alpha)
    if recommendation is None:
        return None
    open_ = [
        (lead.sample_size.examples, (candidate.name, name))
        for candidate in recommendation.candidates
        if candidate.sample_size is not None and candidate.name != recommendation.best
        for name, lead in candidate.leads.items()
        if lead.sample_size is not None and lead.sample_size.assumption == "equal"
    ]
    return max(open_)[1] if open_ else None


def _spread_of_run(
    run: RunResults,
    task: Task,
    metric: Metric,
    examples: Sequence[Example],
    strategies: int,
    alpha: float,
    margin: float,
    *,
    together: bool,
) -> tuple[MeanSpread | PairedSpread, SpreadSource, float]:
    """The spread that asks for most examples to show "B not worse than A by more than the margin"; its pair; and the level of that limit.

    The pair is the one that decides the number in the run's own report: of the strategies that may be as good as the best. Where that
    report leaves none open, it is one of trained strategies, or of any where fewer than two are trained. The level is that of the
    recommendation among so many strategies: the run's own where it has as many, otherwise Bonferroni's.

    Args:
        together: whether the level is that of the recommendation, in which the strategies are compared together. Release rules on the best
            of them have Bonferroni's.

    Raises:
        BenchError: there is no pair.
    """
    results = _find_task(run, task)
    own = next((m for m in results.metrics if m.name == metric.name), None)
    if own is None:
        raise BenchError(f"{run.path}: its task '{task.name}' does not have the score {metric.name}.")
    done = [result for result in results.strategies if result.done]
    named = dict(zip((result.label for result in done), results.stacks(own, [result.done for result in done]), strict=True)) if done else {}
    levels: Mapping[str, float] = {}
    if together and strategies == len(done):
        levels = levels_against_each(named, metric=own, groups=results.groups, alpha=alpha)
    trained = [result for result in done if result.trained]
    open_ = _hardest_open_pair(named, own, results, alpha, margin)
    pairs = [pair for pair in permutations(done, 2) if (pair[0].label, pair[1].label) == open_]
    known = []
    for b, a in pairs or permutations(trained if len(trained) > 1 else done, 2):
        limits = difference_claim_limits(*results.stacks(own, [a.done, b.done]), metric=own, groups=results.groups, alpha=alpha)
        spread = orient(limits, higher_is_better=own.direction != "lower").spread
        if isinstance(spread, MeanSpread | PairedSpread) and spread.se:
            level = levels.get(a.label, alpha / max(1, strategies - 1))
            needed = solve_examples(spread, threshold=-margin, assumed=0.0, alpha=level)
            known.append((math.inf if needed is None else needed, spread, a.label, b.label, level))
    if not known:
        raise BenchError(f"{run.path}: '{task.name}' has no two strategies whose results differ, so it cannot provide a spread.")
    _, spread, a_label, b_label, level = max(known, key=lambda each: each[0])
    ids = {example.id for example in examples}
    shares = not ids.isdisjoint(example.id for example in results.examples)
    return spread, SpreadSource(a_label, b_label, run.name, shares), level
