"""Means from few ratings and an automatic score of every example: right however useless the score, and never wider than without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from assisted_world import BLIND, FIVE, SKEWED, WINS, World, of_share, repeat
from chance import at_most, enough

from harness.statistics import AssistedMean, Interval, assisted_mean, mean_interval, proportion_interval

MISSED = 0.07  # the intervals cover at least 93%
ONE_SIDED = 0.06  # each end of an interval at 90%, which is a limit at 5%


def test_a_perfect_score_gives_nearly_the_interval_of_all_examples() -> None:
    rng = np.random.default_rng(1)
    quality = rng.normal(size=300)
    truth = (np.argsort(np.argsort(quality)) + 1) / 300 * 4 + 1  # what raters say, linear in the rank
    rated = np.sort(rng.choice(300, 30, replace=False))
    alone = mean_interval(truth[rated])
    joined = assist(truth[rated], rated, quality[:, None], alone)
    assert joined.estimate == pytest.approx(truth.mean(), abs=0.01) and joined.scores == (0,) and joined.explained > 0.98
    whole = mean_interval(truth)
    assert joined.interval is not None and width(joined.interval) == pytest.approx(width(whole), rel=0.1)
    assert joined.effective == pytest.approx(min(300, 30 * (width(alone) / width(joined.interval)) ** 2))


def test_ratings_are_never_worth_more_than_those_of_all_examples() -> None:
    rng = np.random.default_rng(8)
    score = rng.integers(0, 2, 80).astype(float)
    rated = np.sort(rng.choice(80, 22, replace=False))
    joined = assist(score[rated], rated, score[:, None], Interval(0.1, 0.9, 22, 22, "", True), is_share=True)
    assert joined.interval is not None and 22 * (0.8 / width(joined.interval)) ** 2 > 100
    assert joined.effective == 80


def test_an_unusual_draw_is_corrected() -> None:
    """The rated examples happen to be the better ones; the score knows."""
    rng = np.random.default_rng(2)
    quality = rng.normal(size=400)
    ratings = 3 + quality + 0.3 * rng.normal(size=400)
    rated = np.argsort(quality)[np.arange(150, 390, 8)]
    joined = assist(ratings[rated], rated, quality[:, None], mean_interval(ratings[rated]))
    assert ratings[rated].mean() > 3.25
    assert joined.estimate is not None and abs(joined.estimate - 3) < 0.15


@pytest.mark.parametrize("change", [lambda s: 100 - 7 * s, np.exp, lambda s: np.where(s > 2, 1e9, s)])
def test_only_the_order_of_a_score_counts(change) -> None:  # type: ignore[no-untyped-def]
    """Bias, scale, direction and outliers of a score change nothing."""
    rng = np.random.default_rng(3)
    score = rng.normal(size=200)
    ratings, rated = 3 + score + rng.normal(size=200), np.arange(40)
    plain = assist(ratings[rated], rated, score[:, None], mean_interval(ratings[rated]))
    changed = assist(ratings[rated], rated, change(score)[:, None], mean_interval(ratings[rated]))
    assert plain.estimate == pytest.approx(changed.estimate, abs=0.01) and plain.effective == pytest.approx(changed.effective, rel=0.05)


def test_the_ratings_of_an_example_do_not_decide_how_it_is_corrected() -> None:
    """Cross-fitting: changing one rating changes the slopes of all others, and not its own."""
    from harness.statistics.assisted.cross_fit import cross_fit

    rng = np.random.default_rng(4)
    score, weights = rng.normal(size=(40, 3)), np.full(40, 1.0)
    ratings = score[:, 1] + rng.normal(size=40)
    changed = ratings.copy()
    changed[:4] += 50.0
    units = np.arange(40) // 4
    before, after = (cross_fit(values, score, weights, units) for values in (ratings, changed))
    assert before.slopes[:4] == pytest.approx(after.slopes[:4]) and (before.chosen[:4] == after.chosen[:4]).all()
    assert not np.allclose(before.slopes[4:], after.slopes[4:])


def test_ratings_stand_alone_where_a_score_cannot_help() -> None:
    rng = np.random.default_rng(5)
    score = rng.normal(size=(60, 1))
    ratings = score[:, 0] + 0.1 * rng.normal(size=60)
    all_rated, few = np.arange(60), np.arange(19)
    assert assist(ratings, all_rated, score, mean_interval(ratings)).why_alone == "all_rated"
    assert assist(ratings[few], few, score, mean_interval(ratings[few])).why_alone == "few_ratings"
    assert assist(ratings[:40], np.arange(40), np.ones((60, 1)), mean_interval(ratings[:40])).why_alone == "no_gain"
    assert assist(ratings[:40], np.arange(40), np.full((60, 1), np.nan), mean_interval(ratings[:40])).why_alone == "no_gain"
    assert assist(np.full(40, 2.0), np.arange(40), score, Interval(1.9, 2.1, 40, 40, "", True)).why_alone == "no_gain"
    rare = np.where(np.arange(40) < 4, 1.0, 0.0)
    joined = assist(rare, np.arange(40), score, proportion_interval(4, 40), is_share=True)
    assert joined.why_alone == "few_events" and joined.interval is None


def test_failures_that_no_rated_example_shows_may_still_be_there() -> None:
    """A score that explains all of these ratings does not show that it would see every failure."""
    rng = np.random.default_rng(9)
    score = rng.normal(size=400)
    ratings = np.clip(np.round(3.5 + score), 1, 5)
    rated = np.sort(rng.choice(400, 50, replace=False))
    alone = mean_interval(ratings[rated])
    free, bounded = (assist(ratings[rated], rated, score[:, None], alone, ends=ends) for ends in (None, (1.0, 5.0)))
    assert free.interval is not None and bounded.interval is not None and bounded.estimate is not None
    share = 1 - 0.025 ** (1 / 50)
    assert bounded.interval.low == pytest.approx(bounded.estimate - share * (bounded.estimate - 1))
    assert width(free.interval) < width(bounded.interval) < width(alone)


def test_few_groups_count_as_few_ratings() -> None:
    rng = np.random.default_rng(6)
    score = rng.normal(size=(200, 1))
    ratings, groups = score[:, 0] + rng.normal(size=200), [i // 10 for i in range(200)]
    rated = np.arange(0, 190)
    joined = assisted_mean(ratings[rated], rated, score, np.full(190, 0.95), groups, mean_interval(ratings[rated], groups[:190]))
    assert joined.why_alone == "few_ratings"  # 19 groups


def test_an_example_without_a_score_is_not_corrected() -> None:
    rng = np.random.default_rng(7)
    score = rng.normal(size=200)
    ratings, rated = 3 + score + 0.5 * rng.normal(size=200), np.arange(50)
    some = np.where(rng.random(200) < 0.3, np.nan, score)
    whole, partial = (assist(ratings[rated], rated, s[:, None], mean_interval(ratings[rated])) for s in (score, some))
    assert 50 < partial.effective < whole.effective


SHORT = [
    (replace(FIVE, scores=12), 20),
    (replace(FIVE, worth=0.8, shape="biased"), 20),
    (replace(FIVE, worth=0.8, rows=4), 40),
    (of_share(0.7, worth=0.7, scores=6), 40),
    (BLIND, 30),
    (replace(FIVE, worth=0.7, favoured="low"), 50),
    (of_share(0.5, truth=0.475, blind=0.05, shape="verdict"), 40),  # 9% missed before failures moved ratings from their prediction
]


@pytest.mark.parametrize(("world", "n"), SHORT)
def test_short_simulations_cover_and_are_never_wider(world: World, n: int) -> None:
    check(world, n, 80)


def test_a_good_score_is_worth_many_ratings_and_a_useless_one_none() -> None:
    good, useless = repeat(replace(FIVE, worth=0.8), 40, 40), repeat(replace(FIVE, scores=6), 40, 40)
    assert good.gained > 70 and good.used > 0.95
    assert useless.gained < 44 and useless.used < 0.25


@pytest.mark.soak
@pytest.mark.parametrize("n", [20, 30, 50, 100, 200])
@pytest.mark.parametrize("worth", [0.9, 0.98])
def test_scores_that_are_blind_to_rare_failures_are_covered(worth: float, n: int) -> None:
    check(replace(BLIND, worth=worth), n, enough(MISSED))


WORLDS = [FIVE, WINS, SKEWED, of_share(0.5), of_share(0.7), of_share(0.85)]
SCORES = [
    {},
    {"scores": 12},
    {"worth": 0.8},
    {"worth": 0.8, "shape": "biased"},
    {"worth": 0.8, "shape": "flag"},
    {"worth": 0.6, "scores": 6, "shape": "heavy"},
]


@pytest.mark.soak
@pytest.mark.parametrize("n", [20, 30, 50, 100, 200])
@pytest.mark.parametrize("score", range(len(SCORES)))
@pytest.mark.parametrize("world", range(len(WORLDS)))
def test_independent_examples_are_covered(world: int, score: int, n: int) -> None:
    check(replace(WORLDS[world], **SCORES[score], examples=max(400, 2 * n)), n, enough(MISSED))  # type: ignore[arg-type]


@pytest.mark.soak
@pytest.mark.parametrize(("n", "examples"), [(20, 40), (50, 80), (100, 1000), (150, 200)])
@pytest.mark.parametrize("world", range(len(WORLDS)))
def test_small_and_large_test_sets_are_covered(world: int, n: int, examples: int) -> None:
    check(replace(WORLDS[world], worth=0.8, examples=examples), n, enough(MISSED))


@pytest.mark.soak
@pytest.mark.parametrize("n", [30, 60, 120, 200])
@pytest.mark.parametrize("score", [0, 1, 2, 5])
@pytest.mark.parametrize("world", range(len(WORLDS)))
def test_groups_are_covered(world: int, score: int, n: int) -> None:
    check(replace(WORLDS[world], **SCORES[score], rows=4, examples=480), n, enough(MISSED))  # type: ignore[arg-type]


@pytest.mark.soak
@pytest.mark.parametrize("n", [30, 60, 120, 200])
@pytest.mark.parametrize("favoured", ["low", "far"])
@pytest.mark.parametrize("score", [0, 1, 2, 5])
@pytest.mark.parametrize("world", [0, 1, 3, 4, 5])
def test_favoured_samples_are_covered(world: int, score: int, favoured: str, n: int) -> None:
    check(replace(WORLDS[world], **SCORES[score], favoured=favoured, examples=480), n, enough(MISSED))  # type: ignore[arg-type]


def judged(world: World, wrong: float) -> World:
    """With a judge that is right but for a share of the examples, which it takes for the best and which are the worst."""
    assert world.ends is not None
    truth = (1 - wrong) * world.truth + wrong * world.ends[0]
    return replace(world, truth=truth, blind=wrong, shape="verdict")


@pytest.mark.soak
@pytest.mark.parametrize("n", [20, 30, 40, 60, 100])
@pytest.mark.parametrize("wrong", [0.03, 0.05, 0.1])
@pytest.mark.parametrize("world", [0, 1, 3, 4, 5])
def test_judges_that_err_in_one_direction_alone_are_covered(world: int, wrong: float, n: int) -> None:
    check(judged(WORLDS[world], wrong), n, enough(MISSED))


DRAWS = [{"n": n} for n in (20, 30, 60, 120)]
DRAWS += [{"n": n, "rows": 4, "examples": 480} for n in (30, 60, 120)]
DRAWS += [{"n": n, "favoured": favoured, "examples": 480} for favoured in ("low", "far") for n in (30, 60, 120)]


@pytest.mark.soak
@pytest.mark.parametrize("n", [20, 30, 40, 60, 100])
@pytest.mark.parametrize("wrong", [0.03, 0.05, 0.1])
def test_win_rates_by_such_judges_are_rarely_beyond_the_limits_that_the_gate_reads(wrong: float, n: int) -> None:
    times = enough(ONE_SIDED)
    result = repeat(replace(judged(WINS, wrong), confidence=0.9), n, times)
    too_low = result.missed - result.too_high
    print(f"n={n} wrong={wrong}: above the truth {result.too_high:.3f}, below it {too_low:.3f}, used {result.used:.2f}")
    assert at_most(ONE_SIDED, result.too_high, times) and at_most(ONE_SIDED, too_low, times)


@pytest.mark.soak
@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: " ".join(map(str, draw.values())))
@pytest.mark.parametrize("score", [0, 1, 2, 5])
def test_win_rates_are_rarely_beyond_the_limits_that_the_gate_reads(score: int, draw: dict[str, object]) -> None:
    about = {name: value for name, value in draw.items() if name != "n"}
    world = replace(WINS, confidence=0.9, **SCORES[score], **about)  # type: ignore[arg-type]
    times = enough(ONE_SIDED)
    result = repeat(world, int(str(draw["n"])), times)
    too_low = result.missed - result.too_high
    print(f"{draw} {SCORES[score]}: above the truth {result.too_high:.3f}, below it {too_low:.3f}, used {result.used:.2f}")
    assert at_most(ONE_SIDED, result.too_high, times) and at_most(ONE_SIDED, too_low, times)


@pytest.mark.soak
@pytest.mark.parametrize("worth", [0.0, 0.8])
@pytest.mark.parametrize("rate", [0.03, 0.05, 0.1])
def test_rare_events_keep_the_interval_of_the_ratings(rate: float, worth: float) -> None:
    """Prediction-powered intervals of 30 ratings would cover half to four fifths here."""
    result = repeat(of_share(rate, worth=worth), 30, enough(MISSED))
    print(f"rate={rate} worth={worth}: missed {result.missed:.3f}, used {result.used:.3f}")
    assert at_most(MISSED, result.missed, enough(MISSED))
    assert result.used < 0.4


def check(world: World, n: int, times: int) -> None:
    result = repeat(world, n, times)
    settings = f"truth={world.truth:g} n={n} N={world.examples} worth={world.worth} scores={world.scores} {world.shape}"
    about = f"{settings} rows={world.rows} {world.favoured or 'random'}"
    print(f"{about}: missed {result.missed:.3f} width {result.width:.3f} gained {result.gained:.0f} used {result.used:.2f}")
    assert at_most(MISSED, result.missed, times)
    assert result.widest <= 1.0


def assist(ratings, rated, scores, alone: Interval, **more: object) -> AssistedMean:  # type: ignore[no-untyped-def]
    return assisted_mean(ratings, rated, scores, np.full(len(ratings), 0.5), [None] * len(scores), alone, **more)


def width(interval: Interval) -> float:
    assert interval.low is not None and interval.high is not None
    return interval.high - interval.low
