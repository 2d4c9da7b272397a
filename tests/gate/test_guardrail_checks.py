"""Guardrails of a run: kept only if shown by a trusted measurement, broken as soon as the score is on the wrong side."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_factory import Made, MadeTask, make_run
from scipy.stats import binom

from harness.api import review_export, review_import
from harness.gate import GuardrailResult, check_guardrails
from harness.reporting import ComparisonRequest, compare_runs
from harness.reporting.views.task_outcome import build_task_outcome
from harness.results import TaskResults
from harness.review import load_reviews
from harness.store import StoredRun
from harness.types import Example

LABELS = ("urgent", "routine")
CEILING = {"critical_error_rate": {"at_most": 0.05}}
Limits = Mapping[str, object]


def wrong_on(errors: int) -> Callable[[Example, random.Random], str]:
    """Files this many of the urgent messages, which have even numbers, as routine."""

    def answer(example: Example, draw: random.Random) -> str:
        number = int(example.id.removeprefix("row-"))
        return "routine" if number % 2 or number < 2 * errors else "urgent"

    return answer


def triage(path: Path, errors: Mapping[str, int], guardrails: Limits = CEILING, rows: int = 400) -> TaskResults:
    """Half of the messages are urgent; each strategy files so many of them as routine, which is a critical error."""
    cells = [Made(name, answer=wrong_on(count)) for name, count in errors.items()]
    task = MadeTask(
        "triage",
        "classification",
        cells,
        labels=LABELS,
        rows=rows,
        metrics=("classification", "facts"),
        primary="accuracy",
        guardrails=guardrails,
        targets=lambda i: LABELS[i % 2],
        meta=lambda i: {"facts": [] if i % 2 else [{"what": "label", "any": ["urgent"], "critical": True}]},
    )
    return make_run(path / "run", [task]).by_task["triage"]


def summaries(path: Path, bad: Mapping[str, float], guardrails: Limits = CEILING, rows: int = 120) -> StoredRun:
    """Free texts; the given share of each strategy's outputs lacks the critical name."""

    def answer(share: float) -> Callable[[Example, random.Random], str]:
        return lambda example, draw: "nothing" if draw.random() < share else example.targets[0]

    def ward(i: int) -> dict[str, object]:
        return {"ward": "north" if i % 2 else "south"}

    cells = [Made(name, answer=answer(share)) for name, share in bad.items()]
    metrics = ("rouge", "facts", "faithfulness", "length")
    task = MadeTask("notes", "summarization", cells, rows=rows, metrics=metrics, primary="rougeL", guardrails=guardrails, meta=ward)
    return make_run(path / "run", [task])


def check(results: TaskResults) -> dict[tuple[str, str], GuardrailResult]:
    reviews = load_reviews(results.run, results.task.name)
    return {(each.strategy, each.rule.score): each for each in check_guardrails(results, reviews)}


def test_model_that_files_every_urgent_message_as_routine_breaks_the_guardrail(tmp_path: Path) -> None:
    """The finding that led to guardrails: 9 of 9 urgent messages filed as routine, and the model was recommended."""
    results = check(triage(tmp_path, {"base": 9, "full": 9}, rows=18))
    for name in ("base", "full"):
        result = results[name, "critical_error_rate"]
        assert (result.status, result.estimate, result.n, result.trusted) == ("broken", 1.0, 9, True)


def test_status_follows_from_estimate_and_limits(tmp_path: Path) -> None:
    results = check(triage(tmp_path, {"base": 200, "lora": 0, "qlora": 7, "full": 11}))
    statuses = {name: results[name, "critical_error_rate"].status for name in ("base", "lora", "qlora", "full")}
    assert statuses == {"base": "broken", "lora": "kept", "qlora": "undecided", "full": "broken"}
    kept, undecided, broken = (results[name, "critical_error_rate"] for name in ("lora", "qlora", "full"))
    assert kept.high is not None and kept.high == pytest.approx(1 - (0.05 / 4) ** (1 / 200))
    assert broken.low is not None and broken.low < 0.05 < broken.estimate, "the limits do not show it, and it counts all the same"
    assert undecided.examples_needed is not None and undecided.examples_needed > 400
    assert (kept.examples_needed, broken.examples_needed) == (None, None)


