"""Simulated raters with known quality, preference, side bias and agreement: the findings recover them within their intervals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chance import covers
from raters import Export, SimulatedRater, page_file, preferences, severities
from report_factory import Made, make_run, summarization

from harness.api import review_export, review_import
from harness.results import TaskScores
from harness.review import ExportedPacket, Findings, compute_findings, load_reviews
from harness.review.findings import Preference, compute_error_rates, compute_preferences
from harness.review.ratings import Rating, Review, UnblindedRatings
from harness.store import StoredRun


def import_and_analyze(run: StoredRun, exported: ExportedPacket, ratings: list[dict[str, Any]], folder: Path) -> Findings:
    review_import(run.path, [page_file(folder, exported.packet, rater, ratings) for rater in exported.packet.raters])
    (review,) = [r for r in load_reviews(run) if r.packet.id == exported.packet.id]
    return compute_findings(TaskScores(run, run.plan.tasks[review.packet.task]), review)


def unblind(exported: ExportedPacket, ratings: list[dict[str, Any]], run: StoredRun) -> UnblindedRatings:
    """Unblinded ratings without the detour over files, for simulations."""
    rater_of = {j.id: j.rater for j in exported.packet.items}
    stored = tuple(Rating(r["item"], rater_of[r["item"]], r["answers"], tuple(r["kinds"])) for r in ratings)
    return UnblindedRatings(Review(exported.packet, exported.key, stored, 0), run.examples(exported.packet.task))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    return make_run(tmp_path_factory.mktemp("large") / "run", [summarization(cells, rows=400)])


def test_win_rate_interval_has_its_nominal_coverage(large: StoredRun) -> None:
    """Over other samples and other answers; noise pulls the rate towards one half, as it should."""
    times, held, wins, noise = 200, 0, 0.7, 0.2
    truth = wins * (1 - noise) + noise / 2
    exported = review_export(large.path, ("base", "lora"), n=80, raters=2, repeats=0)
    raters = {rater: SimulatedRater(rater, wins=wins, noise=noise) for rater in exported.packet.raters}
    for seed in range(times):
        (preference,) = compute_preferences(unblind(exported, preferences(exported.packet, exported.key, raters, seed=seed), large))
        assert preference.win_rate.low is not None and preference.win_rate.high is not None
        held += preference.win_rate.low <= truth <= preference.win_rate.high
    assert covers(held / times, times)


def test_sign_test_keeps_its_level_without_a_preference(large: StoredRun) -> None:
    times, significant, exported = 200, 0, review_export(large.path, ("base", "lora"), n=60, raters=2, repeats=0)
    raters = {rater: SimulatedRater(rater, wins=0.5, ties=0.2, left=0.3) for rater in exported.packet.raters}
    for seed in range(times):
        (preference,) = compute_preferences(unblind(exported, preferences(exported.packet, exported.key, raters, seed=seed), large))
        assert preference.sign_test_p is not None
        significant += preference.sign_test_p < 0.05
    assert significant / times <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)


def test_critical_rate_and_reduction_intervals_have_their_coverage(large: StoredRun) -> None:
    times, held, reduced, critical = 150, 0, 0, {"base": 0.4, "lora": 0.1}
    exported = review_export(large.path, ("base", "lora"), n=100, mode="errors", repeats=0)
    for seed in range(times):
        base, lora = compute_error_rates(unblind(exported, severities(exported.packet, exported.key, critical, seed=seed), large))
        assert lora.critical.low is not None and lora.critical.high is not None and lora.reduction is not None
        held += lora.critical.low <= critical["lora"] <= lora.critical.high
        assert lora.reduction.low is not None and lora.reduction.high is not None and base.change is None
        reduced += lora.reduction.low <= 0.75 <= lora.reduction.high
    assert covers(held / times, times, high=0.995)  # exact intervals are on the safe side
    assert covers(reduced / times, times, low=0.91)


@pytest.mark.parametrize("share", [8, pytest.param(100, marks=pytest.mark.soak)])
def test_low_score_sample_estimates_the_rate_over_all_examples(large: StoredRun, tmp_path: Path, share: int) -> None:
    """Errors are where scores are low and the sample is dense: the weighted rate is that over all examples."""
    scores = {
        name: {p.example_id: p.scores["rougeL"] or 0.0 for p in large.predictions(c.id)} for c in large.cells for name in (c.strategy,)
    }
    worst = sorted(scores["base"], key=lambda row: scores["base"][row] + scores["lora"][row])
    bad = set(worst[:share])
    truth, times, held, plain = len(bad) / 400, 60, 0, []
    for seed in range(times):
        exported = review_export(
            large.path, ("base", "lora"), n=80, mode="errors", sample="low-score", repeats=0, seed=seed, formats=["csv"], out=tmp_path
        )
        ratings = [
            {
                "item": j.id,
                "answers": {"severity": "critical" if j.example in bad and exported.key.items[j.id].strategies == ("base",) else "none"},
                "kinds": [],
            }
            for j in exported.packet.items
        ]
        base, _ = compute_error_rates(unblind(exported, ratings, large))
        assert base.critical.low is not None and base.critical.high is not None
        held += base.critical.low <= truth <= base.critical.high
        plain.append(np.mean([row in bad for row in exported.key.inclusion_probabilities]))
    assert np.mean(plain) > 1.3 * truth
    assert held / times >= 0.93 - 3 * math.sqrt(0.05 * 0.95 / times)


def test_side_bias_and_guessing_show_in_the_rater_who_has_them(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(("base", "lora", "qlora"), n=60, raters="anna,ben,carla", repeats=18)
    raters = {
        "anna": SimulatedRater("anna", wins=0.8),
        "ben": SimulatedRater("ben", wins=0.8, noise=0.9),
        "carla": SimulatedRater("carla", wins=0.8, left=0.6),
    }
    findings = import_and_analyze(run, exported, preferences(exported.packet, exported.key, raters), tmp_path)
    anna, ben, carla = findings.raters
    assert (anna.repeated, anna.repeated_same) == (18, 18)
    assert ben.repeated_same < 16
    assert carla.left_p is not None and carla.left_p < 0.001 and carla.left_low is not None and carla.left_low > 0.5
    assert anna.left_p is not None and anna.left_p > 0.01
    pairs = findings.agreement["preference"]["nominal"].cohen
    assert pairs["anna", "ben"][0] < pairs["anna", "carla"][0]


def test_agreement_falls_with_noise(export: Export, run: StoredRun, tmp_path: Path) -> None:
    alphas = []
    for number, noise in enumerate((0.0, 0.3, 1.0)):
        exported = export(n=60, raters=3, seed=number)
        ratings = preferences(exported.packet, exported.key, {r: SimulatedRater(r, wins=0.6, noise=noise) for r in exported.packet.raters})
        alphas.append(import_and_analyze(run, exported, ratings, tmp_path).agreement["preference"]["nominal"].alpha)
    assert alphas[0] == pytest.approx(1) and alphas[1] is not None and alphas[2] is not None
    assert 0.3 < alphas[1] < 0.75 and abs(alphas[2]) < 0.2


def test_rating_time_ratio_is_recovered(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(n=60, raters=2, mode="errors")
    ratings = severities(exported.packet, exported.key, {"base": 0.5, "lora": 0.1}, seconds={"base": 900.0, "lora": 180.0})
    findings = import_and_analyze(run, exported, ratings, tmp_path)
    base, lora = findings.rating_times
    assert base.ratio is None and base.median_seconds == pytest.approx(900, rel=0.1)
    assert lora.ratio is not None and lora.low is not None and lora.high is not None
    assert lora.low < 0.2 < lora.high and lora.high / lora.low < 1.4


def test_score_that_agrees_with_raters_ranks_first(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """Raters prefer the output with the higher ROUGE-L, so the score agrees on nearly all examples."""
    exported = export(n=60)
    scores = {name: {p.example_id: p.scores["rougeL"] for p in run.predictions(cell)} for name, cell in exported.key.cells.items()}
    ratings = []
    for item in exported.packet.items:
        left, right = (scores[name][item.example] for name in exported.key.items[item.id].strategies)
        answer = "tie" if left == right else "A" if (left or 0) > (right or 0) else "B"
        ratings.append({"item": item.id, "answers": {"preference": answer}, "kinds": []})
    findings = import_and_analyze(run, exported, [r | {"corrected": None, "comment": ""} for r in ratings], tmp_path)
    best = findings.metric_agreement[0]
    assert best.within_input is not None and best.within_input.value is not None and best.within_input.value > 0.95
    assert "rougeL" in {m.metric for m in findings.metric_agreement[:2]}
    assert not best.agrees, "one strategy wins everywhere, so a score that only knows the strategy would do as well"


def test_review_on_scales_shows_which_scores_agree(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """Ratings follow ROUGE-L with noise; a review of few inputs shows nothing."""
    chance = np.random.default_rng(3)
    agreements = {}
    for n in (12, 60):
        exported = export(mode="scales", n=n)
        (scale,) = exported.packet.questions.scales
        scores = {name: {p.example_id: p.scores["rougeL"] for p in run.predictions(cell)} for name, cell in exported.key.cells.items()}
        values = {item.id: scores[exported.key.items[item.id].strategies[0]][item.example] or 0.0 for item in exported.packet.items}
        spread = float(np.std(list(values.values())))
        noisy = {name: value + 0.3 * spread * chance.normal() for name, value in values.items()}
        cuts = np.quantile(list(noisy.values()), np.linspace(0, 1, len(scale.answers) + 1)[1:-1])
        answers = {name: scale.answers[int(np.digitize(value, cuts))] for name, value in noisy.items()}
        ratings = [{"item": i, "answers": {scale.name: a}, "kinds": [], "corrected": None, "comment": ""} for i, a in answers.items()]
        (tmp_path / str(n)).mkdir()
        findings = import_and_analyze(run, exported, ratings, tmp_path / str(n))
        agreements[n] = {m.metric: m for m in findings.metric_agreement}
    assert agreements[60]["rougeL"].agrees and agreements[60]["rougeL"].inputs >= 30
    assert not any(m.agrees for m in agreements[12].values()), "12 inputs are too few to show it"


def test_scales_have_a_mean_and_a_change_from_base(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(mode="scales", n=40, raters=2)
    (scale,) = exported.packet.questions.scales
    ratings = [
        {"item": j.id, "answers": {scale.name: scale.answers[-1 if exported.key.items[j.id].strategies == ("lora",) else 1]}, "kinds": []}
        for j in exported.packet.items
    ]
    findings = import_and_analyze(run, exported, [r | {"corrected": None, "comment": ""} for r in ratings], tmp_path)
    base, lora = findings.scale_scores
    assert (base.mean.value, lora.mean.value) == (2.0, float(len(scale.answers)))
    assert lora.change is not None and lora.change.value == len(scale.answers) - 2 and base.change is None


def test_rates_of_the_hardest_examples_are_not_representative(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(sample="hardest", n=10)
    findings = import_and_analyze(
        run, exported, preferences(exported.packet, exported.key, {"rater-1": SimulatedRater("rater-1", wins=0.9)}), tmp_path
    )
    assert not findings.representative and "valid for the sampled examples only" in findings.preferences[0].win_rate.method


@pytest.mark.parametrize(("patients", "rows"), [(10, 5), (20, 5)])
def test_preferences_that_vary_by_patient_only_are_not_decided(tmp_path: Path, patients: int, rows: int) -> None:
    """Examples of one patient are not independent: they are one vote, not five."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=patients * rows, group=lambda i: f"p{i // rows}")])
    exported = review_export(run.path, ("base", "lora"), n=patients * rows, repeats=0)
    times, significant, order = 200, 0, {e.id: int(e.group[1:]) for e in run.examples("summarization") if e.group}
    for seed in range(times):
        luck = np.random.default_rng(seed).random(patients) < 0.5
        ratings = []
        for j in exported.packet.items:
            winner = "lora" if luck[order[j.example]] else "base"
            ratings.append({"item": j.id, "answers": {"preference": "AB"[exported.key.items[j.id].strategies.index(winner)]}, "kinds": []})
        (preference,) = compute_preferences(unblind(exported, ratings, run))
        significant += preference.is_decided
    assert significant / times <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)


