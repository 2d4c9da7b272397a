"""Compare two strategies on the same test examples: of one run, or the same strategy in two runs.

    compare_runs([run], ComparisonRequest(("lora", "qlora")), by="alert_kind")

Examples are joined on their id and a digest of inputs and references, never on their position. Prompts may differ, since they are a part of
what is compared. What cannot be compared is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.measure import RESULT_PACKAGES
from harness.reporting.views.comparison.comparison_request import ComparisonRequest, select_pairs
from harness.reporting.views.comparison.comparison_view import (
    ChangedExample,
    ComparedScore,
    ComparedSlice,
    ComparedStrategy,
    ComparisonView,
    SetupDifference,
)
from harness.reporting.views.unchecked_scores import find_unchecked
from harness.results import (
    Pairing,
    RunResults,
    StrategyResult,
    check_same_examples,
    equally_wide,
    example_metric_of,
    is_error_rate,
    shared_metrics,
    slice_examples,
)
from harness.statistics import (
    Comparison,
    KeptGain,
    Reduction,
    adjust_p_values,
    compare_scores,
    kept_gain,
    not_worse,
    observed_scores,
    relative_reduction,
    seed_spread,
)
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

MOST_CHANGED = 5
_LEAST_SLICE = 2  # examples of a slice whose difference is tested
_MACHINE = ("device", "dtype")


def compare_runs(
    runs: Sequence[RunResults], request: ComparisonRequest, *, by: str | None = None, margin: float | None = None
) -> list[ComparisonView]:
    """Every comparison that the request selects, see `select_pairs`.

    Raises:
        BenchError: see `select_pairs` and `compare_strategies`.
    """
    pairs = select_pairs(runs, request)
    names = {a.task.name for a, _ in pairs}
    unchecked = {name: find_unchecked([run.by_task[name] for run in runs if name in run.by_task]) for name in names}
    return [compare_strategies(a, b, by=by, margin=margin, unchecked=unchecked[a.task.name]) for a, b in pairs]


def compare_strategies(
    a: StrategyResult, b: StrategyResult, *, by: str | None = None, margin: float | None = None, unchecked: Collection[str] = ()
) -> ComparisonView:
    """B against A.

    Args:
        by: what the examples are sliced by, see `slice_examples`.
        margin: Δ, in the unit of the primary score; by default the task's own.
        unchecked: scores that are not shown to agree with people.

    Raises:
        BenchError: different test examples, a different metric, an unknown column.
    """
    if (a.run.path.resolve(), a.done) == (b.run.path.resolve(), b.done):
        raise BenchError(f"{a.label} is compared with itself. Name two strategies, or two runs.")
    check_same_examples(a, b)
    metrics, mismatch = shared_metrics(a, b)
    pair = _Pair(a, b, [b.positions[example.id] for example in a.examples], margin or a.task.margin)
    primary = metrics[0]
    judging = example_metric_of(metrics)
    sliced = primary if judging is None or not a.task.chooses else judging
    return ComparisonView(
        task=a.task.name,
        examples=len(a.examples),
        margin=pair.margin,
        a=_describe(a, b, "A"),
        b=_describe(b, a, "B"),
        scores=_with_adjusted_p(
            [pair.score(metric, is_primary=metric is primary, unchecked=metric.name in unchecked) for metric in metrics]
        ),
        over_seeds=seed_spread(
            *pair.stacks(primary), metric=primary, varies_by_seed=(a.varies_by_seed, b.varies_by_seed), groups=pair.groups
        ),
        not_worse=not_worse(*pair.stacks(primary), metric=primary, margin=pair.margin, groups=pair.groups)
        if primary.direction != "none"
        else None,
        kept=_kept(pair, primary),
        reductions=_reductions(pair, metrics),
        changed_by=judging.name if judging else "",
        changed=_changed(pair, judging) if judging else (),
        by=by or "",
        sliced=sliced.name,
        slices=_slices(pair, sliced, by) if by else (),
        mismatch=mismatch,
        setup=_setup_differences(a, b),
        incomplete=tuple((side.label, len(side.done), len(side.cells)) for side in (a, b) if not side.complete),
    )


@dataclass(frozen=True)
class _Pair(Pairing):
    """Both strategies, with the margin of the comparison."""

    margin: float

    def compare(self, metric: Metric, positions: Sequence[int] | None = None, *, with_margin: bool = True) -> Comparison:
        first, second = self.stacks(metric)
        groups = self.groups
        if positions is not None:
            first, second, groups = first[positions], second[positions], tuple(groups[i] for i in positions)
        return compare_scores(first, second, metric=metric, groups=groups, margin=self.margin if with_margin else None)

    def score(self, metric: Metric, *, is_primary: bool, unchecked: bool) -> ComparedScore:
        return ComparedScore(
            name=metric.name,
            direction=metric.direction,
            unit=metric.unit,
            signature=metric.signature,
            a=self.a.scores[metric.name],
            b=self.b.scores[metric.name],
            comparison=self.compare(metric, with_margin=is_primary),
            adjusted=None,
            unchecked=unchecked,
        )


def _describe(one: StrategyResult, other: StrategyResult, letter: str) -> ComparedStrategy:
    """The strategy, with its letter where both would have the same label."""
    return ComparedStrategy(
        run=one.run.name,
        label=f"{one.label} ({letter})" if one.label == other.label else one.label,
        strategy=one.strategy,
        model=one.model,
        train_size=one.train_size,
        seeds=one.seeds,
        costs=one.costs,
        varies_by_seed=one.varies_by_seed,
    )


def _with_adjusted_p(scores: Sequence[ComparedScore]) -> tuple[ComparedScore, ...]:
    primary, *others = scores
    p_values = adjust_p_values([score.comparison.p_value for score in others])
    return (primary, *(replace(score, adjusted=p) for score, p in zip(others, p_values, strict=True)))


def _kept(pair: _Pair, primary: Metric) -> KeptGain | None:
    """What B keeps of A's improvement, where both adapt the same model and A's run has its base."""
    a, b = pair.a, pair.b
    digests = {side.run.plan.models[side.model].digest for side in (a, b)}
    if a.base is None or a.base.model != a.model or len(digests) > 1 or a.is_base or b.is_base or primary.direction == "none":
        return None
    first, second = pair.stacks(primary)
    stacks = equally_wide([a.base.stack(primary), first, second])
    return kept_gain(*stacks, metric=primary, groups=pair.groups)


def _reductions(pair: _Pair, metrics: Sequence[Metric]) -> dict[str, Reduction]:
    rates = filter(is_error_rate, metrics)
    reductions = {m.name: relative_reduction(*pair.stacks(m), metric=m, groups=pair.groups) for m in rates}
    return {name: reduction for name, reduction in reductions.items() if reduction is not None}


def _changed(pair: _Pair, metric: Metric) -> tuple[ChangedExample, ...]:
    """The examples that changed most, in either direction, the largest change first; none that did not change."""
    first, second = (stack[:, :, 0].mean(axis=1) for stack in pair.stacks(metric))
    change = np.where(np.isnan(second - first), 0.0, second - first)
    order = [int(i) for i in np.argsort(-np.abs(change), kind="stable")[:MOST_CHANGED] if abs(change[i]) > 1e-12]
    changed = []
    for i in order:
        example = pair.a.examples[i]
        title = example.inputs.get("question") or next(iter(example.inputs.values()), "")
        outputs = _differing_outputs(pair, metric, i, example.id)
        changed.append(ChangedExample(example.id, title, example.targets, float(first[i]), float(second[i]), *outputs))
    return tuple(changed)


def _differing_outputs(pair: _Pair, metric: Metric, position: int, example_id: str) -> tuple[str, str]:
    """The outputs of A and B with those seeds that differ most in the direction in which the mean over seeds does."""
    first, second = (stack[position, :, 0] for stack in pair.stacks(metric))
    rises = second.mean() > first.mean()
    seeds = (int(first.argmin()), int(second.argmax())) if rises else (int(first.argmax()), int(second.argmin()))
    both = [side.predictions(side.done[k]) for side, k in zip((pair.a, pair.b), seeds, strict=True)]
    output_a, output_b = (next((p.output for p in predictions if p.example_id == example_id), "") for predictions in both)
    return output_a, output_b


def _slices(pair: _Pair, metric: Metric, by: str) -> tuple[ComparedSlice, ...]:
    """By a score that a slice can have: an average over labels has no meaning where some labels are missing."""
    slices = []
    for name, positions in slice_examples(pair.a.examples, by).items():
        comparison = pair.compare(metric, positions)
        first, second = (_score_on(stack[positions], metric) for stack in pair.stacks(metric))
        slices.append(ComparedSlice(name, len(positions), first, second, comparison, None))
    p_values = adjust_p_values([s.comparison.p_value if s.examples >= _LEAST_SLICE else None for s in slices])
    return tuple(replace(s, adjusted=p) for s, p in zip(slices, p_values, strict=True))


def _score_on(stack: Array, metric: Metric) -> float | None:
    """The score on these examples, (n, seeds, d), the mean over seeds; None where no example has one."""
    whole = stack[~np.isnan(stack).any(axis=(1, 2))]
    if not len(whole):
        return None
    return float(np.mean(observed_scores(metric, whole)))


def _setup_differences(a: StrategyResult, b: StrategyResult) -> tuple[SetupDifference, ...]:
    """Packages, device and dtype that differ. Scores change between versions of the stack, by whole points at times."""
    ours, theirs = _setup(a), _setup(b)
    if not ours or not theirs:  # external outputs: it is not known what made them
        return ()
    names = sorted(dict.fromkeys([*ours, *theirs]), key=lambda name: name in _MACHINE)
    return tuple(SetupDifference(name, ours.get(name), theirs.get(name)) for name in names if ours.get(name) != theirs.get(name))


def _setup(side: StrategyResult) -> dict[str, str]:
    """Versions, device and dtype of the cells; several of one package are all named."""
    values: dict[str, dict[str, None]] = {}
    for cell in side.done:
        for name, value in side.run.results[cell.id].provenance.items():
            if name in ("finetune-bench", *RESULT_PACKAGES, *_MACHINE):
                values.setdefault(name, {})[value] = None
    return {name: " / ".join(own) for name, own in values.items()}