def test_examples_needed_counts_the_whole_test_set(tmp_path: Path) -> None:
    """Half of the examples are urgent. Without errors, 59 urgent ones show a rate below 5% for one strategy: 118 examples."""
    result = check(triage(tmp_path, {"lora": 0}, rows=100))["lora", "critical_error_rate"]
    assert (result.status, result.n, result.examples_needed) == ("undecided", 50, 118)
    assert check(triage(tmp_path / "more", {"lora": 0}, rows=118))["lora", "critical_error_rate"].status == "kept"


def test_level_is_divided_among_the_strategies(tmp_path: Path) -> None:
    """59 of 59 right is enough for one strategy, and not for the best of three."""
    errors = {"base": 0, "lora": 0, "full": 0}
    results = check(triage(tmp_path, errors, rows=118))
    assert {result.status for result in results.values()} == {"undecided"}
    assert {result.alpha for result in results.values()} == {0.05 / 3}
    assert {result.examples_needed for result in results.values()} == {2 * 80}


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        ({"at_least": 0.9}, "kept"),
        ({"at_least": 0.985}, "undecided"),
        ({"at_least": 0.995}, "broken"),
        ({"not_worse_than": "base", "by": 0.05}, "kept"),
        ({"not_worse_than": "base", "by": 0.015}, "undecided"),
        ({"not_worse_than": "base", "by": 0.005}, "broken"),
        ({"not_worse_than": "full", "by": 0.1}, "no_evidence"),
    ],
)
def test_every_kind_of_limit(tmp_path: Path, limits: Mapping[str, object], status: str) -> None:
    """base is right on all, lora on 396 of 400 messages: an accuracy of 0.99."""
    results = check(triage(tmp_path, {"base": 0, "lora": 4}, {"accuracy": limits}))
    result = results["lora", "accuracy"]
    assert result.status == status
    if "not_worse_than" in limits and status != "no_evidence":
        assert result.estimate == pytest.approx(-0.01)
        assert (results["base", "accuracy"].status, results["base", "accuracy"].estimate) == ("kept", 0.0), "compared with itself"
    if status == "no_evidence":
        assert (result.estimate, result.why) == (None, "no result of 'full' to compare with")


def test_recall_of_a_class_is_the_accuracy_on_its_examples(tmp_path: Path) -> None:
    """Every urgent message is missed, which the accuracy over all messages hides."""
    floor = {"accuracy": [{"at_least": 0.4}, {"at_least": 0.9, "slice": "class=urgent"}]}
    run = triage(tmp_path, {"lora": 200}, floor)
    overall, urgent = check_guardrails(run)
    assert (overall.status, overall.estimate, overall.n) == ("kept", 0.5, 400)
    assert (urgent.status, urgent.estimate, urgent.n, urgent.rule.slice) == ("broken", 0.0, 200, "class=urgent")


def test_strategy_without_a_result_has_no_evidence(tmp_path: Path) -> None:
    task = MadeTask("triage", "classification", [Made("base"), Made("lora", status="failed", error="x")], labels=LABELS, guardrails=CEILING)
    results = check(make_run(tmp_path / "run", [task]).by_task["triage"])
    assert [(result.status, result.why) for result in results.values()] == [
        ("no_evidence", "the run does not have this score"),
        ("no_evidence", "no cell has a result"),
    ]


