"""Two strategies against each other: those of one run, or the same one in two runs, on the same test rows.

    compare_runs([run], Wanted(("lora", "qlora")), by="alert_kind")

Rows are joined on their id and a digest of inputs and targets, never on their place; prompts may differ, for they are a part of what
is compared. What cannot be compared is refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.reporting.views.comparison_pairs import Wanted, opponents, side_of
from harness.reporting.views.comparison_view import Changed, ComparisonView, ScoreRow, Side, Slice
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
_LEAST_SLICE = 2  # rows of a slice that have a difference at all
# What a cell was made with, and what it means where two sides differ in it.
_MACHINE = ("device", "dtype")


def compare_runs(runs: Sequence[RunResults], wanted: Wanted, *, by: str | None = None, margin: float | None = None) -> list[ComparisonView]:
    """Every comparison that is asked for; see `opponents` for who meets whom.

    Raises:
        BenchError: see `opponents` and `compare_sides`.
    """
    return [compare_sides(a, b, by=by, margin=margin) for a, b in opponents(runs, wanted)]


def compare_sides(a: StrategyResult, b: StrategyResult, *, by: str | None = None, margin: float | None = None) -> ComparisonView:
    """B against A.

    Args:
        by: what the rows are sliced by; see `slice_examples`.
        margin: Δ, in the unit of the primary score, in place of the task's own.

    Raises:
        BenchError: other test rows, another metric, no such column.
    """
    if (a.run.path.resolve(), a.done) == (b.run.path.resolve(), b.done):
        raise BenchError(f"{a.label} is compared with itself: name two strategies, or two runs")
    check_same_examples(a, b)
    metrics, warnings = shared_metrics(a, b)
    pair = _Pair(a, b, [b.positions[example.id] for example in a.examples], margin or a.task.margin)
    primary = metrics[0]
    judging = example_metric_of(metrics)
    sliced = primary if judging is None or not a.task.chooses else judging
    return ComparisonView(
        task=a.task.name,
        rows=len(a.examples),
        margin=pair.margin,
        a=_named(a, b, "A"),
        b=_named(b, a, "B"),
        scores=_adjusted_scores([pair.score(m, is_primary=m is primary) for m in metrics]),
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
        warnings=(*warnings, *_other_versions(a, b), *_unfinished(a, b)),
    )


def _named(one: StrategyResult, other: StrategyResult, letter: str) -> Side:
    """The side, with its letter where the two would be called the same."""
    view = side_of(one)
    return replace(view, label=f"{view.label} ({letter})") if one.label == other.label else view


@dataclass(frozen=True)
class _Pair(Pairing):
    """Both sides, with the margin that counts."""

    margin: float

    def compare(self, metric: Metric, rows: Sequence[int] | None = None, *, with_margin: bool = True) -> Comparison:
        first, second = self.stacks(metric)
        groups = self.groups
        if rows is not None:
            first, second, groups = first[rows], second[rows], tuple(groups[i] for i in rows)
        return compare_scores(first, second, metric=metric, groups=groups, margin=self.margin if with_margin else None)

    def score(self, metric: Metric, *, is_primary: bool) -> ScoreRow:
        return ScoreRow(
            name=metric.name,
            direction=metric.direction,
            unit=metric.unit,
            signature=metric.signature,
            a=self.a.scores[metric.name],
            b=self.b.scores[metric.name],
            found=self.compare(metric, with_margin=is_primary),
            adjusted=None,
        )


def _adjusted_scores(scores: Sequence[ScoreRow]) -> tuple[ScoreRow, ...]:
    primary, *others = scores
    p_values = adjust_p_values([row.found.p_value for row in others])
    return (primary, *(replace(row, adjusted=p) for row, p in zip(others, p_values, strict=True)))


def _kept(pair: _Pair, primary: Metric) -> KeptGain | None:
    """What B keeps of A's gain, where both adapt the same model and A's run has its base."""
    a, b = pair.a, pair.b
    digests = {side.run.plan.models[side.model].digest for side in (a, b)}
    if a.base is None or a.base.model != a.model or len(digests) > 1 or a.is_base or b.is_base or primary.direction == "none":
        return None
    first, second = pair.stacks(primary)
    three = equally_wide([a.base.stack(primary), first, second])
    return kept_gain(*three, metric=primary, groups=pair.groups)


def _reductions(pair: _Pair, metrics: Sequence[Metric]) -> dict[str, Reduction]:
    found = {m.name: relative_reduction(*pair.stacks(m), metric=m, groups=pair.groups) for m in metrics if is_error_rate(m)}
    return {name: reduction for name, reduction in found.items() if reduction is not None}


def _changed(pair: _Pair, metric: Metric) -> tuple[Changed, ...]:
    """The examples that changed most, in either direction, the largest change first; none that did not change."""
    first, second = (stack[:, :, 0].mean(axis=1) for stack in pair.stacks(metric))
    change = np.where(np.isnan(second - first), 0.0, second - first)
    order = [int(i) for i in np.argsort(-np.abs(change), kind="stable")[:MOST_CHANGED] if abs(change[i]) > 1e-12]
    found = []
    for i in order:
        example = pair.a.examples[i]
        title = example.inputs.get("question") or next(iter(example.inputs.values()), "")
        outputs = _telling_outputs(pair, metric, i, example.id)
        found.append(Changed(example.id, title, example.targets, float(first[i]), float(second[i]), *outputs))
    return tuple(found)


def _telling_outputs(pair: _Pair, metric: Metric, row: int, name: str) -> tuple[str, str]:
    """What A and B wrote with those of their seeds that differ most in the direction in which the mean of all seeds does."""
    first, second = (stack[row, :, 0] for stack in pair.stacks(metric))
    rises = second.mean() > first.mean()
    seeds = (int(first.argmin()), int(second.argmax())) if rises else (int(first.argmax()), int(second.argmin()))
    wrote = [side.predictions(side.done[k]) for side, k in zip((pair.a, pair.b), seeds, strict=True)]
    one, two = (next((p.output for p in predictions if p.example_id == name), "") for predictions in wrote)
    return one, two


def _slices(pair: _Pair, metric: Metric, by: str) -> tuple[Slice, ...]:
    """By a score that a part of the rows can have: an average over labels has no meaning on rows that lack some of them."""
    found = []
    for name, rows in slice_examples(pair.a.examples, by).items():
        compared = pair.compare(metric, rows)
        first, second = (_score_on(stack[rows], metric) for stack in pair.stacks(metric))
        found.append(Slice(name, len(rows), first, second, compared, None))
    p_values = adjust_p_values([s.found.p_value if s.rows >= _LEAST_SLICE else None for s in found])
    return tuple(replace(s, adjusted=p) for s, p in zip(found, p_values, strict=True))


def _score_on(stack: Array, metric: Metric) -> float | None:
    """The score on these rows, (n, seeds, d), the mean of the seeds; None where no row has one."""
    whole = stack[~np.isnan(stack).any(axis=(1, 2))]
    if not len(whole):
        return None
    return float(np.mean(observed_scores(metric, whole)))


def _other_versions(a: StrategyResult, b: StrategyResult) -> list[str]:
    """Scores drift between versions of the stack, by points at times."""
    ours, theirs = (_made_with(side) for side in (a, b))
    if not ours or not theirs:  # outputs that were made elsewhere: nobody knows with what
        return []
    differing = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
    packages = [name for name in differing if name not in _MACHINE]
    said = []
    if packages:
        listed = ", ".join(f"{name} {ours.get(name, 'none')} and {theirs.get(name, 'none')}" for name in packages)
        said.append(f"The two were made with different versions, which can change a score by itself: {listed}.")
    said += [f"The two were computed on another {name}: {ours.get(name)} and {theirs.get(name)}." for name in _MACHINE if name in differing]
    return said


def _made_with(side: StrategyResult) -> dict[str, str]:
    """Versions, device and dtype of the cells; several of one package are all named."""
    from harness.measure import RESULT_PACKAGES

    found: dict[str, dict[str, None]] = {}
    for cell in side.done:
        for name, value in side.run.results[cell.id].provenance.items():
            if name in ("finetune-bench", *RESULT_PACKAGES, *_MACHINE):
                found.setdefault(name, {})[value] = None
    return {name: " / ".join(values) for name, values in found.items()}


def _unfinished(a: StrategyResult, b: StrategyResult) -> list[str]:
    return [f"{side.label}: only {len(side.done)} of {len(side.cells)} seeds are done." for side in (a, b) if not side.complete]
