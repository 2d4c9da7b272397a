"""The sampling methods that a user can choose: which test examples go into a packet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.errors import BenchError, did_you_mean, setting
from harness.results import TaskScores, slice_examples
from harness.review.packets.example_sampling import Sample, draw_uniform_sample, draw_weighted_sample, select_lowest_scores
from harness.review.packets.example_scores import list_example_metrics, load_example_scores
from harness.types import Cell, Example

_METHODS = ("random", "disagreement", "low-score", "hardest")
_SLICE = "slice:COLUMN=VALUE"


def draw_sample(method: str, n: int, results: TaskScores, cells: Mapping[str, Cell], rng: np.random.Generator) -> Sample:
    """Sample n test examples.

    "disagreement" prefers examples on which the strategies' scores differ, "low-score" those with low scores, and "slice:COLUMN=VALUE"
    those with this value. "hardest" takes the lowest scores.

    Raises:
        BenchError: an unknown method or slice, or a method that needs scores of single examples where no metric gives them.
    """
    examples = results.examples
    name, _, argument = method.partition(":")
    if method == "random":
        return draw_uniform_sample(len(examples), n, rng)
    if name == "slice" and "=" in argument:
        return draw_weighted_sample(_mark_slice(examples, argument), n, rng)
    if method not in _METHODS:
        raise BenchError(f"{setting('sample', method)}: unknown sampling method.{did_you_mean(method, [*_METHODS, _SLICE])}")
    if method == "hardest":
        return select_lowest_scores(_average(_list_scores(results, cells)), n)
    return draw_weighted_sample(list_sizes(method, results, cells), n, rng)


def list_sizes(method: str, results: TaskScores, cells: Mapping[str, Cell]) -> list[float]:
    """What makes each example more likely to be sampled by "disagreement" or "low-score": only the order counts.

    Raises:
        BenchError: no metric scores single examples.
    """
    scores = _list_scores(results, cells)
    if method == "disagreement":
        return [max(values) - min(values) if values else 0.0 for values in scores]
    means = _average(scores)
    known = [mean for mean in means if mean != float("inf")] or [0.0]
    return [-mean if mean != float("inf") else -max(known) for mean in means]


def _average(scores: Sequence[Sequence[float]]) -> list[float]:
    """The mean score of each example; infinite where it has none."""
    return [sum(values) / len(values) if values else float("inf") for values in scores]


def _mark_slice(examples: Sequence[Example], condition: str) -> list[float]:
    """1 for the examples that meet "COLUMN=VALUE", 0 for the others."""
    column, _, value = condition.partition("=")
    option = setting("sample", f"slice:{condition}")
    slices = slice_examples(examples, column, most=None, where=option)
    if value not in slices:
        values = f" Values: {', '.join(list(slices)[:12])}{', …' if len(slices) > 12 else ''}."
        raise BenchError(f"{option}: no example has this value.{did_you_mean(value, slices)}{values}")
    members = set(slices[value])
    return [float(i in members) for i in range(len(examples))]


def _list_scores(results: TaskScores, cells: Mapping[str, Cell]) -> list[list[float]]:
    """The scores of each example, one per strategy, more is better; empty where an example has none."""
    metric, *_ = list_example_metrics(results) or (None,)
    if metric is None:
        raise BenchError(f"task '{results.task.name}': no metric scores single examples. Use {setting('sample', 'random')}.")
    scores = load_example_scores(results, metric, cells)
    return [[scores[e.id, name] for name in cells if (e.id, name) in scores] for e in results.examples]