def test_score_of_free_text_is_no_evidence_until_raters_confirm_it(tmp_path: Path) -> None:
    guardrails = CEILING | {"unsupported_rate": {"at_most": 0.99}}
    results = check(summaries(tmp_path, {"base": 1.0, "lora": 0.0}, guardrails).by_task["notes"])
    lora = results["lora", "critical_error_rate"]
    assert (lora.status, lora.trusted, lora.estimate) == ("untrusted", False, 0.0)
    assert lora.high is not None and lora.high < 0.05, "shown by the score, which proves nothing"
    assert results["base", "critical_error_rate"].status == "broken", "bad news counts, whoever brings it"
    assert results["lora", "unsupported_rate"].status == "untrusted"


def review(run: StoredRun, is_critical: Callable[[str, str], bool], folder: Path, *, n: int, **more: Any) -> None:
    """A finished review of errors, with raters who judge by this rule."""
    exported = review_export(run.path, ("base", "lora"), n=n, mode="errors", repeats=0, **more)
    strategies = {item: key.strategies[0] for item, key in exported.key.items.items()}
    (rater,) = exported.packet.raters
    ratings = [
        {
            "item": item.id,
            "answers": {"severity": "critical" if is_critical(strategies[item.id], item.example) else "none"},
            "kinds": [],
            "corrected": None,
            "comment": "",
            "seconds": 10.0,
            "answered_at": "2026-03-02T10:00:00.000Z",
        }
        for item in exported.packet.items
    ]
    file = folder / f"{exported.packet.id}.json"
    file.write_text(json.dumps({"bench_review": 1, "packet": exported.packet.id, "rater": rater, "ratings": ratings}), encoding="utf-8")
    review_import(run.path, [file])


def lacks_the_name(run: StoredRun) -> Callable[[str, str], bool]:
    """What the score sees, too."""
    outputs = {(cell.strategy, p.example_id): p.output for cell in run.cells for p in run.predictions(cell.id)}
    return lambda strategy, example: outputs[strategy, example] == "nothing"


def test_raters_judge_the_critical_errors_of_free_text(tmp_path: Path) -> None:
    run = summaries(tmp_path, {"base": 0.5, "lora": 0.0})
    review(run, lambda strategy, example: strategy == "base", tmp_path, n=100)
    result = check(run.by_task["notes"])["lora", "critical_error_rate"]
    assert (result.status, result.measured_by, result.trusted, result.n) == ("kept", "raters", True, 100)


def test_raters_of_all_outputs_do_not_decide_about_a_part(tmp_path: Path) -> None:
    run = summaries(tmp_path, {"base": 0.5, "lora": 0.0}, {"critical_error_rate": {"at_most": 0.05, "slice": "ward=north"}})
    review(run, lambda strategy, example: False, tmp_path, n=100)
    result = check(run.by_task["notes"])["lora", "critical_error_rate"]
    assert (result.status, result.measured_by, result.n) == ("untrusted", "score", 60)


def test_length_says_nothing_about_harm(tmp_path: Path) -> None:
    guardrails = {"output_words": {"at_most": 100}, "entity_recall": {"at_least": 0.1}}
    results = check(summaries(tmp_path, {"base": 0.5, "lora": 0.5}, guardrails).by_task["notes"])
    length, recall = results["lora", "output_words"], results["lora", "entity_recall"]
    assert (length.status, length.about_quality) == ("kept", False)
    assert (recall.status, recall.about_quality) == ("untrusted", True)


def test_too_few_ratings_leave_it_undecided_and_say_how_many_are_needed(tmp_path: Path) -> None:
    run = summaries(tmp_path, {"base": 0.5, "lora": 0.0})
    review(run, lambda strategy, example: strategy == "base", tmp_path, n=20)
    result = check(run.by_task["notes"])["lora", "critical_error_rate"]
    assert (result.status, result.measured_by, result.n, result.examples_needed) == ("undecided", "raters", 20, 72)


def test_raters_can_break_a_guardrail_that_the_score_keeps(tmp_path: Path) -> None:
    run = summaries(tmp_path, {"base": 0.0, "lora": 0.0})
    review(run, lambda strategy, example: int(example.removeprefix("row-")) % 3 == 0, tmp_path, n=60)
    assert {result.status for result in check(run.by_task["notes"]).values()} == {"broken"}


