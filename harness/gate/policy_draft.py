"""A commented policy to begin with, of what a task can be asked for."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from harness.gate.policy import MEASURES
from harness.metrics import BOUNDS
from harness.results import example_metric_of
from harness.types import Metric, Task

_LIMITS = {"forgetting": "0.1", "peak_memory": "8.0e+9", "artifact_bytes": "5.0e+8", "training_seconds": "36000", "training_price": "20"}
_GUARDS = {"critical_error_rate": "0.02", "unsupported_rate": "0.05"}
_WIDTH = 110


def draft(task: Task, metrics: Sequence[Metric], slices: Sequence[str]) -> str:
    """A policy in YAML: what most tasks need, and commented out whatever else there is; every line of it is valid for this task.

    Args:
        slices: by what the test rows can be cut: columns of the data, `length`, `class`.
    """
    by_name = {metric.name: metric for metric in metrics}
    primary, better = by_name.get(task.primary), [m.name for m in metrics if m.direction != "none"]
    sliced = example_metric_of(sorted(metrics, key=lambda m: m.name != task.primary))
    lines = [
        f"# When a model for the task '{task.name}' may replace the one in service:",
        "#   bench gate RUN --strategy NAME --policy FILE",
        "# All rules must hold. Each is decided on one-sided limits at level alpha: PASS where what is asked is shown, FAIL where the",
        "# contrary is shown, else INCONCLUSIVE.",
        "alpha: 0.05            # how often a rule may pass wrongly",
        "looks: 5               # α is spent evenly over so many gates at the same test set; without it, looks are counted and shown only",
        "rows: 100              # test rows that must be there",
        "seeds: 1               # training seeds that must be there",
        "seed_spread: ignore    # count: the spread of seeds is a part of every limit (needs 2 seeds or more)",
        "rules:",
        "  # Against the baseline: the champion of the registry, or --baseline RUN:STRATEGY. Without a margin it is the task's.",
        f"  - {{rule: not_worse, score: {task.primary}, margin: {task.margin:g}}}",
        *(f"  - {{rule: not_worse, score: {name}, margin: {m}}}" for name, m in _GUARDS.items() if name in by_name),
        f"  # - {{rule: better, score: {task.primary}, by: {task.margin:g}}}",
        "",
        "  # Against a value of yours.",
        f"  - {_absolute(primary) if primary else ''}",
        *(f"  # - {_absolute(by_name[name])}" for name in (*_GUARDS, "omission_rate") if name in by_name),
        "",
        *(_on_slices(sliced, task, slices) if sliced is not None else ()),
        "  # What was measured beside the scores, as it was measured.",
        *(f"  # - {{rule: ceiling, score: {name}, value: {_LIMITS.get(name, '1.0')}}}   # {what}" for name, what in MEASURES.items()),
        "",
        "  # What people said: bench review.",
        "  # - {rule: floor, score: review.win_rate, value: 0.5, against: base}",
        "  # - {rule: ceiling, score: review.critical_error_rate, value: 0.05}",
        "",
        *_wrapped(f"Scores of this task: {', '.join(better)}."),
    ]
    return "\n".join(lines) + "\n"


def _on_slices(metric: Metric, task: Task, slices: Sequence[str]) -> list[str]:
    """A rule for each way to cut the test rows."""
    if not slices:
        return []
    margin = 5 * task.margin if metric.name == task.primary else 0.05
    return [
        "  # On every part of the test rows with 30 rows or more; 'rows: 50' sets another least, and 'slice: ward=north' names one part.",
        *(f"  # - {{rule: not_worse, score: {metric.name}, margin: {margin:g}, slice: {_quoted(name)}}}" for name in slices),
        "",
    ]


def _absolute(metric: Metric) -> str:
    """A floor or a ceiling, whichever holds back the bad, a tenth up its scale."""
    lowest, highest = BOUNDS.get(metric.unit, (0.0, 10.0))
    value = lowest + (highest - lowest) / 10
    return f"{{rule: {'ceiling' if metric.direction == 'lower' else 'floor'}, score: {metric.name}, value: {value:g}}}"


def _quoted(name: str) -> str:
    """A column's name within YAML's braces: one that is more than letters and digits stands in quotes."""
    return name if name.replace("_", "").isalnum() and name.isascii() else "'" + name.replace("'", "''") + "'"


def _wrapped(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH)]
