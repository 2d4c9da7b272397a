"""Sanity checks: do the results of a task make sense, before anything is recommended?

| code | severity |
| --- | --- |
| `not_better_than_trivial` | blocks: the claim limits do not show that the strategy beats the trivial baseline |
| `trivial_not_scored` | condition: the trivial baseline has no primary score (a script computes it, or the metric refused it) |
| `constant_output`, `empty_outputs`, `repeats_prompt` | blocks from half of the outputs, condition from a tenth, else note |
| `missed_classes` | condition: of a class with enough test examples, at most a tenth are recognized, and that is no chance |
| `single_class_test_set` | blocks every strategy: nothing can be compared |
| `few_examples_per_class` | condition where the primary score averages over classes, else note |
| `base_already_solves` | note: training cannot bring more than Δ |
| `raters_disagree` | condition where raters see more critical errors than the score, note where they see fewer |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from harness.decision.check_results import SanityCode, SanityFinding, Severity
from harness.decision.missed_classes import FEW_PER_CLASS, find_missed
from harness.decision.output_profile import OutputProfiler
from harness.metrics import BOUNDS, join
from harness.results import StrategyResult, TaskResults, TrivialGain
from harness.review import Findings
from harness.statistics import holm_rejections

ALPHA = 0.05
_BLOCKS, _CONDITIONS, _NOTES = 0.5, 0.1, 0.01  # shares of the outputs
_AVERAGES_OVER_CLASSES = ("balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "auroc", "mcc")
_CRITICAL = "critical_error_rate"


def check_sanity(results: TaskResults, reviews: Sequence[Findings] = ()) -> tuple[SanityFinding, ...]:
    """The findings about a task and its strategies: first those about the task.

    Args:
        reviews: of the task, the oldest first.
    """
    profiler = OutputProfiler(results.task, results.examples)
    return (
        *_check_classes(results),
        *_check_base(results),
        *_compare_with_trivial(results),
        *(finding for result in results.strategies if result.done for finding in _check_outputs(result, profiler)),
        *(finding for result in results.strategies if result.done for finding in _check_recognized_classes(result)),
        *_check_raters(results, reviews),
    )


def _check_classes(results: TaskResults) -> Iterator[SanityFinding]:
    """Classes that the test set lacks, or has too few examples of."""
    if not results.task.chooses or not results.examples:
        return
    counts = Counter(example.targets[0] for example in results.examples if example.targets)
    if len(counts) == 1:
        yield SanityFinding("single_class_test_set", "blocks", numbers={"examples": counts.total()}, texts={"label": tuple(counts)})
        return
    few = sorted((label for label in results.labels if counts[label] < FEW_PER_CLASS), key=lambda label: (counts[label], label))
    if few:
        severity: Severity = "conditions" if results.task.primary in _AVERAGES_OVER_CLASSES else "notes"
        numbers = {"needed": FEW_PER_CLASS, "few": len(few), "labels": len(results.labels), "fewest": counts[few[0]]}
        yield SanityFinding("few_examples_per_class", severity, numbers=numbers, texts={"labels": tuple(few)})


def _check_base(results: TaskResults) -> Iterator[SanityFinding]:
    """Whether the untuned model leaves less than Δ to gain."""
    metric, margin = results.primary, results.task.margin
    if metric is None or metric.direction == "none":
        return
    if metric.direction == "lower":
        best = max(0.0, BOUNDS.get(metric.unit, (0.0, 0.0))[0])
    elif metric.unit in BOUNDS:
        best = BOUNDS[metric.unit][1]
    else:
        return
    for result in results.scored:
        value = result.primary.value if result.primary else None
        if result.is_base and value is not None and abs(best - value) <= margin:
            yield SanityFinding("base_already_solves", "notes", result.label, {"score": value, "best": best, "margin": margin})


def _compare_with_trivial(results: TaskResults) -> Iterator[SanityFinding]:
    """The strategies that are not shown to beat the trivial baseline, with Holm's procedure over all of them."""
    metric, trivial, scored = results.primary, results.trivial, results.scored
    if metric is None or trivial is None or metric.direction == "none" or not scored:
        return
    if not trivial.has_score(metric):
        for result in scored:
            yield SanityFinding("trivial_not_scored", "conditions", result.label, texts={"score": (metric.name,)})
        return
    gains = [TrivialGain(results, result, metric, trivial) for result in scored]
    shown = holm_rejections([partial(_is_shown, gain) for gain in gains], ALPHA)
    texts = {"kind": (trivial.kind,), "score": (metric.name,), "unit": (metric.unit,)}
    texts |= {"label": (trivial.label,)} if trivial.label is not None else {}
    for gain in (gain for gain, is_shown in zip(gains, shown, strict=True) if not is_shown):
        yield SanityFinding("not_better_than_trivial", "blocks", gain.result.label, _numbers_of(gain), texts)


