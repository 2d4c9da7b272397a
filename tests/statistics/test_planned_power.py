"""The claim is made as often as planned on test sets of the planned size: simulations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pytest
from chance import at_most
from numpy.typing import NDArray

from harness.metrics import metrics_for
from harness.statistics import (
    OneSidedLimits,
    difference_claim_limits,
    examples_to_decide,
    solve_examples,
)
from harness.types import Metric

Array: TypeAlias = NDArray[np.float64]

ROUGE = metrics_for(["rouge"], [])[2]
ACCURACY, MACRO_F1 = ({m.name: m for m in metrics_for(["classification"], "ab")}[name] for name in ("accuracy", "macro_f1"))
AUROC = metrics_for(["probabilities"], "ab")[0]
WORDS = metrics_for(["length"], [])[0]


@dataclass(frozen=True)
class Setting:
    """Pairs of equally good strategies, drawn at random: n → scores of A, scores of B, groups."""

    draw: Callable[[int, np.random.Generator], tuple[Array, Array, list[str] | None]]
    metric: Metric
    margin: float
    alpha: float = 0.05


def binary(share: float) -> Callable[[int, np.random.Generator], tuple[Array, Array, None]]:
    def draw(n: int, rng: np.random.Generator) -> tuple[Array, Array, None]:
        number = rng.random(n)
        a = np.where(number < share / 2, 1.0, np.where(number < share, 0.0, 1.0))
        return a, np.where(number < share, 1 - a, a), None

    return draw


def continuous(
    differences: Callable[[int, np.random.Generator], Array], group: int = 1
) -> Callable[..., tuple[Array, Array, list[str] | None]]:
    def draw(n: int, rng: np.random.Generator) -> tuple[Array, Array, list[str] | None]:
        a = np.full(n, 0.6)
        return a, a + differences(n, rng), [str(i // group) for i in range(n)] if group > 1 else None

    return draw


def failing(n: int, rng: np.random.Generator) -> Array:
    """Complete failures on one example in ten, and slightly better elsewhere."""
    return np.where(rng.random(n) < 0.1, -0.5, 0.05 / 0.9) + rng.normal(0, 0.02, n)


def rarely_failing(share: float, loss: float) -> Callable[[int, np.random.Generator], Array]:
    """Few failures are expected in the test set."""
    return lambda n, rng: np.where(rng.random(n) < share, -loss, share * loss / (1 - share)) + rng.normal(0, 0.02, n)


def labelled(n: int, rng: np.random.Generator) -> tuple[Array, Array, None]:
    """Two classifiers, of which the rarer label has a tenth of the examples."""
    eye, gold, hard = np.eye(2), (rng.random(n) < 0.1).astype(int), rng.random(n)
    right = [np.where(rng.random(n) < 0.8, hard, rng.random(n)) < 0.95 for _ in range(2)]
    a, b = (np.hstack([eye[gold] * each[:, None], eye[np.where(each, gold, 1 - gold)], eye[gold]]) for each in right)
    return a, b, None


def ranked(n: int, rng: np.random.Generator) -> tuple[Array, Array, None]:
    gold = (rng.random(n) < 0.3).astype(int)
    logit = rng.normal(0, 1, n) + 3 * (gold - 0.5)
    a, b = (1 / (1 + np.exp(-logit - rng.normal(0, 0.3, n))) for _ in range(2))
    first, second = (np.stack([1 - high, high, gold == 0, gold == 1], axis=1).astype(float) for high in (a, b))
    return first, second, None


def exponential(n: int, rng: np.random.Generator) -> Array:
    return 0.08 - rng.exponential(0.08, n).clip(0, 0.6)


def grouped(n: int, rng: np.random.Generator) -> Array:
    return np.repeat(rng.normal(0, 0.1, n // 5 + 1), 5)[:n] + rng.normal(0, 0.1, n)


NORMAL = continuous(lambda n, rng: rng.normal(0, 0.12, n))
SETTINGS = {
    "0/1, few differ": Setting(binary(0.036), ACCURACY, 0.05),
    "0/1, many differ": Setting(binary(0.3), ACCURACY, 0.1),
    "0/1, four looks": Setting(binary(0.1), ACCURACY, 0.05, 0.05 / 4),
    "bounded": Setting(NORMAL, ROUGE, 0.03),
    "bounded, hardly any spread": Setting(continuous(lambda n, rng: rng.normal(0, 0.02, n)), ROUGE, 0.02),
    "bounded, five strategies": Setting(NORMAL, ROUGE, 0.03, 0.05 / 4),
    "skewed, one in ten fails": Setting(continuous(failing), ROUGE, 0.04),
    "skewed, 4 failures": Setting(continuous(rarely_failing(0.03, 0.5)), ROUGE, 0.03),
    "skewed, 3 failures": Setting(continuous(rarely_failing(0.02, 0.6)), ROUGE, 0.04),
    "skewed, exponential": Setting(continuous(exponential), ROUGE, 0.03),
    "macro-F1": Setting(labelled, MACRO_F1, 0.08),
    "AUROC": Setting(ranked, AUROC, 0.04),
    "groups": Setting(continuous(grouped, 5), ROUGE, 0.03),
    "groups, four looks": Setting(continuous(grouped, 5), ROUGE, 0.04, 0.05 / 4),
}


def simulate_power(setting: Setting, times: int) -> tuple[float, float]:
    """How often the claim is shown with the planned number of examples, and with 80% of it."""
    rng = np.random.default_rng(0)

    def limits(n: int) -> OneSidedLimits:
        a, b, groups = setting.draw(n, rng)
        return difference_claim_limits(a, b, metric=setting.metric, groups=groups, alpha=setting.alpha, resamples=1000)

    spread = limits(20_000 if setting.metric.level == "example" else 3000).spread
    assert spread is not None
    planned = solve_examples(spread, threshold=-setting.margin, assumed=0.0, alpha=setting.alpha)
    assert planned is not None
    shown = [np.mean([(limits(n).low or 0.0) > -setting.margin for _ in range(times)]) for n in (planned, math.ceil(0.8 * planned))]
    return float(shown[0]), float(shown[1])


def check_power(name: str, times: int) -> None:
    enough, too_few = simulate_power(SETTINGS[name], times)
    print(f"{name}: {enough:.1%} with the planned number, {too_few:.1%} with 80% of it")
    assert at_most(0.25, 1 - enough, times), f"at the planned number, {enough:.0%} are shown"
    assert at_most(0.8, too_few, times), f"at 80% of it, {too_few:.0%} are shown"


@pytest.mark.parametrize("name", SETTINGS)
def test_the_planned_test_set_has_the_power(name: str) -> None:
    check_power(name, 150)


@pytest.mark.soak
@pytest.mark.parametrize("name", SETTINGS)
def test_the_planned_test_set_has_the_power_in_a_long_simulation(name: str) -> None:
    check_power(name, 3000)


def test_the_number_reported_for_some_examples_shows_it_on_others() -> None:
    """100 examples, and as many as they ask for, drawn anew from the same population."""
    rng, margin = np.random.default_rng(6), 0.05

    def draw(n: int) -> OneSidedLimits:
        return difference_claim_limits(np.zeros(n), rng.normal(0, 0.3, n), metric=WORDS, groups=None, alpha=0.05)

    size = examples_to_decide(draw(100), -margin, equal=0.0)
    assert size is not None and size.assumption == "equal"
    lows = [draw(size.examples).low for _ in range(400)]
    shown = float(np.mean([low is not None and low > -margin for low in lows]))
    assert at_most(0.86, shown, 400) and at_most(0.26, 1 - shown, 400), "the spread is itself estimated from 100 examples"
