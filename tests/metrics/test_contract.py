"""The contract of metric families: every shipped family fulfils it, and each violation is named."""

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
    Example("d", {"input": "w"}, (), LABELS),  # a question that has no answer
]
PREDICTIONS = [
    Prediction("a", "yes", "yes", (-2.0, -0.1), {"support": 0.4}),
    Prediction("b", "yes", "yes", (-1.0, -0.5), {"support": 0.9}),
    Prediction("c", "ü\n", None, scores={"support": 0.1}),
    Prediction("d", "no", "no", (-0.3, -1.4), {"support": 0.0}),
]


@pytest.mark.parametrize("name", FAMILIES)
def test_shipped_families_fulfil_the_contract(name: str) -> None:
    check_family(FAMILIES[name], EXAMPLES, PREDICTIONS)


def good(example: Example, prediction: Prediction) -> float:
    return float(prediction.output in example.targets)


def family(*metrics: Metric, scores: tuple[str, ...] = ("mine",)) -> Family:
    return Family("mine", ("classification",), scores, lambda labels: metrics)


MINE = example_metric("mine", "higher", "fraction", good, "refs:any")


def changed(**values: Any) -> Family:
    return family(replace(MINE, **values))


def nondeterministic() -> Callable[[Example, Prediction], tuple[float, ...]]:
    calls: list[int] = []

    def score(example: Example, prediction: Prediction) -> tuple[float, ...]:
        calls.append(1)
        return (float(len(calls) % 5 == 0),)

    return score


@pytest.mark.parametrize(
    ("broken", "hint"),
    [
        (family(MINE, scores=("other",)), "declares the scores ('other',), but build returns ('mine',)"),
        (family(scores=("mine",)), "build returns ()"),
        (Family("mine", ("classification",), ("mine",), lambda labels: [MINE]), "must return a tuple of Metric"),
        (Family("mine", ("clasification",), ("mine",), lambda labels: (MINE,)), "kinds must be some of"),
        (family(MINE, MINE, scores=("mine", "mine")), "a score is listed twice"),
        (changed(signature=" "), "needs a signature"),
        (changed(direction="up"), "direction must be higher, lower or none"),
        (changed(per_example=lambda e, p: 1.0), "must return a tuple of finite numbers or None, not 1.0"),
        (changed(per_example=lambda e, p: (float("nan"),)), "must return a tuple of finite numbers"),
        (
            changed(per_example=lambda e, p: (1.0,) * len(e.inputs["input"] * (1 + (e.id == "b")))),
            "2 numbers, but 1 for other examples",
        ),
        (changed(per_example=lambda e, p: (1.0,) if p.output else None), "None must depend on the example alone"),
        (changed(per_example=nondeterministic()), "is not deterministic"),
        (changed(per_example=lambda e, p: (3.0,)), "ranges from 0 to 1, but a score is [3.0]"),
        (changed(aggregate=lambda total, n: total[..., 0]), "the score must be the mean over examples"),
        (changed(aggregate=lambda total, n: np.float64(total.sum() / n.sum())), "aggregate must take leading axes"),
        (changed(level="corpus", aggregate=lambda total, n: total[..., 0] / 0.0), "a score must be a finite number"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_each_violation_is_named(broken: Family, hint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_family(broken, EXAMPLES, PREDICTIONS)
    assert hint in str(caught.value)


def test_metric_that_fails_on_an_empty_output() -> None:
    with pytest.raises(IndexError):
        check_family(changed(per_example=lambda e, p: (float(p.output[0] == "y"),)), EXAMPLES, PREDICTIONS)


def test_examples_without_any_score_are_refused() -> None:
    with pytest.raises(ValueError, match="no examples"):
        check_family(family(MINE), [], [])
    with pytest.raises(ValueError, match="applies to none of the examples"):
        check_family(changed(per_example=lambda e, p: None), EXAMPLES, PREDICTIONS)


def test_valid_family_passes() -> None:
    check_family(family(MINE), EXAMPLES, PREDICTIONS)
    check_family(family(MINE), EXAMPLES, PREDICTIONS[:1])
