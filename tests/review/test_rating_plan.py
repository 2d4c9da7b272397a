"""How many examples to rate: before there are ratings, and when some say how much a score explains."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from raters import page_file, rating
from report_factory import Made, make_run, summarization

from harness.api import review_export, review_import, review_plan
from harness.errors import BenchError
from harness.store import StoredRun


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """base and lora on 200 summaries."""
    cells = [Made("base", 0.5), Made("lora", 0.55, 1, train_seconds=9)]
    limits = {"review.critical_error_rate": {"at_most": 0.1}}
    return make_run(tmp_path_factory.mktemp("planned") / "run", [summarization(cells, rows=200, guardrails=limits)])


def test_before_there_are_ratings_two_scores_are_assumed(run: StoredRun) -> None:
    plan = review_plan(run.path)
    assert plan.strategies == ("base", "lora") and plan.earlier is None and plan.explained == (0.25, 0.5) and plan.sample == "random"
    for each in plan.needed:
        assert each.alone is not None and all(number is not None and number <= each.alone for number in each.helped)
    assert plan.question.effect == 0.65 and plan.n == plan.question.alone
    assert all(factor > 1.2 for factor in plan.factors.values())


def test_the_result_to_show_can_be_named(run: StoredRun) -> None:
    assert [each.effect for each in review_plan(run.path, mode="scales", effect=0.75).needed] == [0.75]
    beyond = review_plan(run.path, effect=0.52)
    assert beyond.question.alone is None and beyond.n == 200 and beyond.is_open


@pytest.mark.parametrize(("mode", "effect"), [("pairwise", 0.5), ("pairwise", 40.0), ("scales", 4.0), ("errors", 1.0), ("errors", -0.1)])
def test_results_that_do_not_exist_are_refused(run: StoredRun, mode: str, effect: float) -> None:
    with pytest.raises(BenchError, match=r"effect=.*between"):
        review_plan(run.path, mode=mode, effect=effect)


def test_two_strategies_are_compared(run: StoredRun) -> None:
    with pytest.raises(BenchError, match="compares two strategies, not 1"):
        review_plan(run.path, "lora", mode="scales")


def test_critical_errors_are_planned_for_the_limit_of_the_task_and_without_a_score(run: StoredRun) -> None:
    plan = review_plan(run.path, mode="errors")
    (limit,) = plan.needed
    assert limit.effect == 0.1 and limit.helped == () and plan.explained == ()
    assert limit.without_errors == 36  # 0.9³⁶ is below 5% / 2 strategies
    assert limit.alone is not None and limit.alone > 150


def test_earlier_ratings_say_how_much_a_score_explains(run: StoredRun, tmp_path: Path) -> None:
    scores = {cell.strategy: {p.example_id: p.scores["rougeL"] or 0.0 for p in run.predictions(cell.id)} for cell in run.cells}
    draw = random.Random(3)
    exported = review_export(run.path, ("base", "lora"), n=120, repeats=0, formats=["csv"], out=tmp_path)
    ratings = []
    for item in exported.packet.items[:30]:
        left, right = (scores[name][item.example] + draw.gauss(0, 0.05) for name in exported.key.items[item.id].strategies)
        ratings.append(rating(item.id, {"preference": "AB"[right > left]}))
    review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", ratings)])
    plan = review_plan(run.path)
    assert plan.earlier is not None and (plan.earlier.packet, plan.earlier.rated, plan.earlier.sampled) == (exported.packet.id, 30, 120)
    assert plan.earlier.scores and plan.explained == (plan.earlier.explained,) and 0.2 < plan.earlier.explained < 0.9
    assert plan.n == plan.question.helped[0] and plan.question.alone is not None and plan.n < plan.question.alone
    assert review_plan(run.path, mode="scales").earlier is None
