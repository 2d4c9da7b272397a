"""Simulated raters whose quality, taste, favourite side and agreement are known: the analysis finds them within its intervals."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chance import covers
from raters import Export, Person, page_file, preferences, severities
from report_factory import Made, make_run, summarization

from harness.api import review_export, review_import
from harness.results import TaskScores
from harness.review import ExportedPacket, Findings, compute_findings, load_reviews
from harness.review.findings import Preference, compute_error_rates, compute_preferences
from harness.review.ratings import Rating, Review, UnblindedRatings
from harness.store import StoredRun


def analysed(run: StoredRun, made: ExportedPacket, ratings: list[dict[str, Any]], folder: Path) -> Findings:
    review_import(run.path, [page_file(folder, made.packet, rater, ratings) for rater in made.packet.raters])
    (review,) = [r for r in load_reviews(run) if r.packet.id == made.packet.id]
    return compute_findings(TaskScores(run, run.plan.tasks[review.packet.task]), review)


def without_files(made: ExportedPacket, ratings: list[dict[str, Any]], run: StoredRun) -> UnblindedRatings:
    """The judgements, straight from the ratings: for simulations."""
    rater_of = {j.id: j.rater for j in made.packet.items}
    stored = tuple(Rating(r["item"], rater_of[r["item"]], r["answers"], tuple(r["kinds"])) for r in ratings)
    return UnblindedRatings(Review(made.packet, made.key, stored, 0), run.examples(made.packet.task))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    return make_run(tmp_path_factory.mktemp("large") / "run", [summarization(cells, rows=400)])


def test_the_win_rate_is_found_as_often_as_the_interval_says(large: StoredRun) -> None:
    """Over other draws of rows and other answers; noise pulls the rate towards one half, as it should."""
    times, held, wins, noise = 200, 0, 0.7, 0.2
    truth = wins * (1 - noise) + noise / 2
    made = review_export(large.path, ("base", "lora"), n=80, raters=2, repeats=0)
    people = {rater: Person(rater, wins=wins, noise=noise) for rater in made.packet.raters}
    for seed in range(times):
        (found,) = compute_preferences(without_files(made, preferences(made.packet, made.key, people, seed=seed), large))
        assert found.win_rate.low is not None and found.win_rate.high is not None
        held += found.win_rate.low <= truth <= found.win_rate.high
    assert covers(held / times, times)


def test_no_taste_is_called_one_in_a_twentieth_of_the_cases_at_most(large: StoredRun) -> None:
    times, found_one, made = 200, 0, review_export(large.path, ("base", "lora"), n=60, raters=2, repeats=0)
    people = {rater: Person(rater, wins=0.5, ties=0.2, left=0.3) for rater in made.packet.raters}
    for seed in range(times):
        (found,) = compute_preferences(without_files(made, preferences(made.packet, made.key, people, seed=seed), large))
        assert found.sign_test_p is not None
        found_one += found.sign_test_p < 0.05
    assert found_one / times <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)


def test_critical_rates_are_covered_and_the_reduction_with_them(large: StoredRun) -> None:
    times, held, reduced, critical = 150, 0, 0, {"base": 0.4, "lora": 0.1}
    made = review_export(large.path, ("base", "lora"), n=100, mode="errors", repeats=0)
    for seed in range(times):
        base, lora = compute_error_rates(without_files(made, severities(made.packet, made.key, critical, seed=seed), large))
        assert lora.critical.low is not None and lora.critical.high is not None and lora.reduction is not None
        held += lora.critical.low <= critical["lora"] <= lora.critical.high
        assert lora.reduction.low is not None and lora.reduction.high is not None and base.change is None
        reduced += lora.reduction.low <= 0.75 <= lora.reduction.high
    assert covers(held / times, times, high=0.995)  # exact intervals are on the safe side
    assert covers(reduced / times, times, low=0.91)


@pytest.mark.parametrize("share", [8, 100])
def test_a_sample_that_favours_low_scores_gives_the_rate_of_all_rows(large: StoredRun, tmp_path: Path, share: int) -> None:
    """Errors are where scores are low, and there the sample is dense: weighed, the rate is that of all rows."""
    scores = {
        name: {p.example_id: p.scores["rougeL"] or 0.0 for p in large.predictions(c.id)} for c in large.cells for name in (c.strategy,)
    }
    worst = sorted(scores["base"], key=lambda row: scores["base"][row] + scores["lora"][row])
    bad = set(worst[:share])
    truth, times, held, plain = len(bad) / 400, 60, 0, []
    for seed in range(times):
        made = review_export(
            large.path, ("base", "lora"), n=80, mode="errors", sample="low-score", repeats=0, seed=seed, formats=["csv"], out=tmp_path
        )
        ratings = [
            {
                "item": j.id,
                "answers": {"severity": "critical" if j.example in bad and made.key.items[j.id].strategies == ("base",) else "none"},
                "kinds": [],
            }
            for j in made.packet.items
        ]
        base, _ = compute_error_rates(without_files(made, ratings, large))
        assert base.critical.low is not None and base.critical.high is not None
        held += base.critical.low <= truth <= base.critical.high
        plain.append(np.mean([row in bad for row in made.key.inclusion_probabilities]))
    assert np.mean(plain) > 1.3 * truth
    assert held / times >= 0.93 - 3 * math.sqrt(0.05 * 0.95 / times)


def test_a_favourite_side_and_guessing_are_seen_in_the_rater_who_has_them(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export(("base", "lora", "qlora"), n=60, raters="anna,ben,carla", repeats=18)
    people = {"anna": Person("anna", wins=0.8), "ben": Person("ben", wins=0.8, noise=0.9), "carla": Person("carla", wins=0.8, left=0.6)}
    found = analysed(run, made, preferences(made.packet, made.key, people), tmp_path)
    anna, ben, carla = found.raters
    assert (anna.repeated, anna.repeated_same) == (18, 18)
    assert ben.repeated_same < 16
    assert carla.left_p is not None and carla.left_p < 0.001 and carla.left_low is not None and carla.left_low > 0.5
    assert anna.left_p is not None and anna.left_p > 0.01
    pairs = found.agreement["preference"]["nominal"].cohen
    assert pairs["anna", "ben"][0] < pairs["anna", "carla"][0]


def test_agreement_falls_with_noise(export: Export, run: StoredRun, tmp_path: Path) -> None:
    alphas = []
    for number, noise in enumerate((0.0, 0.3, 1.0)):
        made = export(n=60, raters=3, seed=number)
        ratings = preferences(made.packet, made.key, {r: Person(r, wins=0.6, noise=noise) for r in made.packet.raters})
        alphas.append(analysed(run, made, ratings, tmp_path).agreement["preference"]["nominal"].alpha)
    assert alphas[0] == pytest.approx(1) and alphas[1] is not None and alphas[2] is not None
    assert 0.3 < alphas[1] < 0.75 and abs(alphas[2]) < 0.2


def test_how_much_faster_a_review_became(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export(n=60, raters=2, mode="errors")
    ratings = severities(made.packet, made.key, {"base": 0.5, "lora": 0.1}, seconds={"base": 900.0, "lora": 180.0})
    found = analysed(run, made, ratings, tmp_path)
    base, lora = found.rating_times
    assert base.ratio is None and base.median_seconds == pytest.approx(900, rel=0.1)
    assert lora.ratio is not None and lora.low is not None and lora.high is not None
    assert lora.low < 0.2 < lora.high and lora.high / lora.low < 1.4


def test_a_score_that_agrees_with_people_is_told_from_one_that_does_not(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """People prefer what has the higher ROUGE-L: the score agrees on nearly all rows."""
    made = export(n=60)
    scores = {name: {p.example_id: p.scores["rougeL"] for p in run.predictions(cell)} for name, cell in made.key.cells.items()}
    ratings = []
    for judgement in made.packet.items:
        left, right = (scores[name][judgement.example] for name in made.key.items[judgement.id].strategies)
        answer = "tie" if left == right else "A" if (left or 0) > (right or 0) else "B"
        ratings.append({"item": judgement.id, "answers": {"preference": answer}, "kinds": []})
    found = analysed(run, made, [r | {"corrected": None, "comment": ""} for r in ratings], tmp_path)
    best = found.metric_agreement[0]
    assert best.value > 0.95 and "rougeL" in {m.metric for m in found.metric_agreement[:2]}


def test_scales_have_a_mean_and_a_difference_to_base(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export(mode="scales", n=40, raters=2)
    (scale,) = made.packet.questions.scales
    ratings = [
        {"item": j.id, "answers": {scale.name: scale.answers[-1 if made.key.items[j.id].strategies == ("lora",) else 1]}, "kinds": []}
        for j in made.packet.items
    ]
    found = analysed(run, made, [r | {"corrected": None, "comment": ""} for r in ratings], tmp_path)
    base, lora = found.scale_scores
    assert (base.mean.value, lora.mean.value) == (2.0, float(len(scale.answers)))
    assert lora.change is not None and lora.change.value == len(scale.answers) - 2 and base.change is None


def test_rates_of_the_hardest_rows_are_said_to_be_about_them_alone(export: Export, run: StoredRun, tmp_path: Path) -> None:
    made = export(sample="hardest", n=10)
    found = analysed(run, made, preferences(made.packet, made.key, {"rater-1": Person("rater-1", wins=0.9)}), tmp_path)
    assert not found.representative and "valid for the sampled examples only" in found.preferences[0].win_rate.method


@pytest.mark.parametrize(("patients", "rows"), [(10, 5), (20, 5)])
def test_no_taste_of_patients_is_no_finding(tmp_path: Path, patients: int, rows: int) -> None:
    """Rows of one patient are alike: they are one vote, not five."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=patients * rows, group=lambda i: f"p{i // rows}")])
    made = review_export(run.path, ("base", "lora"), n=patients * rows, repeats=0)
    times, found_one, order = 200, 0, {e.id: int(e.group[1:]) for e in run.examples("summarization") if e.group}
    for seed in range(times):
        luck = np.random.default_rng(seed).random(patients) < 0.5
        ratings = []
        for j in made.packet.items:
            winner = "lora" if luck[order[j.example]] else "base"
            ratings.append({"item": j.id, "answers": {"preference": "AB"[made.key.items[j.id].strategies.index(winner)]}, "kinds": []})
        (found,) = compute_preferences(without_files(made, ratings, run))
        found_one += found.is_decided
    assert found_one / times <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)


