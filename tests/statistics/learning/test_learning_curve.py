"""Learning curves: the fit is optimal, prediction intervals cover, and unusual data lead to no claims."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.special import ndtri

from harness.metrics import metrics_for
from harness.metrics.family import example_metric
from harness.statistics import LearningCurve, difference_claim_limits, fit_learning_curve, score_stacks, solve_examples
from harness.statistics.learning import LogLaw, fit_log_law, fit_power_law
from harness.types import Metric

SIZES = (50, 100, 200, 400, 800)
RIGHT = example_metric("right", "higher", "fraction", lambda e, p: None, "test")
LABELS = ("a", "b", "c")
MACRO_F1 = next(m for m in metrics_for(["classification"], LABELS) if m.name == "macro_f1")

Law = Callable[[float], float]


def rising(n: float) -> float:
    return 0.9 - 2 * n**-0.5


def slow(n: float) -> float:
    return 0.95 - 1.2 * n**-0.2


def logarithmic(n: float) -> float:
    return 0.25 + 0.06 * np.log(n)


def steep(n: float) -> float:
    return 0.05 + 0.09 * np.log(n)


def flat(n: float) -> float:
    return 0.8


def answers(
    law: Law, *, seed: int, rows: int = 300, trainings: int = 1, sizes: Sequence[int] = SIZES, spread: float = 0.0, shared: float = 0.6
) -> dict[int, np.ndarray]:
    """Right or wrong answers to the same questions, some harder than others, at each size: (n, training runs, 1).

    `spread` is the standard deviation between training runs, `shared` the part of the variance that the question explains.
    """
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=(rows, 1))
    stacks = {}
    for n in sizes:
        share = np.clip(law(n) + rng.normal(size=trainings) * spread, 0.001, 0.999)
        own = rng.normal(size=(rows, trainings))
        stacks[n] = (np.sqrt(shared) * ease + np.sqrt(1 - shared) * own < ndtri(share)).astype(float)[:, :, None]
    return stacks


def settled(stacks: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """As if a second training run had the same scores: then only the test examples matter."""
    return {n: np.repeat(stack, 2, axis=1) for n, stack in stacks.items()}


def curve_of(
    stacks: dict[int, np.ndarray], metric: Metric = RIGHT, *, groups: Sequence[str | None] | None = None, margin: float = 0.01, **more: int
) -> LearningCurve:
    shared = groups or [None] * len(next(iter(stacks.values())))
    scores = {n: score_stacks([metric], lambda _, s=stack: s, shared)[metric.name] for n, stack in stacks.items()}
    return fit_learning_curve(stacks, scores, metric=metric, groups=shared, margin=margin, **({"resamples": 400} | more))


@pytest.mark.parametrize(("a", "b", "c"), [(0.9, 2.0, 0.5), (0.7, 30.0, 1.4), (1.0, 1.1, 0.12), (0.3, -2.0, 0.5)])
def test_a_known_law_is_found(a: float, b: float, c: float) -> None:
    fit = fit_power_law(SIZES, [a - b * n**-c for n in SIZES], "fraction")
    assert (fit.a, fit.b, fit.c) == pytest.approx((a, b, c), rel=0.02)
    assert fit.at(1600) == pytest.approx(a - b * 1600**-c, abs=1e-4)


def test_a_known_logarithmic_law_is_found() -> None:
    fit = fit_log_law(SIZES, [0.3 + 0.05 * np.log(n) for n in SIZES])
    assert (fit.a, fit.b) == pytest.approx((0.3, 0.05))
    assert fit.at(1600) == pytest.approx(0.3 + 0.05 * np.log(1600))


def test_a_law_that_the_scores_rule_out_is_left_out() -> None:
    saturated = curve_of(answers(lambda n: 0.85 - 40 * n**-1.2, seed=1, rows=2000, trainings=3))
    assert [law.name for law in saturated.laws] == ["power"]
    assert saturated.rejected == "log"
    steep_curve = curve_of(answers(steep, seed=1, rows=5000, trainings=3, sizes=(10, 50, 200, 1000, 4000)))
    assert isinstance(steep_curve.laws[0], LogLaw)
    both = curve_of(answers(rising, seed=1, rows=300))
    assert {law.name for law in both.laws} == {"power", "log"} and both.rejected is None


def test_forecasts_stay_on_the_scale() -> None:
    curve = curve_of(answers(lambda n: 0.12 * np.log(n), seed=4, rows=2000, trainings=2))
    far = curve.forecasts[-1]
    assert curve.laws[0].at(10_000) > 1
    assert far.value == curve.at(10_000) == 1.0
    assert far.high == 1.0


@pytest.mark.parametrize("seed", range(6))
def test_no_other_optimizer_finds_a_better_fit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes, scores = np.array(SIZES, dtype=float), np.array([rising(n) for n in SIZES]) + rng.normal(size=5) * 0.02
    fit = fit_power_law(SIZES, scores, "fraction")
    ours = sum((fit.at(n) - s) ** 2 for n, s in zip(SIZES, scores, strict=True))
    limits = ([0, -9e4, 0.05], [1, 9e4, 5])
    optimum, _ = curve_fit(lambda n, a, b, c: a - b * n**-c, sizes, scores, p0=(0.8, 1, 0.5), bounds=limits, maxfev=20_000)
    theirs = float(np.sum((optimum[0] - optimum[1] * sizes ** -optimum[2] - scores) ** 2))
    assert ours <= theirs * 1.0005
    assert 0 <= fit.a <= 1


def test_the_asymptote_stays_on_the_scale() -> None:
    scores = [0.5, 0.62, 0.74, 0.86, 0.98]  # no end in sight
    assert fit_power_law(SIZES, scores, "fraction").a == 1.0
    assert fit_power_law(SIZES, [100 * s for s in scores], "points").a == 100.0
    assert fit_power_law(SIZES, scores, "words").a > 1.0


def test_a_rising_curve_with_enough_examples_predicts_a_gain() -> None:
    curve = curve_of(answers(rising, seed=1, rows=3000, trainings=3), margin=0.005)
    assert [f.size for f in curve.forecasts] == [1600, 8000, 10_000]
    assert [f.is_far for f in curve.forecasts] == [False, False, True]
    double = curve.forecasts[0]
    assert double.value == pytest.approx(rising(1600), abs=0.02)
    assert double.step.low is not None and double.step.high is not None
    assert double.step.low < rising(1600) - rising(800) < double.step.high
    assert double.outlook == "gain"
    assert double.step.low > 0.005
    assert curve.min_seeds == 3
    assert "3 training runs per size" in curve.method


def test_gains_say_how_many_test_examples_show_them() -> None:
    """The number is that of `solve_examples` for the pair of the two largest sizes."""
    stacks = answers(rising, seed=1, rows=300, trainings=1)
    curve = curve_of(stacks, margin=0.005)
    before, after = sorted(stacks)[-2:]
    limits = difference_claim_limits(stacks[before], stacks[after], metric=RIGHT, groups=None, alpha=0.05)
    assert limits.spread is not None and limits.estimate is not None and limits.estimate > 0
    needed = solve_examples(limits.spread, threshold=0.0, assumed=limits.estimate, alpha=0.05)
    assert curve.last_step.examples_needed == needed and needed is not None and needed > 300
    double, far = curve.forecasts[0], curve.forecasts[1]
    expected = solve_examples(limits.spread, threshold=0.0, assumed=double.step.gain, alpha=0.05)  # type: ignore[arg-type]
    assert double.step.examples_needed == expected and expected is not None
    assert far.step.examples_needed is not None and far.step.examples_needed < expected, "a larger gain"
    clear = curve_of(answers(rising, seed=1, rows=3000, trainings=3), margin=0.005)
    assert clear.last_step.examples_needed is None, "it is shown"


def test_a_flat_curve_predicts_no_gain() -> None:
    curve = curve_of(answers(flat, seed=2, rows=3000, trainings=3))
    double = curve.forecasts[0]
    assert double.step.gain == pytest.approx(0, abs=0.01)
    assert double.outlook == "no gain"
    assert all(f.outlook != "gain" for f in curve.forecasts)


def test_few_test_examples_decide_nothing() -> None:
    few, many = (curve_of(answers(rising, seed=3, rows=rows, trainings=2)).forecasts[0] for rows in (30, 2000))
    assert few.outlook == "undecided"
    assert few.high - few.low > 2 * (many.high - many.low)  # type: ignore[operator]


def test_one_training_run_gives_wider_intervals_than_three() -> None:
    one, three = (curve_of(answers(rising, seed=4, rows=1000, trainings=k, spread=0.02)) for k in (1, 3))
    assert "scatter about the curve" in one.method
    assert one.min_seeds == 1
    wide, narrow = (c.forecasts[0].high - c.forecasts[0].low for c in (one, three))  # type: ignore[operator]
    assert wide > narrow


@pytest.mark.parametrize("count", [2, 3])
def test_too_few_sizes_give_the_measured_step_and_no_prediction(count: int) -> None:
    curve = curve_of(answers(rising, seed=5, sizes=SIZES[:count]))
    assert (curve.laws, curve.forecasts) == ((), ())
    assert curve.problem == f"4 sizes are needed, {count} were run"
    assert (curve.last_step.start, curve.last_step.end) == SIZES[count - 2 : count]
    first, second = (curve.points[i][1].value for i in (-2, -1))
    assert curve.last_step.gain == pytest.approx(second - first)  # type: ignore[operator]
    assert curve.last_step.low < curve.last_step.gain < curve.last_step.high  # type: ignore[operator]


def test_one_size_is_refused() -> None:
    with pytest.raises(ValueError, match="two sizes"):
        curve_of(answers(rising, seed=6, sizes=[100]))


def test_examples_are_resampled_for_all_sizes_together() -> None:
    """The difficulty of a test set is the same at all sizes, so it cancels in the gain. The lower limit is that of the power law; the upper
    one is that of the logarithmic law, which lies further away whatever the resampling."""
    stacks = settled(answers(rising, seed=7, rows=400, shared=0.98))
    rng = np.random.default_rng(0)
    apart = {n: stack[rng.permutation(len(stack))] for n, stack in stacks.items()}
    together, shuffled = (curve_of(s).forecasts[0].step for s in (stacks, apart))
    assert together.gain - together.low < 0.75 * (shuffled.gain - shuffled.low)  # type: ignore[operator]


def test_groups_widen_the_intervals() -> None:
    stacks = {n: np.repeat(stack, 10, axis=0) for n, stack in settled(answers(flat, seed=9, rows=60)).items()}
    alone = curve_of(stacks).forecasts[0]
    grouped = curve_of(stacks, groups=[f"patient {k // 10}" for k in range(600)])
    assert grouped.forecasts[0].high - grouped.forecasts[0].low > 2 * (alone.high - alone.low)  # type: ignore[operator]
    assert "in 60 groups" in grouped.method
    assert not grouped.reliable and not grouped.forecasts[0].step.reliable


def test_corpus_scores_are_aggregated_in_each_resample() -> None:
    rng = np.random.default_rng(9)
    gold = rng.integers(3, size=400)
    stacks = {}
    for n in SIZES:
        rows = np.zeros((400, 2, 9))
        for training in range(2):
            predicted = np.where(rng.random(400) < rising(n), gold, rng.integers(3, size=400))
            rows[np.arange(400), training, 6 + gold] = 1
            rows[np.arange(400), training, 3 + predicted] = 1
            rows[np.arange(400), training, predicted] = predicted == gold
        stacks[n] = rows
    curve = curve_of(stacks, MACRO_F1)
    assert curve.laws
    assert curve.at(800) == pytest.approx(curve.points[-1][1].value, abs=0.04)
    assert curve.forecasts[0].low < curve.forecasts[0].value < curve.forecasts[0].high  # type: ignore[operator]


def test_lower_is_better_turns_the_gain_and_not_the_score() -> None:
    stacks = {n: 1 - stack for n, stack in answers(rising, seed=10, rows=800, trainings=2).items()}
    wrong = curve_of(stacks, replace(RIGHT, direction="lower"))
    right = curve_of({n: 1 - stack for n, stack in stacks.items()})
    for down, up in zip(wrong.forecasts, right.forecasts, strict=True):
        assert down.value == pytest.approx(1 - up.value, abs=1e-6)
        assert (down.step.gain, down.step.low, down.step.high) == pytest.approx((up.step.gain, up.step.low, up.step.high), abs=1e-6)
    assert (wrong.last_step.low, wrong.last_step.gain, wrong.last_step.high) == pytest.approx(
        (right.last_step.low, right.last_step.gain, right.last_step.high)
    )


def test_a_score_without_a_better_direction_has_no_outlook() -> None:
    curve = curve_of(answers(rising, seed=11), replace(RIGHT, direction="none"))
    assert curve.problem == "right has no better direction"
    assert {f.outlook for f in curve.forecasts} == {"undecided"}


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("rows", [20, 2000])
def test_scores_without_spread_are_as_certain_as_their_number_of_examples(value: float, rows: int) -> None:
    curve = curve_of({n: np.full((rows, 1, 1), value) for n in SIZES})
    double = curve.forecasts[0]
    assert (double.value, double.step.gain) == pytest.approx((value, 0), abs=1e-9)
    assert 0 <= double.low <= value <= double.high <= 1  # type: ignore[operator]
    assert double.high - double.low > 0  # type: ignore[operator]
    assert double.outlook == ("no gain" if rows == 2000 else "undecided")


def test_falling_scores_predict_no_gain() -> None:
    curve = curve_of(answers(lambda n: 0.5 + 2 * n**-0.5, seed=12, rows=800, trainings=3))
    assert curve.laws and all(law.b < 0 for law in curve.laws)
    assert curve.forecasts[0].step.gain < 0  # type: ignore[operator]
    assert curve.forecasts[0].outlook == "no gain"


def test_scores_that_do_not_follow_the_curve_predict_nothing() -> None:
    steps = dict(zip(SIZES, (0.2, 0.8, 0.2, 0.8, 0.2), strict=True))
    curve = curve_of(answers(lambda n: steps[int(n)], seed=13, rows=1000, trainings=3))
    assert "do not follow the curve" in curve.problem
    assert {f.outlook for f in curve.forecasts} == {"undecided"}


def test_examples_without_a_score_at_some_size_are_left_out() -> None:
    stacks = answers(rising, seed=14, rows=200, trainings=2)
    kept = curve_of({n: stack[50:] for n, stack in stacks.items()})
    stacks[100][:50] = np.nan
    assert curve_of(stacks).laws == kept.laws
    stacks[200][:] = np.nan
    assert curve_of(stacks).problem == "no test example has a score at every size"


def test_a_single_group_gives_a_curve_without_intervals() -> None:
    curve = curve_of(answers(rising, seed=15, rows=100), groups=["one"] * 100)
    assert re.fullmatch(r"all \d+ examples are in one group", curve.problem)
    assert curve.forecasts[0].low is None
    assert curve.forecasts[0].step.low is None


def test_the_order_of_sizes_does_not_matter() -> None:
    stacks = answers(rising, seed=16, trainings=2)
    assert curve_of(stacks) == curve_of(dict(reversed(stacks.items())))
    assert curve_of(stacks, seed=1) != curve_of(stacks)


@dataclass(frozen=True)
class Coverage:
    """How often the interval of the score, and that of the gain, hold the truth, the smallest share of all sizes that are forecast; and how
    often a gain is claimed at twice the largest size."""

    score: float
    gain: float
    claimed: float


def simulate_coverage(law: Law, *, repeats: int, sizes: Sequence[int] = SIZES, **more: object) -> Coverage:
    largest, held, gained, claimed = sizes[-1], [], [], []
    for seed in range(repeats):
        forecasts = curve_of(answers(law, seed=1000 + seed, sizes=sizes, **more), seed=seed).forecasts  # type: ignore[arg-type]
        held.append([f.low <= law(f.size) <= f.high for f in forecasts])  # type: ignore[operator]
        gained.append([f.step.low <= law(f.size) - law(largest) <= f.step.high for f in forecasts])  # type: ignore[operator]
        claimed.append(forecasts[0].outlook == "gain")
    return Coverage(np.mean(held, axis=0).min(), np.mean(gained, axis=0).min(), float(np.mean(claimed)))


@pytest.mark.parametrize(("law", "trainings"), [(rising, 1), (rising, 3), (flat, 2), (logarithmic, 3)])
def test_intervals_cover_at_their_level(law: Law, trainings: int) -> None:
    """With the power law alone, the gain of the logarithmic truth at 10,000 training examples was covered in none of 60 samples."""
    coverage = simulate_coverage(law, repeats=60, trainings=trainings)
    assert coverage.score >= 0.88  # 60 repeats: 95% less three standard errors is 0.87
    assert coverage.gain >= 0.88
    assert law is not flat or coverage.claimed <= 0.05


@pytest.mark.soak
@pytest.mark.parametrize("law", [rising, slow, flat, logarithmic, steep])
@pytest.mark.parametrize("trainings", [1, 2, 3])
@pytest.mark.parametrize(("rows", "spread"), [(200, 0.0), (200, 0.015), (2000, 0.0), (2000, 0.015)])
@pytest.mark.parametrize("sizes", [SIZES[1:], SIZES], ids=["4 sizes", "5 sizes"])
def test_coverage(law: Law, trainings: int, rows: int, spread: float, sizes: Sequence[int]) -> None:
    """200 repetitions: a coverage of 85% stays below 90% in 97 of 100 simulations."""
    coverage = simulate_coverage(law, repeats=200, trainings=trainings, rows=rows, spread=spread, sizes=sizes)
    print(f"covered: scores {coverage.score:.1%}, gains {coverage.gain:.1%}; a gain claimed in {coverage.claimed:.1%}")
    assert coverage.score >= 0.90
    assert coverage.gain >= 0.90
    assert law is not flat or coverage.claimed <= 0.05
