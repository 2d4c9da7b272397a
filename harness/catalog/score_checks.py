"""Checks of the scores that a task names in guardrails and labels: whether they exist, and whether a model can keep or break a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.catalog.declaration import Declaration
from harness.catalog.known_names import MetricInfo, ScoreInfo, Vocabulary
from harness.errors import did_you_mean


def guardrail_problems(source: Declaration, values: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    """The problems of all guardrails; the schema reports those of their form.

    Args:
        values: the declared values of a task, completed by the defaults.
    """
    guardrails, names = values.get("guardrails"), values.get("metrics")
    if not isinstance(guardrails, Mapping) or not isinstance(names, list):
        return []
    metrics = _metrics_of(names, vocabulary)
    problems = []
    for score, limits in guardrails.items():
        if not isinstance(score, str):
            continue
        unknown = _unknown_score(score, metrics, vocabulary)
        if unknown:
            problems.append(source.problem(("guardrails", score), unknown))
            continue
        info = _describe(score, metrics, vocabulary)
        parts = [((i,), part) for i, part in enumerate(limits)] if isinstance(limits, list) else [((), limits)]
        for place, part in parts:
            unfit = _limit_problems(score, part, info) if info is not None and isinstance(part, Mapping) else []
            problems += [source.problem(("guardrails", score, *place, field), text) for field, text in unfit]
    return problems


def label_problems(source: Declaration, values: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    """The problems of the plain names that a task gives to scores; the schema reports those of their form.

    Args:
        values: the declared values of a task, completed by the defaults.
    """
    report, names = values.get("report"), values.get("metrics")
    labels = report.get("labels") if isinstance(report, Mapping) else None
    if not isinstance(labels, Mapping) or not isinstance(names, list):
        return []
    metrics = _metrics_of(names, vocabulary)
    problems = [(score, _unknown_score(score, metrics, vocabulary)) for score in labels if isinstance(score, str)]
    return [source.problem(("report", "labels", score), problem) for score, problem in problems if problem]


def _metrics_of(names: list[Any], vocabulary: Vocabulary) -> dict[str, MetricInfo]:
    """The metrics of the task that are known, with those that its data may add."""
    texts = [name for name in (*names, *vocabulary.implied_metrics) if isinstance(name, str)]
    known = {name: vocabulary.metrics.get(name) or vocabulary.library_metric(name) for name in texts}
    return {name: info for name, info in known.items() if info is not None}


def _unknown_score(score: str, metrics: Mapping[str, MetricInfo], vocabulary: Vocabulary) -> str | None:
    """Why the task does not have this score; None if it does."""
    known = [*(s for metric in metrics.values() for s in metric.scores), *vocabulary.review_scores, *vocabulary.leak_scores]
    if score in known:
        return None
    owner = next((name for name, metric in vocabulary.metrics.items() if score in metric.scores), None)
    hint = f" It belongs to the metric '{owner}': add that to 'metrics'" if owner else did_you_mean(score, known)
    return f"is not a score of the task's metrics.{hint}"


def _describe(score: str, metrics: Mapping[str, MetricInfo], vocabulary: Vocabulary) -> ScoreInfo | None:
    measured = {**vocabulary.review_scores, **vocabulary.leak_scores}
    if score in measured:
        return measured[score]
    owner = next(metric for metric in metrics.values() if score in metric.scores)
    return owner.describe().get(score)


def _limit_problems(score: str, limits: Mapping[str, Any], info: ScoreInfo) -> list[tuple[str, str]]:
    """Limits that would reject good models, and limits that every model keeps or none can: pairs of a field and a problem."""
    problems = []
    at_most, at_least, by = (_number(limits.get(name)) for name in ("at_most", "at_least", "by"))
    if at_most is not None and info.direction == "higher":
        problems.append(("at_most", f"a higher {score} is better, so this limit would reject good models; use 'at_least'"))
    elif at_most is not None and info.bounds is not None:
        lowest, highest = info.bounds
        if at_most >= highest:
            problems.append(("at_most", f"{score} is never above {highest:g}, so every model keeps this limit{_percent(at_most, highest)}"))
        elif at_most <= lowest:
            problems.append(("at_most", _cannot_be_shown(score, lowest, lowest + (highest - lowest) / 100)))
    if at_least is not None and info.direction == "lower":
        problems.append(("at_least", f"a lower {score} is better, so this limit would reject good models; use 'at_most'"))
    elif at_least is not None and info.bounds is not None:
        lowest, highest = info.bounds
        if at_least <= lowest:
            problems.append(("at_least", f"{score} is never below {lowest:g}, so every model keeps this limit"))
        elif at_least >= highest:
            percent = _percent(at_least, highest)
            text = f"{score} is never above {highest:g}{percent}" if percent else _cannot_be_shown(score, highest, highest * 0.99)
            problems.append(("at_least", text))
    if limits.get("not_worse_than") is not None and not info.is_compared:
        problems.append(("not_worse_than", f"{score} is not compared between strategies; use 'at_most'"))
    elif limits.get("not_worse_than") is not None and info.direction == "none":
        problems.append(("not_worse_than", f"neither a higher nor a lower {score} is better; use 'at_most' or 'at_least'"))
    elif by is not None and info.bounds is not None and by >= info.bounds[1] - info.bounds[0]:
        lowest, highest = info.bounds
        problems.append(("by", f"{score} ranges from {lowest:g} to {highest:g}, so every model keeps this limit{_percent(by, highest)}"))
    if limits.get("slice") is not None and not info.takes_slices:
        problems.append(("slice", f"{score} has no value for a part of the examples; use a score of single examples, such as accuracy"))
    return problems


def _number(value: object) -> float | None:
    """The value if it is a number; the schema reports any other value."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _percent(value: float, highest: float) -> str:
    """The advice for a share that was probably written as a percentage; otherwise empty."""
    return f". For {value:g}%, write {value / 100:g}" if highest == 1 and 1 < value < 100 else ""


def _cannot_be_shown(score: str, extreme: float, near: float) -> str:
    return f"no test set can show that {score} is exactly {extreme:g}. Set a limit that can be shown, such as {near:g}"