def _is_shown(gain: TrivialGain, alpha: float) -> bool:
    least = gain.least(gain.limits(alpha))
    return least is not None and least > 0


def _numbers_of(gain: TrivialGain) -> dict[str, float]:
    """Both scores, the gain on these examples and the least that it can be, as far as they are known."""
    limits = gain.limits(ALPHA)
    sign = -1.0 if gain.lower_is_better else 1.0
    numbers = {
        "score": gain.result.primary.value if gain.result.primary else None,
        "trivial": gain.trivial_score,
        "gain": None if limits.estimate is None else sign * (limits.estimate - gain.zero),
        "least": gain.least(limits),
        "examples": limits.n,
    }
    return {name: float(value) for name, value in numbers.items() if value is not None}


def _check_outputs(result: StrategyResult, profiler: OutputProfiler) -> Iterator[SanityFinding]:
    """Outputs of a model that does not do the task, over all seeds."""
    profiles = [profiler.profile(result.predictions(cell)) for cell in result.done]
    empty, answered = sum(profile.empty for profile in profiles), sum(profile.answered for profile in profiles)
    yield from _finding_of_share("empty_outputs", result.label, empty, answered)
    repeating, written = sum(profile.repeating for profile in profiles), sum(profile.written for profile in profiles)
    yield from _finding_of_share("repeats_prompt", result.label, repeating, written)
    constants = [profile.constant for profile in profiles if profile.constant is not None]
    if constants:
        severity: Severity = "blocks" if 2 * len(constants) >= len(profiles) else "conditions"
        numbers = {"constant": len(constants), "seeds": len(profiles), "examples": len(result.examples)}
        texts = {"label": tuple(dict.fromkeys(constants))} if result.task.chooses else {}
        yield SanityFinding("constant_output", severity, result.label, numbers, texts)


def _check_recognized_classes(result: StrategyResult) -> Iterator[SanityFinding]:
    """Classes that a strategy hardly ever recognizes with at least one of its seeds, which an average over classes or examples can hide."""
    if not result.task.chooses:
        return
    totals = Counter(example.targets[0] for example in result.examples if example.targets)
    worst: dict[str, int] = {}  # by class: examples recognized, with the seed that recognizes fewest
    models = 0
    for cell in result.done:
        pairs = join(result.examples, result.predictions(cell))
        if len({prediction.answer for _, prediction in pairs}) == 1:
            continue  # `constant_output` and `empty_outputs` name it
        models += 1
        hits = Counter(example.targets[0] for example, prediction in pairs if example.targets and prediction.answer in example.targets)
        worst |= {label: min(hits[label], worst.get(label, hits[label])) for label in totals}
    missed = find_missed(worst, totals, models) if models else []
    if not missed:
        return
    missed.sort(key=lambda label: (worst[label] / totals[label], -totals[label], label))
    numbers = {"missed": len(missed), "labels": len(totals), "recognized": worst[missed[0]], "examples": totals[missed[0]]}
    numbers |= {"seeds": len(result.done)}
    yield SanityFinding("missed_classes", "conditions", result.label, numbers, {"labels": tuple(missed)})


def _finding_of_share(code: SanityCode, label: str, count: int, total: int) -> Iterator[SanityFinding]:
    share = count / total if total else 0.0
    if share >= _NOTES:
        severity: Severity = "blocks" if share >= _BLOCKS else "conditions" if share >= _CONDITIONS else "notes"
        yield SanityFinding(code, severity, label, {"count": count, "outputs": total, "share": share})


def _check_raters(results: TaskResults, reviews: Sequence[Findings]) -> Iterator[SanityFinding]:
    """Strategies whose critical errors, as raters see them, are clearly more or fewer than the automatic score says."""
    latest = {rate.strategy: rate.critical for findings in reviews if findings.representative for rate in findings.error_rates}
    for name, raters in latest.items():
        fitting = [r for r in results.strategies if r.label == name] or [r for r in results.strategies if r.strategy == name]
        score = fitting[0].scores.get(_CRITICAL) if len(fitting) == 1 else None
        if score is None or None in (score.low, score.high, raters.low, raters.high):
            continue
        numbers = {"raters": raters.value, "raters_low": raters.low, "raters_high": raters.high, "rated": raters.n}
        numbers |= {"score": score.value, "score_low": score.low, "score_high": score.high}
        known = {key: float(value) for key, value in numbers.items() if value is not None}
        if known["raters_low"] > known["score_high"]:
            yield SanityFinding("raters_disagree", "conditions", fitting[0].label, known)
        elif known["raters_high"] < known["score_low"]:
            yield SanityFinding("raters_disagree", "notes", fitting[0].label, known)
