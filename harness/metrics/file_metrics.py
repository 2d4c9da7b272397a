"""Metrics of plug-in files: built with checks, and tried on some examples before anything is spent. Errors name file and line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.errors import BenchError, first_line
from harness.metrics.family import Family
from harness.metrics.output_check import with_checked_output
from harness.plugins import InstalledPlugin, locate_function, locate_in_plugin
from harness.types import Example, Metric, Prediction

TRIED_EXAMPLES = 100


def build_file_metrics(family: Family, installed: InstalledPlugin, labels: Sequence[str]) -> tuple[Metric, ...]:
    """The metrics of a family in a plug-in file. The digest of the file is part of each signature: a changed file is another metric.

    Raises:
        BenchError: `build` fails or returns something else than the metrics that the family declares.
    """
    try:
        metrics = family.build(labels)
    except Exception as error:  # third-party code can fail in any way
        place = locate_in_plugin(error, family.build) or installed.package
        raise BenchError(f"{place}: the metric '{family.name}' cannot be built: {type(error).__name__}: {first_line(error)}") from None
    place = locate_function(family.build) or installed.package
    if not isinstance(metrics, tuple) or not all(isinstance(metric, Metric) for metric in metrics):
        raise BenchError(f"{place}: the metric '{family.name}': build must return a tuple of metrics, not {type(metrics).__name__}")
    names = tuple(metric.name for metric in metrics)
    if names != tuple(family.scores):
        raise BenchError(f"{place}: the metric '{family.name}' declares the scores {tuple(family.scores)}, but build returns {names}")
    for metric in metrics:
        if problem := _find_problem(metric):
            raise BenchError(f"{place}: the score '{metric.name}': {problem}")
    return tuple(
        with_checked_output(replace(metric, signature=f"{metric.signature}|sha256:{installed.sha256[:12]}"), family.name)
        for metric in metrics
    )


def try_metrics(metrics: Sequence[Metric], examples: Sequence[Example]) -> None:
    """Score a correct and an empty output of the first examples, so that a mistake is found before any model runs.

    Raises:
        BenchError: a metric fails, or returns something else than a finite number or None.
    """
    for example in examples[:TRIED_EXAMPLES]:
        target = next(iter(example.targets), "")
        for text in (target, ""):
            label = (text if text in example.choices else None) if example.choices else text
            for metric in metrics:
                metric.per_example(example, Prediction(example.id, text, label))


def _find_problem(metric: Metric) -> str:
    if metric.level != "example":
        return f"a plug-in file adds scores of single examples, and the level is '{metric.level}'. Put it into a package"
    if metric.direction not in ("higher", "lower", "none"):
        return f"direction must be higher, lower or none, not {metric.direction!r}"
    if not isinstance(metric.unit, str) or not isinstance(metric.label, str) or len(metric.label) > 60:
        return "unit and label must be texts, and a label has at most 60 characters"
    return ""
