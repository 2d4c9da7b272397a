"""The difference over seeds and examples covers what it says, whatever the seeds do, and knows where it cannot speak."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from chance import covers, enough

from harness.metrics import metrics_for
from harness.statistics import SeedSpread, compare_scores, seed_spread

ROUGE = metrics_for(["rouge"], [])[2]
MACRO_F1 = {m.name: m for m in metrics_for(["classification"], "abc")}["macro_f1"]
BOTH = (True, True)

Draw = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def scores(seeds: tuple[int, int], *, between: float, within: float, ratio: float = 1.0, n: int = 80) -> Draw:
    """Two strategies that are equally good: seeds of A that differ by `between`, of B by `ratio` times that, and by `within` on each
    example besides. A side with one seed is a model that has none."""

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        shared = rng.normal(0.5, 0.3, n)
        sides = []
        for k, spread in zip(seeds, (between, between * ratio), strict=True):
            drawn = (rng.normal(0, spread, k) + rng.normal(0, within, (n, k))) if k > 1 else np.zeros((n, 1))
            sides.append((shared + rng.normal(0, 0.1, n))[:, None] + drawn)
        return sides[0], sides[1]

    return draw


def coverage(draw: Draw, times: int, varies_by_seed: tuple[bool, bool] = BOTH) -> float:
    rng = np.random.default_rng(0)
    spreads = [seed_spread(*draw(rng), metric=ROUGE, varies_by_seed=varies_by_seed) for _ in range(times)]
    assert None not in spreads
    return float(np.mean([s.low <= 0 <= s.high for s in spreads if s is not None]))


def cases(*seeds: tuple[int, int]) -> list[object]:
    return [
        pytest.param(pair, between, ratio, within, id=f"{pair[0]} and {pair[1]} seeds, {between} between, {ratio} times, {within} within")
        for pair in seeds
        for between, ratio in ((0.0, 1.0), (0.02, 1.0), (0.1, 1.0), (0.02, 5.0), (0.1, 0.2))
        for within in (0.05, 0.2)
    ]


@pytest.mark.parametrize(("seeds", "between", "ratio", "within"), cases((3, 3), (5, 5), (3, 5)))
def test_coverage(seeds: tuple[int, int], between: float, ratio: float, within: float) -> None:
    assert covers(coverage(scores(seeds, between=between, ratio=ratio, within=within), 300), 300)


@pytest.mark.soak
@pytest.mark.parametrize(("seeds", "between", "ratio", "within"), cases((3, 3), (5, 5), (3, 5), (10, 3)))
def test_coverage_of_a_long_simulation(seeds: tuple[int, int], between: float, ratio: float, within: float) -> None:
    times = enough(0.07)
    assert covers(coverage(scores(seeds, between=between, ratio=ratio, within=within), times), times)


@pytest.mark.soak
@pytest.mark.parametrize(("seeds", "between", "ratio", "within"), cases((2, 2), (2, 5)))
def test_two_seeds_are_not_reliable_and_cover_as_documented(seeds: tuple[int, int], between: float, ratio: float, within: float) -> None:
    draw = scores(seeds, between=between, ratio=ratio, within=within)
    spread = seed_spread(*draw(np.random.default_rng(0)), metric=ROUGE, varies_by_seed=BOTH)
    assert spread is not None and not spread.reliable
    times = enough(0.12)
    assert covers(coverage(draw, times), times, low=0.88)


@pytest.mark.parametrize(("seeds", "low"), [(2, 0.88), (3, 0.93), (5, 0.93)])
@pytest.mark.parametrize("between", [0.0, 0.03, 0.3])
def test_coverage_beside_a_model_without_seeds(seeds: int, low: float, between: float) -> None:
    draw = scores((1, seeds), between=between, ratio=1.0, within=0.1)
    assert covers(coverage(draw, 400, varies_by_seed=(False, True)), 400, low=low)


def test_seeds_that_agree_leave_the_interval_as_it_was() -> None:
    rng = np.random.default_rng(1)
    a = np.repeat(rng.beta(2, 3, (60, 1)), 3, axis=1)
    b = np.repeat(rng.beta(2, 3, (60, 1)), 3, axis=1)
    spread, alone = seed_spread(a, b, metric=ROUGE, varies_by_seed=BOTH), compare_scores(a, b, metric=ROUGE, margin=0.01)
    assert spread is not None
    assert (spread.low, spread.high, spread.seed_share) == pytest.approx((alone.low, alone.high, 0.0))


def test_the_formula_by_hand() -> None:
    """Two seeds a side whose examples all move together: nothing is by accident."""
    rng = np.random.default_rng(2)
    shape = rng.normal(0, 0.1, 40)
    a, b = shape[:, None] + np.array([0.0, 0.2]), -shape[:, None] + np.array([0.1, 0.2])
    spread = seed_spread(a, b, metric=ROUGE, varies_by_seed=BOTH)
    of_examples = np.var(b.mean(axis=1) - a.mean(axis=1), ddof=1) / 40
    parts = [of_examples, 0.02 / 2, 0.005 / 2]
    assert spread is not None
    assert spread.se**2 == pytest.approx(sum(parts))
    assert spread.df == pytest.approx(sum(parts) ** 1.7 / (parts[0] ** 1.7 / 39 + parts[1] ** 1.7 + parts[2] ** 1.7))
    assert spread.seed_share == pytest.approx(1 - of_examples / sum(parts))


def test_a_single_seed_of_a_trained_side_gives_no_spread() -> None:
    rng = np.random.default_rng(3)
    lone, three = rng.beta(2, 3, (50, 1)), rng.beta(2, 3, (50, 3))
    assert seed_spread(lone, three, metric=ROUGE, varies_by_seed=BOTH) is None
    assert isinstance(seed_spread(lone, three, metric=ROUGE, varies_by_seed=(False, True)), SeedSpread)
    assert seed_spread(lone, lone, metric=ROUGE, varies_by_seed=(False, False)) is None
    assert seed_spread(three[:1], three[:1], metric=ROUGE, varies_by_seed=BOTH) is None


def test_corpus_scores_and_groups() -> None:
    rng = np.random.default_rng(4)
    gold = rng.integers(3, size=200)

    def rows(right: float) -> np.ndarray:
        said = np.where(rng.random(200) < right, gold, rng.integers(3, size=200))
        eye = np.eye(3)
        return np.concatenate([eye[said] * (said == gold)[:, None], eye[said], eye[gold]], axis=1)

    steady = [np.stack([rows(0.7) for _ in range(3)], axis=1) for _ in "ab"]
    wild = [np.stack([rows(right) for right in (0.3, 0.6, 0.9)], axis=1) for _ in "ab"]
    quiet, loud = (seed_spread(*sides, metric=MACRO_F1, varies_by_seed=BOTH) for sides in (steady, wild))
    assert quiet is not None and loud is not None
    assert quiet.seed_share < 0.6
    assert loud.seed_share > 0.9
    a, b = scores((3, 3), between=0.0, within=0.01)(np.random.default_rng(5))
    a[:40] += 0.3  # half of the patients do much better with A
    grouped = seed_spread(a, b, metric=ROUGE, varies_by_seed=BOTH, groups=[f"patient {i // 4}" for i in range(80)])
    free = seed_spread(a, b, metric=ROUGE, varies_by_seed=BOTH)
    assert grouped is not None and free is not None
    assert grouped.se > 1.5 * free.se


def test_an_interval_stays_within_the_scale() -> None:
    a, b = np.zeros((40, 3)), np.tile([0.6, 1.0, 0.95], (40, 1))
    spread = seed_spread(a, b, metric=ROUGE, varies_by_seed=(False, True))
    assert spread is not None and spread.high == 1.0
