"""Ratings joined with automatic scores: reports, decision and gate rest on the narrower estimate, and critical errors never do."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from raters import page_file, rating
from report_factory import Made, make_run, summarization

from harness.api import review_export, review_import
from harness.reporting import findings_to_json
from harness.reporting.wording.review import combined_wording, review_sentences
from harness.results import TaskScores
from harness.review import Findings, compute_findings, load_reviews
from harness.review.findings import Combined
from harness.store import StoredRun

Scores = Mapping[str, Mapping[str, float]]  # rougeL by strategy and example


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    """base and lora on 150 summaries, equally good on average; each is better on some."""
    cells = [Made("base", 0.5), Made("lora", 0.5, 1, train_seconds=9)]
    return make_run(tmp_path_factory.mktemp("varied") / "run", [summarization(cells, rows=150)])


def rouge(run: StoredRun) -> dict[str, dict[str, float]]:
    return {cell.strategy: {p.example_id: p.scores["rougeL"] or 0.0 for p in run.predictions(cell.id)} for cell in run.cells}


def rate(run: StoredRun, folder: Path, answer: Callable[[str, tuple[str, ...], Scores], dict[str, Any]], **more: Any) -> Findings:
    """What one rater's packet shows who answers by the scores, which raters do not see."""
    scores = rouge(run)
    exported = review_export(run.path, ("base", "lora"), repeats=0, formats=["csv"], out=folder, **more)
    ratings = [rating(j.id, answer(j.example, exported.key.items[j.id].strategies, scores)) for j in exported.packet.items]
    review_import(run.path, [page_file(folder, exported.packet, rater, ratings) for rater in exported.packet.raters])
    (review,) = [each for each in load_reviews(run) if each.packet.id == exported.packet.id]
    return compute_findings(TaskScores(run, run.plan.tasks["summarization"]), review)


def prefer_the_higher(example: str, sides: tuple[str, ...], scores: Scores) -> dict[str, Any]:
    return {"preference": "AB"[int(scores[sides[1]][example] > scores[sides[0]][example])]}


def test_a_win_rate_is_more_precise_with_a_score_that_predicts_it(run: StoredRun, tmp_path: Path) -> None:
    findings = rate(run, tmp_path, prefer_the_higher, n=40)
    (preference,) = findings.preferences
    combined = preference.combined
    assert combined is not None and combined.estimate is not None and combined.why_alone == ""
    assert combined.effective > 55 and combined.examples == 150 and combined.scores[0].startswith("rouge")
    scores = rouge(run)
    truth = sum(0.5 + 0.5 * (scores["lora"][e] > scores["base"][e]) - 0.5 * (scores["lora"][e] < scores["base"][e]) for e in scores["base"])
    assert preference.best_estimate is combined.estimate and combined.estimate.value == pytest.approx(truth / 150, abs=0.15)
    assert "in an estimated" in review_sentences.headline(findings) and "on all 150" in review_sentences.headline(findings)
    assert f"40 rated examples are worth about {round(combined.effective)}." in combined_wording.describe_help(findings)
    json.dumps(findings_to_json([findings]), allow_nan=False)


def test_ratings_that_no_score_predicts_stand_alone(run: StoredRun, tmp_path: Path) -> None:
    def toss(example: str, sides: tuple[str, ...], scores: Scores) -> dict[str, Any]:
        return {"preference": random.Random(example).choice(["A", "B"])}

    findings = rate(run, tmp_path, toss, n=40, seed=1)
    (preference,) = findings.preferences
    assert preference.combined == Combined("no_gain") and preference.best_estimate is preference.win_rate
    assert (
        combined_wording.describe_help(findings) == "No automatic score makes these results more precise: they rest on the ratings alone."
    )
    assert "Raters preferred" in review_sentences.headline(findings)


def test_few_ratings_and_the_hardest_examples_are_not_combined(run: StoredRun, tmp_path: Path) -> None:
    few = rate(run, tmp_path, prefer_the_higher, n=19, seed=2)
    assert few.preferences[0].combined == Combined("few_ratings") and combined_wording.describe_help(few).startswith("From 20")
    hardest = rate(run, tmp_path, prefer_the_higher, n=40, sample="hardest", seed=2)
    assert hardest.preferences[0].combined is None and combined_wording.describe_help(hardest) == ""


def test_favoured_samples_are_weighted_in_the_combined_estimate(run: StoredRun, tmp_path: Path) -> None:
    findings = rate(run, tmp_path, prefer_the_higher, n=60, sample="disagreement", seed=3)
    (preference,) = findings.preferences
    assert preference.combined is not None and preference.combined.estimate is not None
    assert "weighted by 1/probability" in preference.combined.estimate.method


def test_means_and_their_change_are_combined(run: StoredRun, tmp_path: Path) -> None:
    def by_score(example: str, sides: tuple[str, ...], scores: Scores) -> dict[str, Any]:
        (scale,) = run.plan.tasks["summarization"].review.scales
        return {scale.name: scale.answers[min(4, int(5 * scores[sides[0]][example]))]}

    base, lora = rate(run, tmp_path, by_score, n=40, mode="scales", seed=4).scale_scores
    assert base.combined is not None and base.combined.estimate is not None and base.change_combined is None
    assert lora.change_combined is not None and lora.change_combined.estimate is not None and lora.change is not None
    assert lora.change_combined.effective > 45 and lora.best_estimate is not lora.mean


def test_critical_errors_rest_on_the_ratings_alone(run: StoredRun, tmp_path: Path) -> None:
    """Even where a score predicts them perfectly: what is shown and judged of them is what raters saw."""

    def low_is_critical(example: str, sides: tuple[str, ...], scores: Scores) -> dict[str, Any]:
        score = scores[sides[0]][example]
        return {"severity": "critical" if score < 0.45 else "minor" if score < 0.55 else "none"}

    findings = rate(run, tmp_path, low_is_critical, n=60, mode="errors", seed=5)
    for each in findings.error_rates:
        assert each.critical.method.startswith("Clopper–Pearson") and each.critical.n == 60
        assert each.any_combined is not None and each.any_combined.estimate is not None
    assert "Rates of critical errors always rest on the ratings alone" in combined_wording.describe_help(findings)
