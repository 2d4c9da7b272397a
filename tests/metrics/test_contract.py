"""The contract that a plug-in's author checks: every shipped family keeps it, and each way to break it is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.metrics import FAMILIES, Family, Metric, check_family, example_metric
from harness.types import Example, Prediction

LABELS = ("no", "yes")
EXAMPLES = [
    Example("a", {"input": "x"}, ("yes",), LABELS, meta={"facts": [{"what": "word", "any": ["yes"], "critical": True}]}),
    Example("b", {"input": "y"}, ("no",), LABELS),
    Example("c", {"input": "z"}, ("yes",), LABELS),
    Example("d", {"input": "w"}, (), LABELS),  # a question without an answer
]
PREDICTIONS = [
    *(Prediction("a", "yes", "yes", (-2.0, -0.1)), Prediction("b", "yes", "yes", (-1.0, -0.5)), Prediction("c", "ü\n", None)),
    Prediction("d", "no", "no", (-0.3, -1.4)),
]


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_shipped_keeps_it(name: str) -> None:
    check_family(FAMILIES[name], EXAMPLES, PREDICTIONS)


def good(example: Example, prediction: Prediction) -> float:
    return float(prediction.output in example.targets)


def family(*metrics: Metric, scores: tuple[str, ...] = ("mine",)) -> Family:
    return Family("mine", ("classification",), scores, lambda labels: metrics)


MINE = example_metric("mine", "higher", "fraction", good, "refs:any")


def changed(**values: Any) -> Family:
    return family(replace(MINE, **values))


def by_turns() -> Callable[[Example, Prediction], tuple[float, ...]]:
    calls: list[int] = []

    def score(example: Example, prediction: Prediction) -> tuple[float, ...]:
        calls.append(1)
        return (float(len(calls) % 5 == 0),)

    return score


@pytest.mark.parametrize(
    ("broken", "hint"),
    [
        (family(MINE, scores=("other",)), "announces the scores ('other',), and build makes ('mine',)"),
        (family(scores=("mine",)), "build makes ()"),
        (Family("mine", ("classification",), ("mine",), lambda labels: [MINE]), "must return a tuple of Metric"),
        (Family("mine", ("clasification",), ("mine",), lambda labels: (MINE,)), "kinds must be some of"),
        (family(MINE, MINE, scores=("mine", "mine")), "a score is named twice"),
        (changed(signature=" "), "needs a signature"),
        (changed(direction="up"), "direction must be higher, lower or none"),
        (changed(per_example=lambda e, p: 1.0), "must give a tuple of finite numbers or None, not 1.0"),
        (changed(per_example=lambda e, p: (float("nan"),)), "must give a tuple of finite numbers"),
        (changed(per_example=lambda e, p: (1.0,) * len(e.inputs["input"] * (1 + (e.id == "b")))), "gives 2 numbers, and other rows have 1"),
        (changed(per_example=lambda e, p: (1.0,) if p.output else None), "None must depend on the example alone"),
        (changed(per_example=by_turns()), "is not deterministic"),
        (changed(per_example=lambda e, p: (3.0,)), "lies between 0 and 1, and a score is [3.0]"),
        (changed(aggregate=lambda total, n: total[..., 0]), "the score is the mean of the rows"),
        (changed(aggregate=lambda total, n: np.float64(total.sum() / n.sum())), "aggregate must take leading axes"),
        (changed(level="corpus", aggregate=lambda total, n: total[..., 0] / 0.0), "a score is a finite number"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_each_way_to_break_it_is_named(broken: Family, hint: str) -> None:
    with pytest.raises(AssertionError) as said:
        check_family(broken, EXAMPLES, PREDICTIONS)
    assert hint in str(said.value)


def test_a_metric_that_fails_on_an_empty_output_shows() -> None:
    with pytest.raises(IndexError):
        check_family(changed(per_example=lambda e, p: (float(p.output[0] == "y"),)), EXAMPLES, PREDICTIONS)


def test_rows_that_show_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="no examples"):
        check_family(family(MINE), [], [])
    with pytest.raises(ValueError, match="judges none of the examples"):
        check_family(changed(per_example=lambda e, p: None), EXAMPLES, PREDICTIONS)


def test_one_that_keeps_it_passes() -> None:
    check_family(family(MINE), EXAMPLES, PREDICTIONS)
    check_family(family(MINE), EXAMPLES, PREDICTIONS[:1])
