"""Sentences about the results of a task: the best score, what limits it, fewer errors, general ability."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.reporting.views import TaskOutcome
from harness.reporting.wording import numbers
from harness.reporting.wording.decision import DecisionText, describe_decision, describe_full_tuning_share
from harness.reporting.wording.headings import LOW_CONFIDENCE_MARK
from harness.reporting.wording.names import list_strategies, score_in_sentence, score_name, starts_sentence, strategy_in_sentence
from harness.reporting.wording.run_sentences import describe_status
from harness.reporting.wording.search_sentences import describe_missing
from harness.results import StrategyResult
from harness.statistics import Comparison, Reduction
from harness.types import Score

FEW_EXAMPLES = 100


@dataclass(frozen=True)
class TaskSummary:
    """What a report says about a task, in the order in which it says it.

    Attributes:
        decision: what to ship, and why.
        reasons: further findings.
        reductions: how errors changed; the page has a table of them instead.
        caveats: what limits them.
    """

    decision: DecisionText
    reasons: tuple[str, ...]
    reductions: tuple[str, ...]
    caveats: tuple[str, ...]


def summarize_task(task: TaskOutcome) -> TaskSummary:
    """The sentences about one task."""
    shares = [describe_full_tuning_share(share) for share in task.full_tuning if share.kept.value is not None]
    best = [describe_best(task)] if task.scored else []
    findings = [*best, *shares, *describe_forgetting(task.strategies)]
    reductions = describe_reductions(task.strategies, task.unchecked)
    return TaskSummary(describe_decision(task), tuple(findings), tuple(reductions), tuple(list_caveats(task)))


def describe_best(task: TaskOutcome) -> str:
    """The best primary score of those that have one, its interval, and whether it differs significantly from the untuned model."""
    best = task.scored[0]
    assert best.primary is not None  # it is among the scored
    name, unit = strategy_in_sentence(best.label), task.primary.unit
    score = _score_with_interval(score_in_sentence(task.primary.name), best.primary, best, unit)
    if len(task.scored) == 1:
        only = f"{name} on {task.name}: {score}. No other strategy has a score to compare it with."
        return starts_sentence(only, best.label)
    if best.is_base:
        return f"No strategy scored better on {task.name} than {name}: {score}."
    return starts_sentence(f"{name} has the best score on {task.name}: {score}.{_lead(best, task, unit)}", best.label)


def list_caveats(task: TaskOutcome) -> list[str]:
    """What limits the results."""
    caveats = [missing] if task.search and (missing := describe_missing(task.search)) else []
    seeded = [result for result in task.strategies if result.done and result.seeds]
    if seeded and all(len(result.seeds) == 1 for result in seeded):
        caveats.append("Each strategy ran with one seed. Another seed could change its score.")
    elif seeded:
        caveats.append("Intervals show how much other test examples could change a score. They do not cover the spread between seeds.")
    if len({result.train_size for result in task.scored if result.trained}) > 1:
        caveats.append("The strategies were trained on different numbers of examples. Compare those with the same number.")
    if task.has_several_models and any(result.versus_base for result in task.strategies):
        caveats.append("Each strategy is compared with the untuned version of its own model.")
    examples = max((result.primary.n for result in task.strategies if result.primary), default=0)
    if 0 < examples < FEW_EXAMPLES:
        caveats.append(f"The test set has {numbers.plural(examples, 'example')}. With so few, intervals are wide and themselves uncertain.")
    if any(result.primary and has_low_confidence(result.primary) for result in task.strategies):
        caveats.append(f"Intervals marked {LOW_CONFIDENCE_MARK} have low confidence: scores are too few, or too uneven, for their method.")
    dropped = max((result.primary.dropped for result in task.strategies if result.primary), default=0)
    if dropped:
        unscored, score = numbers.plural(dropped, "test example"), score_in_sentence(task.primary.name)
        caveats.append(f"{unscored} cannot be scored by {score} and did not count.")
    caveats += _describe_undefined(task)
    unfinished = [result for result in task.strategies if result.problems]
    if unfinished:
        listed = ", ".join(f"{strategy_in_sentence(result.label)} ({describe_status(result)})" for result in unfinished)
        caveats.append(f"Not finished: {listed}.")
    return caveats


def _describe_undefined(task: TaskOutcome) -> list[str]:
    """Scores that have no value on this test set, or for what a strategy answered: a sentence for each reason and score."""
    strategies: dict[tuple[str, str], list[str]] = {}
    for result in task.strategies:
        for name, score in result.scores.items():
            if score.value is None and score.n:
                strategies.setdefault((score.reason, name), []).append(result.label)
    scores: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (reason, name), labels in strategies.items():
        scores.setdefault((reason, tuple(labels)), []).append(score_name(name))
    measured = sum(bool(result.scores) for result in task.strategies)
    return [
        f"Undefined{'' if len(labels) == measured > 1 else f' for {list_strategies(labels)}'}, because {reason}: {', '.join(names)}."
        for (reason, labels), names in scores.items()
    ]


def describe_reductions(strategies: Sequence[StrategyResult], unchecked: Collection[str] = ()) -> list[str]:
    """How much rarer errors are than with the untuned model: a sentence for each error rate (and base, where there are several models).

    Args:
        unchecked: scores that are no evidence of errors, and left out.
    """
    changes: dict[tuple[str, float], list[str]] = {}
    doubtful: dict[tuple[str, float], list[str]] = {}
    for result in strategies:
        for name, reduction in result.reductions.items():
            if name in unchecked:
                continue
            rate = (name, reduction.before)
            changes.setdefault(rate, []).append(f"{_rate(reduction.after, reduction.unit)} with {_reduction(result, reduction)}")
            if reduction.value is not None and not reduction.reliable:
                doubtful.setdefault(rate, []).append(result.label)
    sentences = []
    for (name, before), after in changes.items():
        unit = next(r.unit for result in strategies for key, r in result.reductions.items() if key == name)
        doubt = doubtful.get((name, before), [])
        low = f" Low confidence for {list_strategies(doubt)}." if doubt else ""
        sentences.append(f"{score_name(name)}: {_rate(before, unit)} with the untuned model → {'; '.join(after)}.{low}")
    return sentences


def describe_forgetting(strategies: Sequence[StrategyResult]) -> list[str]:
    """How much general ability tuning cost; nothing where it was not measured."""
    losses = [
        f"{strategy_in_sentence(result.label)} {numbers.score(before, 'nats')} → {numbers.score(after, 'nats')} "
        f"({numbers.signed(after - before, 'nats')})"
        for result in strategies
        if result.general_loss is not None
        for before, after in [result.general_loss]
    ]
    if not losses:
        return []
    return [f"General ability: loss on general text before → after tuning, in nats per token (lower is better): {'; '.join(losses)}."]


def describe_verdict(comparison: Comparison) -> str:
    """The verdict on a difference, in a few words."""
    if is_significant(comparison) and comparison.equivalent:
        return f"{comparison.verdict}, within margin"
    return {"tied": "equivalent", "undecided": "too close to call"}.get(comparison.verdict, comparison.verdict)


def is_significant(comparison: Comparison) -> bool:
    """Whether interval and p-value both exclude that there is no difference."""
    return comparison.verdict in ("better", "worse", "different")


def has_low_confidence(score: Score) -> bool:
    """Whether there is an interval, and it lies outside the range in which its method is validated."""
    return score.low is not None and not score.reliable


def _score_with_interval(name: str, score: Score, result: StrategyResult, unit: str) -> str:
    interval = numbers.interval(score.low, score.high, unit)
    details = [f"95% CI {interval}" if interval else "no interval", numbers.plural(score.n, "test example")]
    if result.seeds:
        details.append("one seed" if len(result.seeds) == 1 else f"mean of {len(result.seeds)} seeds")
    return f"{name} {numbers.score(score.value, unit)} ({', '.join(details)})"


def _lead(best: StrategyResult, task: TaskOutcome, unit: str) -> str:
    """Whether the best is better than the untuned version of its own model."""
    comparison = task.best_versus_base
    if comparison is None:
        return _untested_base(best, task)
    interval = numbers.signed_interval(comparison.low, comparison.high, unit)
    difference = numbers.with_unit(numbers.signed(comparison.difference, unit), unit)
    rivals = sum(result.base is not None and best.base is not None and result.base.cells == best.base.cells for result in task.scored)
    corrected = f", corrected for picking the best of {rivals}" if rivals > 1 else ""
    difference += f" (95% CI {interval}{corrected})" if interval else ""
    if comparison.low is None:
        conclusion = "; the test set is too small to tell whether that is chance"
    elif is_significant(comparison):
        small = ", though within the accepted margin" if comparison.equivalent else ""
        conclusion = f", a statistically significant difference{small}"
    elif comparison.verdict == "tied":
        conclusion = ", equivalent within the accepted margin"
    elif comparison.is_held_back:
        conclusion = f", but failures too rare to show among {numbers.plural(comparison.n, 'example')} could reverse it"
    else:
        conclusion = ", not statistically significant"
    return f" Compared with the untuned model: {difference}{conclusion}."


def _untested_base(best: StrategyResult, task: TaskOutcome) -> str:
    if not any(result.trained for result in task.strategies):
        return ""
    bases = {result.model for result in task.strategies if result.is_base}
    if bases and best.model not in bases:
        return f" {best.model} was not tested untuned, so the effect of tuning is not known."
    return " The untuned model has no result, so the effect of tuning is not known."


def _reduction(result: StrategyResult, reduction: Reduction) -> str:
    name = strategy_in_sentence(result.label)
    if reduction.value is None or reduction.low is None or reduction.high is None:
        return f"{name} (the untuned model makes too few to compute a relative change)"
    return f"{name} ({numbers.fewer(reduction.value)}; 95% CI {numbers.fewer_interval(reduction.low, reduction.high)})"


def _rate(value: float, unit: str) -> str:
    return numbers.share(value) if unit == "fraction" else numbers.score(value, unit)
