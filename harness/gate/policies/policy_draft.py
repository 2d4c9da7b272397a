"""A commented policy to start from, with every rule that a task allows."""

from __future__ import annotations

from collections.abc import Sequence

from harness.gate.policies.policy import MEASURES
from harness.metrics import BOUNDS
from harness.results import example_metric_of
from harness.text import wrap_words
from harness.types import Metric, Task

_LIMITS = {"forgetting": "0.1", "peak_memory": "8.0e+9", "artifact_bytes": "5.0e+8", "training_seconds": "36000", "training_price": "20"}
_GUARDS = {"critical_error_rate": "0.02"}
_UNCHECKED = (
    "unsupported_rate",
    "omission_rate",
    "number_error_rate",
    "name_error_rate",
    "negation_error_rate",
)  # scores that decide nothing until they agree with raters
_WIDTH = 110


def draft_policy(task: Task, metrics: Sequence[Metric], slices: Sequence[str]) -> str:
    """A policy in YAML: the rules that most tasks need, and all others as comments. Every line is valid for this task.

    Args:
        slices: what the test examples can be divided by: columns of the data, `length`, `class`.
    """
    by_name = {metric.name: metric for metric in metrics}
    primary, directed = by_name.get(task.primary), [m.name for m in metrics if m.direction != "none"]
    sliced = example_metric_of(sorted(metrics, key=lambda m: m.name != task.primary))
    lines = [
        f"# When may a model for the task '{task.name}' replace the one in service?",
        "# Name this file as the policy of `bench gate` and `bench promote`.",
        "# All rules must pass. A rule on a score is decided on one-sided confidence limits at level alpha:",
        "# PASS if the requirement is shown to hold, FAIL if it is shown not to hold, otherwise INCONCLUSIVE.",
        "alpha: 0.05            # how often a rule may pass although it does not hold",
        "looks: 5               # evaluations planned on one test set; alpha is split among them. Without it they are only counted",
        "rows: 100              # test examples required",
        "seeds: 1               # training seeds required",
        "seed_spread: ignore    # count: every rule on a score must hold for the recipe, too, over 2 seeds or more",
        "# approvals: 2         # people who must approve a PASS before it is promoted (bench approve)",
        "# approvers: []        # fingerprints of the keys that count; without them, names are not authenticated",
        "# complaints: {at_most_broken: 0}   # confirmed complaints of users are answered again (bench feedback)",
        "rules:",
        "  # Compared with the baseline: the model in service, or another strategy that the command names as its baseline.",
        "  # The margin is how much worse the candidate may be; without one, the task's margin applies.",
        f"  - {{rule: not_worse, score: {task.primary}, margin: {task.margin:g}}}",
        *(f"  - {{rule: not_worse, score: {name}, margin: {m}}}" for name, m in _GUARDS.items() if name in by_name),
        f"  # - {{rule: better, score: {task.primary}, by: {task.margin:g}}}",
        *(_relative_rule(sliced) if sliced is not None else ()),
        "",
        "  # Compared with a fixed value.",
        "  # Without a baseline, these rules decide: set each to what a useful model reaches. The trivial baseline must not reach it.",
        f"  - {_fixed_limit(primary) if primary else ''}",
        *(f"  # - {_fixed_limit(by_name[name])}" for name in (*_GUARDS, *_UNCHECKED) if name in by_name),
        "",
        *(_slice_rules(sliced, task, slices) if sliced is not None else ()),
        "  # Cost, speed, memory and size, compared as measured.",
        *(f"  # - {{rule: ceiling, score: {name}, value: {_LIMITS.get(name, '1.0')}}}   # {what}" for name, what in MEASURES.items()),
        "",
        "  # Results of a human review (bench review).",
        "  # - {rule: floor, score: review.win_rate, value: 0.5, against: base}",
        "  # - {rule: ceiling, score: review.critical_error_rate, value: 0.05}",
        "",
        "  # Any rule can be advisory: it is shown, and never changes the outcome.",
        "  # - {rule: ceiling, score: answer_seconds, value: 2.0, tier: advisory}",
        "",
        *_wrap(f"Scores of this task: {', '.join(directed)}."),
    ]
    return "\n".join(lines) + "\n"


def _relative_rule(metric: Metric) -> list[str]:
    """A margin as a share of the baseline's score, for a score that has one."""
    if BOUNDS.get(metric.unit, (0.0, 0.0))[0] < 0:
        return []
    return [
        "  # For a baseline with a low score, a share of it: not worse by more than 10% of the baseline's score.",
        f"  # - {{rule: not_worse, score: {metric.name}, relative: 0.1}}",
    ]


def _slice_rules(metric: Metric, task: Task, slices: Sequence[str]) -> list[str]:
    """A rule for each way to divide the test examples."""
    if not slices:
        return []
    margin = 5 * task.margin if metric.name == task.primary else 0.05
    return [
        "  # For every slice with at least 30 test examples. 'rows: 50' sets another minimum; 'slice: ward=north' names one slice.",
        *(f"  # - {{rule: not_worse, score: {metric.name}, margin: {margin:g}, slice: {_quote(name)}}}" for name in slices),
        "",
    ]


def _fixed_limit(metric: Metric) -> str:
    """A floor or a ceiling, whichever rejects bad models, a tenth up its scale."""
    lowest, highest = BOUNDS.get(metric.unit, (0.0, 10.0))
    value = lowest + (highest - lowest) / 10
    return f"{{rule: {'ceiling' if metric.direction == 'lower' else 'floor'}, score: {metric.name}, value: {value:g}}}"


def _quote(name: str) -> str:
    """A column's name within YAML's braces: in quotes unless it is only letters, digits and underscores."""
    return name if name.replace("_", "").isalnum() and name.isascii() else "'" + name.replace("'", "''") + "'"


def _wrap(text: str) -> list[str]:
    return [f"# {line}" for line in wrap_words(text, _WIDTH)]