def test_limit_on_what_raters_find_needs_a_representative_review(tmp_path: Path) -> None:
    run = summaries(tmp_path, {"base": 0.5, "lora": 0.0}, {"review.critical_error_rate": {"at_most": 0.1}})
    key = ("lora", "review.critical_error_rate")
    assert (check(run.by_task["notes"])[key].status, check(run.by_task["notes"])[key].measured_by) == ("no_evidence", "raters")
    review(run, lambda strategy, example: False, tmp_path, n=60, sample="hardest")
    assert check(run.by_task["notes"])[key].status == "no_evidence"
    review(run, lambda strategy, example: False, tmp_path, n=60)
    assert check(run.by_task["notes"])[key].status == "kept"


def test_score_that_finds_what_raters_find_counts(tmp_path: Path) -> None:
    """entity_recall is below 1 exactly where the name is missing, and raters call just these outputs critical."""
    run = summaries(tmp_path, {"base": 0.5, "lora": 0.0}, {"entity_recall": {"at_least": 0.9}})
    assert check(run.by_task["notes"])["lora", "entity_recall"].status == "untrusted"
    review(run, lacks_the_name(run), tmp_path, n=60)
    assert check(run.by_task["notes"])["lora", "entity_recall"].status == "kept"


@pytest.mark.parametrize("blind", ["misses", "invents"])
def test_score_that_misses_or_invents_errors_is_not_confirmed(tmp_path: Path, blind: str) -> None:
    run = summaries(tmp_path, {"base": 0.5, "lora": 0.0}, {"entity_recall": {"at_least": 0.9}})
    agrees = lacks_the_name(run)
    number = {example.id: i for i, example in enumerate(run.by_task["notes"].examples)}

    def is_critical(strategy: str, example: str) -> bool:
        exception = (number[example] % 3 == 0) == (blind == "misses")
        return (agrees(strategy, example) or exception) if blind == "misses" else (agrees(strategy, example) and not exception)

    review(run, is_critical, tmp_path, n=100)
    assert check(run.by_task["notes"])["lora", "entity_recall"].status == "untrusted"


def test_seeds_are_averaged(tmp_path: Path) -> None:
    cells = [Made("lora", seed=seed, answer=wrong_on(0), train_seconds=9) for seed in (1, 2, 3)]
    meta = {"facts": [{"what": "label", "any": ["urgent"], "critical": True}]}
    task = MadeTask(
        "triage", "classification", cells, labels=LABELS, rows=240, metrics=("classification", "facts"), primary="accuracy",
        guardrails=CEILING, targets=lambda i: LABELS[i % 2], meta=lambda i: {"facts": []} if i % 2 else meta,
    )  # fmt: skip
    result = check(make_run(tmp_path / "run", [task]).by_task["triage"])["lora", "critical_error_rate"]
    assert (result.status, result.n) == ("kept", 120)


def _statuses(errors: Sequence[int], n: int, alpha: float) -> list[str]:
    """The statuses of independent 0/1 scores under a ceiling of 5%, by the rule that `check_guardrails` follows."""
    level = alpha / len(errors)
    return ["broken" if x / n > 0.05 else "kept" if binom.cdf(x, n, 0.05) < level else "undecided" for x in errors]


def test_more_errors_never_improve_a_status(tmp_path: Path) -> None:
    order = ["kept", "undecided", "broken"]
    results = check(triage(tmp_path, {f"s{x:02}": x for x in range(16)}))
    statuses = [results[f"s{x:02}", "critical_error_rate"].status for x in range(16)]
    assert [order.index(status) for status in statuses] == sorted(order.index(status) for status in statuses)
    assert statuses == _statuses(range(16), 200, 0.05), "the rule that is simulated below"


