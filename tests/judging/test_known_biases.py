"""Judges with known biases: the intervals of what is measured cover the truth, and estimates with their help stay valid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import pytest
from chance import at_most

from harness.judging import JudgeScores
from harness.review.findings import (
    JudgeFindings,
    ScoreCombiner,
    automatic_scores,
    compute_judge_findings,
    compute_preferences,
    judge_findings,
)
from harness.review.ratings import UnblindedRatings
from harness.types import Score
from tests.judging.simulated_judges import BASE, OTHER, SimulatedJudge, World, draw, expect

GOOD = SimulatedJudge(error=0.05)
USELESS = SimulatedJudge(error=0.5)
FOLLOWS_ORDER = SimulatedJudge(first=0.4)
LIKES_LENGTH = SimulatedJudge(longer=0.5)
LIKES_ITSELF = SimulatedJudge(own=0.4)
JUDGES = {"good": GOOD, "useless": USELESS, "order": FOLLOWS_ORDER, "length": LIKES_LENGTH, "itself": LIKES_ITSELF}
EXAMPLES, RATED = 120, 45
_TIMES = 8


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the simulated verdicts instead of those of a run's folder."""

    def load(results: object) -> tuple[JudgeScores, ...]:
        return results.judges  # type: ignore[attr-defined,no-any-return]

    for module in (automatic_scores, judge_findings):
        monkeypatch.setattr(module, "load_judge_scores", load)


def simulate(judge: SimulatedJudge, world: World, seed: int) -> tuple[JudgeFindings, Score]:
    """What is found about the judge, and the win rate of the ratings with its help."""
    drawn = draw(judge, world, EXAMPLES, RATED, seed)
    drawn.results.judges = (JudgeScores(drawn.record, tuple(example.id for example in drawn.results.examples)),)
    (findings,) = compute_judge_findings(drawn.results, [drawn.review])
    ratings = UnblindedRatings(drawn.review, drawn.results.examples)
    (preference,) = compute_preferences(ratings, ScoreCombiner(drawn.results, ratings))
    best = preference.best_estimate
    return findings, best if preference.strategy == OTHER else Score(1 - best.value, 1 - best.high, 1 - best.low, best.n, "")  # type: ignore[operator]


def list_estimates(findings: JudgeFindings, joined: Score) -> Mapping[str, Score | None]:
    """Everything that is measured, by the name of what should be measured."""
    return {
        "flips": findings.biases.flips,
        "first": findings.biases.first,
        "wins": findings.wins[OTHER, BASE],
        "longer": findings.length.judge,
        "raters_longer": findings.length.raters,
        "longer_difference": findings.length.difference,
        "own": findings.own.judge,
        "own_difference": findings.own.difference,
        "raters": joined,
    }


def count_misses(judge: SimulatedJudge, world: World, times: int, seed: int = 0) -> Counter[str]:
    """How many intervals miss what should be measured."""
    truth, missed = expect(judge, world), Counter[str]()
    for number in range(times):
        for name, score in list_estimates(*simulate(judge, world, seed + number)).items():
            assert score is not None and score.low is not None and score.high is not None, name
            missed[name] += not score.low <= truth[name] <= score.high
    return missed


@lru_cache
def simulate_often(name: str) -> list[tuple[JudgeFindings, Score]]:
    """A few simulations of one judge, made once for all tests."""
    return [simulate(JUDGES[name], World(), seed) for seed in range(_TIMES)]


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize("name", JUDGES)
def test_biases_are_measured_as_they_are(name: str) -> None:
    truth, missed = expect(JUDGES[name], World()), Counter[str]()
    for findings, joined in simulate_often(name):
        for measure, score in list_estimates(findings, joined).items():
            assert score is not None and score.low is not None and score.high is not None, measure
            missed[measure] += not score.low <= truth[measure] <= score.high
    assert all(at_most(0.07, count / _TIMES, _TIMES) for count in missed.values())


@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize(
    ("name", "bias", "unbiased"), [("order", "first", 0.5), ("length", "longer_difference", 0), ("itself", "own_difference", 0)]
)
def test_each_bias_shows_where_it_is_and_nowhere_else(name: str, bias: str, unbiased: float) -> None:
    def count_seen(judge: str) -> int:
        scores = [list_estimates(*simulation)[bias] for simulation in simulate_often(judge)]
        return sum(score is not None and score.low is not None and score.low > unbiased for score in scores)

    assert count_seen(name) >= _TIMES - 1 and count_seen("good") <= 1


@pytest.mark.usefixtures("judged")
def test_a_good_judge_is_worth_ratings_and_a_useless_one_none() -> None:
    good, useless = ([findings for findings, _ in simulate_often(name)] for name in ("good", "useless"))
    assert sum(findings.worth[0].combined.effective > 1.2 * RATED for findings in good) >= _TIMES - 2
    assert sum(findings.worth[0].combined.effective > 1.2 * RATED for findings in useless) == 0
    assert sum(findings.agreement is not None and findings.agreement.agrees for findings in good) >= _TIMES - 1
    assert not any(findings.agreement is not None and findings.agreement.agrees for findings in useless)


@pytest.mark.soak
@pytest.mark.usefixtures("judged")
@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("rater_error", [0.05, 0.25])
@pytest.mark.parametrize("better", [0.5, 0.75])
def test_every_interval_covers_what_should_be_measured(judge: str, rater_error: float, better: float) -> None:
    world, times = World(better=better, rater_error=rater_error), 500
    missed = count_misses(JUDGES[judge], world, times, seed=1000)
    too_often = {name: count / times for name, count in missed.items() if not at_most(0.07, count / times, times)}
    assert not too_often