def test_unanimous_ratings_of_few_patients_keep_a_wide_interval(tmp_path: Path) -> None:
    """A few unanimous patients do not show that all others agree."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=12, group=lambda i: f"p{i // 3}")])
    exported = review_export(run.path, ("base", "lora"), n=12, repeats=0)

    def all_are(winner: str | None) -> Preference:
        ratings = []
        for j in exported.packet.items:
            answer = "tie" if winner is None else "AB"[exported.key.items[j.id].strategies.index(winner)]
            ratings.append({"item": j.id, "answers": {"preference": answer}, "kinds": []})
        return compute_preferences(unblind(exported, ratings, run))[0]

    won, tied = all_are("lora"), all_are(None)
    assert won.win_rate.value == 1 and won.win_rate.low is not None and won.win_rate.low < 0.6 and won.sign_test_p == pytest.approx(0.125)
    assert tied.win_rate.low is not None and tied.win_rate.high is not None and tied.win_rate.low < 0.4 and tied.win_rate.high > 0.6
    assert not won.is_decided and not tied.is_decided


def test_weighted_sample_has_no_sign_test(export: Export, run: StoredRun) -> None:
    exported = export(sample="disagreement", n=30, repeats=0)
    (preference,) = compute_preferences(
        unblind(exported, preferences(exported.packet, exported.key, {"rater-1": SimulatedRater("rater-1", wins=0.6)}), run)
    )
    assert preference.sign_test_p is None and preference.win_rate.low is not None


def test_alpha_interval_counts_patients_not_examples(tmp_path: Path) -> None:
    """Agreement depends on the patient: an interval over examples would be far too narrow."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    widths = []
    for name, group in (("rows", None), ("patients", lambda i: f"p{i // 6}")):
        run = make_run(tmp_path / name, [summarization(cells, rows=60, group=group)])
        exported = review_export(run.path, ("base", "lora"), n=60, raters=2, repeats=0)
        order = {f"row-{i}": i for i in range(60)}
        ratings = []
        for j in exported.packet.items:
            hard = (order[j.example] // 6) % 2 and j.rater == "rater-2"
            winner = "base" if hard or order[j.example] % 3 == 0 else "lora"
            ratings.append({"item": j.id, "answers": {"preference": "AB"[exported.key.items[j.id].strategies.index(winner)]}, "kinds": []})
        agreement = import_and_analyze(run, exported, [r | {"corrected": None, "comment": ""} for r in ratings], tmp_path).agreement[
            "preference"
        ]["nominal"]
        assert agreement.low is not None and agreement.high is not None
        widths.append(agreement.high - agreement.low)
    assert widths[1] > 1.5 * widths[0]


def test_patients_with_several_examples_widen_the_interval(tmp_path: Path) -> None:
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    runs = [
        make_run(tmp_path / name, [summarization(cells, rows=60, group=group)])
        for name, group in (("alone", None), ("patients", lambda i: f"p{i // 6}"))
    ]
    widths = []
    for run in runs:
        exported = review_export(run.path, ("base", "lora"), n=60, repeats=0)
        order = {f"row-{i}": i for i in range(60)}
        ratings = []
        for j in exported.packet.items:
            winner = "lora" if (order[j.example] // 6) % 3 else "base"  # patients differ, their rows do not
            ratings.append({"item": j.id, "answers": {"preference": "AB"[exported.key.items[j.id].strategies.index(winner)]}, "kinds": []})
        (preference,) = compute_preferences(unblind(exported, ratings, run))
        assert preference.win_rate.low is not None and preference.win_rate.high is not None
        widths.append(preference.win_rate.high - preference.win_rate.low)
    assert widths[1] > 1.8 * widths[0]