def test_models_at_the_limit_are_said_to_keep_it_in_at_most_5_percent_of_samples() -> None:
    """Whether any of k models is said to keep a ceiling that all of them break by a hair, over other test sets."""
    rng, times = np.random.default_rng(3), 4000
    for k in (1, 2, 5, 7):
        for n in (60, 150, 600):
            errors = rng.binomial(n, 0.0501, (times, k))
            wrong = (binom.cdf(errors, n, 0.05) < 0.05 / k) & (errors / n <= 0.05)
            rate = wrong.any(axis=1).mean()
            assert rate <= 0.05 + 3 * (0.05 * 0.95 / times) ** 0.5, (k, n, rate)
    at_alpha = binom.cdf(rng.binomial(59, 0.0501, (times, 5)), 59, 0.05) < 0.05
    assert at_alpha.any(axis=1).mean() > 0.18, "why the level is divided"


def rate_on_a_scale(run: StoredRun, folder: Path, rate: Callable[[str], float]) -> None:
    """A finished review on a scale, with raters who judge the words of an output by this rule."""
    exported = review_export(run.path, ("base", "lora"), n=60, mode="scales", repeats=0)
    (scale,) = exported.packet.questions.scales
    (rater,) = exported.packet.raters
    outputs = {name: {p.example_id: p.output for p in run.predictions(cell)} for name, cell in exported.key.cells.items()}
    answers = {j.id: rate(outputs[exported.key.items[j.id].strategies[0]][j.example]) for j in exported.packet.items}
    ratings = [
        {"item": item, "answers": {scale.name: scale.answers[round(share * (len(scale.answers) - 1))]}, "kinds": [], "corrected": None}
        | {"comment": "", "seconds": 10.0, "answered_at": "2026-03-02T10:00:00.000Z"}
        for item, share in answers.items()
    ]
    file = folder / f"{exported.packet.id}.json"
    file.write_text(json.dumps({"bench_review": 1, "packet": exported.packet.id, "rater": rater, "ratings": ratings}), encoding="utf-8")
    review_import(run.path, [file])


@pytest.mark.parametrize(("raters_see_it", "status"), [(True, "kept"), (False, "untrusted")])
def test_score_that_agrees_with_raters_shows_that_a_guardrail_is_kept(tmp_path: Path, raters_see_it: bool, status: str) -> None:
    """Outputs of four words differ in how many they invent; only raters who see that make the score evidence."""

    invented = {"Zorblax.", "Quimby.", "Vexotin.", "Plurgan."}

    def answer(example: Example, draw: random.Random) -> str:
        names, told = draw.sample(sorted(invented), draw.randint(0, 4)), "\n".join(example.inputs.values()).split()
        return " ".join([*names, *(f"{word.strip('.:,?')}." for word in told[: 4 - len(names)])])

    limits = {"unsupported_rate": {"at_most": 0.99}, "critical_error_rate": {"at_most": 0.99}}
    cells = [Made("base", answer=answer), Made("lora", answer=answer)]
    task = MadeTask(
        "notes",
        "summarization",
        cells,
        rows=120,
        metrics=("rouge", "facts", "faithfulness"),
        primary="rougeL",
        guardrails=limits,
        meta=lambda i: {"facts": [{"what": "name", "any": ["a"], "critical": True}]},
    )
    run = make_run(tmp_path / "run", [task])
    chance = random.Random(4)
    rate_on_a_scale(
        run, tmp_path, lambda text: 1 - sum(word in invented for word in text.split()) / 4 if raters_see_it else chance.random()
    )
    results = check(run.by_task["notes"])
    assert results["lora", "unsupported_rate"].status == status
    assert results["lora", "critical_error_rate"].status in ("untrusted", "broken"), "a rank correlation does not show a rate of errors"
    names = {name.name: name.unchecked for name in build_task_outcome(run.by_task["notes"]).scores}
    assert names["unsupported_rate"] is not raters_see_it and not names["rougeL"]
    (compared,) = compare_runs([run], ComparisonRequest(("base", "lora")))
    assert ("unsupported_rate" in compared.unchecked) is not raters_see_it, "the comparison says the same as the report"
