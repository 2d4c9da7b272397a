"""Human reviews in the gate: rules on them, and the examples on which reviewers found a critical error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

from harness.api import review_export, review_import
from harness.gate import Reason, load_verdicts
from harness.reporting import verdict_to_junit, verdict_to_markdown
from harness.reporting.views import build_report_view
from harness.reporting.wording.gate.gate_tables import list_regressions
from harness.review import load_reviews
from harness.review.findings import compute_preferences
from harness.review.packets import ReviewItem
from harness.review.ratings import UnblindedRatings
from harness.statistics import clopper_pearson_interval
from harness.store import StoredRun
from tests.gate.conftest import Runs, judged


def reviewed(run: StoredRun, answer: Callable[[ReviewItem, tuple[str, ...]], dict[str, Any]], tmp_path: Path, **more: Any) -> None:
    """A packet of base and lora, answered by one rater who is told whose outputs they are."""
    made = review_export(run.path, ("base", "lora"), repeats=0, **more)
    ratings = [{"item": j.id, **answer(j, made.key.items[j.id].strategies)} for j in made.packet.items]
    file = tmp_path / f"{made.packet.id}.json"
    file.write_text(json.dumps({"bench_review": 1, "packet": made.packet.id, "rater": "rater-1", "ratings": ratings}))
    (imported,) = review_import(run.path, [file])
    assert imported.new == len(ratings), imported.rejected


def test_a_missing_review_fails(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, rows=60)
    policy = {"rules": [{"rule": "floor", "score": "review.win_rate", "value": 0.6, "against": "base"}]}
    missing = judged(run, tmp_path, policy=policy)
    assert missing.outcome == "FAIL" and missing.rules[-1].reason == Reason("review_missing", texts={"strategies": ("lora", "base")})
    counted = iter(range(60))
    reviewed(run, lambda j, sides: {"answers": {"preference": "AB"[sides.index("lora" if next(counted) % 10 else "base")]}}, tmp_path, n=60)
    verdict = judged(run, tmp_path, policy=policy)
    assert verdict.outcome == "PASS" and verdict.rules[-1].measured == pytest.approx(0.9)


def lora_wins(share: int) -> Callable[[ReviewItem, tuple[str, ...]], dict[str, Any]]:
    """On all but each so-many-th judgement."""
    counted = iter(range(1000))
    return lambda j, sides: {"answers": {"preference": "AB"[sides.index("lora" if next(counted) % share else "base")]}}


def test_reviews_are_judged_at_the_policys_alpha(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, rows=60)
    reviewed(run, lora_wins(4), tmp_path, n=60)
    rules = [{"rule": "floor", "score": "review.win_rate", "value": 0.6, "against": "base"}]
    outcomes = [judged(run, tmp_path, policy={"rules": rules, "alpha": alpha}).outcome for alpha in (0.05, 0.0001)]
    assert outcomes == ["PASS", "INCONCLUSIVE"]


def test_examples_chosen_for_their_difficulty_decide_nothing(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, rows=60)
    reviewed(run, lora_wins(100), tmp_path, n=30, sample="hardest")
    verdict = judged(run, tmp_path, policy={"rules": [{"rule": "floor", "score": "review.win_rate", "value": 0.6, "against": "base"}]})
    assert verdict.outcome == "FAIL" and verdict.rules[-1].reason.code == "review_missing"


def answer_by_score(run: StoredRun, **answers: Callable[[float, float], dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """A rater who answers by rougeL of the outputs, which they do not see; of a single output, both are its own."""
    scores = {cell.strategy: {p.example_id: p.scores["rougeL"] or 0.0 for p in run.predictions(cell.id)} for cell in run.cells}
    (answer,) = answers.values()
    return lambda item, sides: {"answers": answer(scores[sides[0]][item.example], scores[sides[-1]][item.example])}


def test_a_win_rate_is_judged_with_the_help_of_a_score(tmp_path: Path) -> None:
    """Where few ratings would leave it open."""
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.45), Made("lora", 0.6, 1, train_seconds=9)], rows=200)])
    reviewed(run, answer_by_score(run, prefers=lambda left, right: {"preference": "AB"[right > left]}), tmp_path, n=40)
    policy = {"rules": [{"rule": "floor", "score": "review.win_rate", "value": 0.6, "against": "base"}]}
    rule = judged(run, tmp_path, policy=policy).rules[-1]
    assert "PPI++" in rule.method and rule.n == 40 and rule.low is not None
    (review,) = load_reviews(run)
    (preference,) = compute_preferences(UnblindedRatings(review, run.examples("summarization"), confidence=0.9))
    assert preference.win_rate.low is not None and preference.win_rate.low < rule.low - 0.02


def test_a_limit_on_critical_errors_is_never_kept_by_a_score(tmp_path: Path) -> None:
    """Even one that predicts what raters say."""
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.5), Made("lora", 0.6, 1, train_seconds=9)], rows=200)])

    def rates(left: float, right: float) -> dict[str, Any]:
        return {"severity": "critical" if left < 0.5 else "minor" if left < 0.6 else "none"}

    reviewed(run, answer_by_score(run, rates=rates), tmp_path, n=40, mode="errors")
    for score, value in (("review.critical_error_rate", 0.5), ("review.critical_error_rate", 0.01)):
        rule = judged(run, tmp_path, policy={"rules": [{"rule": "ceiling", "score": score, "value": value}]}).rules[-1]
        alone = clopper_pearson_interval(round(40 * (rule.measured or 0.0)), 40, 0.9)
        assert (rule.low, rule.high) == (pytest.approx(alone.low), pytest.approx(alone.high)) and "PPI" not in rule.method


def test_unreliable_limits_pass_nothing(tmp_path: Path) -> None:
    """Two patients with many examples each are still evidence about two patients only."""
    cells = [Made("base", 0.2), Made("lora", 0.95, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=60, group=lambda i: f"p{i % 2}")])
    reviewed(run, lora_wins(1000), tmp_path, n=60)
    verdict = judged(run, tmp_path, policy={"rules": [{"rule": "floor", "score": "review.win_rate", "value": 0.01, "against": "base"}]})
    assert verdict.outcome == "INCONCLUSIVE" and verdict.rules[-1].measured > 0.9


def test_a_critical_error_found_by_reviewers_comes_first_although_the_score_rose(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, base=0.7, rows=60)

    before = judged(run, tmp_path)
    assert before.critical_count == 0 and 0 < before.regression_count == len(before.regressions)
    fatal, shared = [e.id for e in run.examples("summarization") if e.id not in [row.example for row in before.regressions]][:2]

    def answer(judgement: ReviewItem, sides: tuple[str, ...]) -> dict[str, Any]:
        bad = judgement.example == shared or (judgement.example == fatal and sides == ("lora",))
        return {"answers": {"severity": "critical" if bad else "none"}}

    reviewed(run, answer, tmp_path, n=60, mode="errors")
    verdict = judged(run, tmp_path)
    assert [row.example for row in verdict.regressions if row.critical] == [fatal], "the one that base makes, too, is no step back"
    assert verdict.regressions[0].example == fatal and verdict.regressions[0].critical_by == ("people",)
    assert verdict.regression_count == before.regression_count + 1 and verdict.critical_count == 1
    assert "**critical (people)**" in verdict_to_markdown(verdict) and f"critical (people): {fatal}" in verdict_to_junit(verdict)
    assert list_regressions(build_report_view(run).tasks[0].verdicts[-1]).rows[0][:2] == (fatal, "critical (people)")

    ceiling = {"rules": [{"rule": "ceiling", "score": "review.critical_error_rate", "value": 0.2}]}
    allowed = judged(run, tmp_path, policy=ceiling)
    assert allowed.outcome == "PASS" and allowed.rules[-1].measured == pytest.approx(2 / 60)


def test_a_critical_error_on_an_example_without_a_score_is_listed_without_one(tmp_path: Path) -> None:
    """The primary score is of facts, and half of the examples have none."""
    facts = [{"what": "sign", "any": ["mild"]}]
    cells = [Made("base", 0.9), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(
        tmp_path / "run",
        [summarization(cells, rows=40, metrics=("facts",), primary="entity_recall", meta=lambda i: {"facts": facts if i % 2 else None})],
    )
    fatal = run.examples("summarization")[0].id

    def answer(item: ReviewItem, sides: tuple[str, ...]) -> dict[str, Any]:
        return {"answers": {"severity": "critical" if item.example == fatal and sides == ("lora",) else "none"}}

    reviewed(run, answer, tmp_path, n=40, mode="errors")
    verdict = judged(run, tmp_path)
    (worst, *_) = verdict.regressions
    assert (worst.example, worst.baseline, worst.candidate) == (fatal, None, None)
    assert load_verdicts(run.path) == [verdict] and list_regressions(verdict).rows[0][2:4] == ("–", "–")