def test_what_never_varied_is_no_certainty(tmp_path: Path) -> None:
    """All patients alike: a few of them cannot show that all others are."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=12, group=lambda i: f"p{i // 3}")])
    made = review_export(run.path, ("base", "lora"), n=12, repeats=0)

    def all_are(winner: str | None) -> Preference:
        ratings = []
        for j in made.packet.items:
            answer = "tie" if winner is None else "AB"[made.key.items[j.id].strategies.index(winner)]
            ratings.append({"item": j.id, "answers": {"preference": answer}, "kinds": []})
        return compute_preferences(without_files(made, ratings, run))[0]

    won, tied = all_are("lora"), all_are(None)
    assert won.win_rate.value == 1 and won.win_rate.low is not None and won.win_rate.low < 0.6 and won.sign_test_p == pytest.approx(0.125)
    assert tied.win_rate.low is not None and tied.win_rate.high is not None and tied.win_rate.low < 0.4 and tied.win_rate.high > 0.6
    assert not won.is_decided and not tied.is_decided


def test_a_sample_with_unequal_chances_has_no_sign_test(export: Export, run: StoredRun) -> None:
    made = export(sample="disagreement", n=30, repeats=0)
    (found,) = compute_preferences(without_files(made, preferences(made.packet, made.key, {"rater-1": Person("rater-1", wins=0.6)}), run))
    assert found.sign_test_p is None and found.win_rate.low is not None


def test_alpha_of_patients_is_as_uncertain_as_they_are_few(tmp_path: Path) -> None:
    """Agreement that patients share: the interval over rows would be far too narrow."""
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    widths = []
    for name, group in (("rows", None), ("patients", lambda i: f"p{i // 6}")):
        run = make_run(tmp_path / name, [summarization(cells, rows=60, group=group)])
        made = review_export(run.path, ("base", "lora"), n=60, raters=2, repeats=0)
        order = {f"row-{i}": i for i in range(60)}
        ratings = []
        for j in made.packet.items:
            hard = (order[j.example] // 6) % 2 and j.rater == "rater-2"
            winner = "base" if hard or order[j.example] % 3 == 0 else "lora"
            ratings.append({"item": j.id, "answers": {"preference": "AB"[made.key.items[j.id].strategies.index(winner)]}, "kinds": []})
        found = analysed(run, made, [r | {"corrected": None, "comment": ""} for r in ratings], tmp_path).agreement["preference"]["nominal"]
        assert found.low is not None and found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] > 1.5 * widths[0]


def test_patients_with_several_rows_make_the_interval_wider(tmp_path: Path) -> None:
    cells = [Made("base", 0.2), Made("lora", 0.9, 1, train_seconds=9)]
    runs = [
        make_run(tmp_path / name, [summarization(cells, rows=60, group=group)])
        for name, group in (("alone", None), ("patients", lambda i: f"p{i // 6}"))
    ]
    widths = []
    for run in runs:
        made = review_export(run.path, ("base", "lora"), n=60, repeats=0)
        order = {f"row-{i}": i for i in range(60)}
        ratings = []
        for j in made.packet.items:
            winner = "lora" if (order[j.example] // 6) % 3 else "base"  # patients differ, their rows do not
            ratings.append({"item": j.id, "answers": {"preference": "AB"[made.key.items[j.id].strategies.index(winner)]}, "kinds": []})
        (found,) = compute_preferences(without_files(made, ratings, run))
        assert found.win_rate.low is not None and found.win_rate.high is not None
        widths.append(found.win_rate.high - found.win_rate.low)
    assert widths[1] > 1.8 * widths[0]
