"""Verdicts: what passes, what fails, what cannot be told, and why."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chance import at_most
from report_factory import HOSTILE, Made, classification, make_run, summarization

from harness.errors import BenchError
from harness.gate import EXIT_CODES, verdict_of
from harness.reporting import render, verdict_to_junit, verdict_to_markdown
from harness.reporting.views import build_report_view
from harness.reporting.wording.gate_words import headline, list_rules
from harness.store import StoredRun, read_verdicts
from tests.gate.conftest import Runs, judged, only


def test_better_passes_and_worse_fails_and_near_cannot_be_told(runs: Runs, tmp_path: Path) -> None:
    good, bad, near = (judged(runs(lora, base=0.6, rows=rows), tmp_path) for lora, rows in ((0.9, 200), (0.4, 200), (0.6, 60)))
    assert [v.outcome for v in (good, bad, near)] == ["PASS", "FAIL", "INCONCLUSIVE"]
    assert [v.exit_code for v in (good, bad, near)] == [0, 1, 3] == list(EXIT_CODES.values())
    ruling = only(near, "rougeL not worse")
    assert ruling.examples_needed is not None and ruling.examples_needed > 60
    assert ruling.low < -0.01 < ruling.high
    assert bad.worse_rows > 100 and bad.worse[0].candidate - bad.worse[0].baseline == min(w.candidate - w.baseline for w in bad.worse)


def test_more_data_turns_what_cannot_be_told_into_a_verdict(runs: Runs, tmp_path: Path) -> None:
    policy = {"rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.05}]}
    outcomes = [judged(runs(0.6, base=0.6, rows=rows), tmp_path, policy=policy).outcome for rows in (20, 1500)]
    assert outcomes == ["INCONCLUSIVE", "PASS"]


@pytest.mark.parametrize("rule", ["floor", "ceiling", "better"])
def test_each_kind_of_rule_has_three_outcomes(runs: Runs, tmp_path: Path, rule: str) -> None:
    run = runs(0.8, base=0.5, metrics=("rouge", "ter"), primary="rougeL")
    lora, base = build_report_view(run).tasks[0].strategies
    assert lora.primary and base.primary and lora.primary.value and base.primary.value
    middle = {"floor": lora.primary.value, "ceiling": lora.scores["ter"].value, "better": lora.primary.value - base.primary.value}[rule]
    assert middle is not None
    name, key, step = {"floor": ("rougeL", "value", 0.2), "ceiling": ("ter", "value", 10), "better": ("rougeL", "by", 0.2)}[rule]
    policies = [{"rules": [{"rule": rule, "score": name, key: value}]} for value in (middle - step, middle, middle + step)]
    low, at, high = (judged(run, tmp_path, policy=policy).outcome for policy in policies)
    assert [low, at, high] == (["FAIL", "INCONCLUSIVE", "PASS"] if rule == "ceiling" else ["PASS", "INCONCLUSIVE", "FAIL"])


def test_what_never_varied_and_has_no_ends_is_no_evidence(runs: Runs, tmp_path: Path) -> None:
    found = judged(runs(0.9), tmp_path, policy={"rules": [{"rule": "ceiling", "score": "output_words", "value": 100}]})
    assert found.outcome == "INCONCLUSIVE"


@pytest.mark.parametrize(("rows", "fails"), [(30, 0.05), (60, 0.02), (100, 0.02)])
def test_a_model_that_fails_rarely_and_wholly_does_not_pass_by_luck(tmp_path: Path, rows: int, fails: float) -> None:
    """The floor lies exactly at the true score; the failures of a few rows in a hundred are often not among the test rows."""
    times, passed, rng = 120, 0, np.random.default_rng(rows)
    scores = lambda bad: lambda e, r: "x" if bad[int(e.id.removeprefix("row-"))] else e.targets[0]  # noqa: E731
    for number in range(times):
        cells = [
            Made("base", answer=scores(rng.random(rows) < fails)),
            Made("lora", seed=1, answer=scores(rng.random(rows) < fails), curve=False),
        ]
        run = make_run(tmp_path / str(number), [summarization(cells, rows=rows)])
        found = judged(run, tmp_path, policy={"rules": [{"rule": "floor", "score": "rougeL", "value": 1 - fails}]}, baseline=None)
        passed += found.outcome == "PASS"
    assert at_most(0.05, passed / times, times)


def test_rows_without_a_score_are_no_evidence(tmp_path: Path) -> None:
    """Of 400 rows all or 60 have facts; what fails wholly and rarely may well not be among 60."""
    said = ("mild", "pain", "left", "knee", "fever")
    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: " ".join(said))]
    every, most = ({"facts": [{"what": "sign", "any": [word]} for word in words]} for words in (said, (*said[:4], "cough")))
    outcomes = []
    for known in (400, 60):
        facts = {"meta": lambda i, known=known: {"facts": None} if i >= known else every if i % 2 else most}
        run = make_run(tmp_path / str(known), [summarization(cells, rows=400, metrics=("rouge", "facts"), primary="rougeL", **facts)])
        rules = [{"rule": "floor", "score": "entity_recall", "value": 0.87}]
        outcomes.append(judged(run, tmp_path, policy={"rules": rules}, baseline=None).outcome)
    assert outcomes == ["PASS", "INCONCLUSIVE"]


def test_slices_are_ruled_one_by_one_and_a_missing_one_fails_loudly(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, rows=200, meta=lambda i: {"ward": "north" if i % 4 == 0 else "south" if i % 4 < 3 else f"tiny-{i % 12}"})
    rule = {"rule": "floor", "score": "rougeL", "value": 0.2}
    found = judged(run, tmp_path, policy={"rules": [rule | {"slice": "ward"}]})
    assert [r.rule for r in found.rulings][1:] == ["rougeL at least 0.2 on ward = south", "rougeL at least 0.2 on ward = north"]
    missing = judged(run, tmp_path, policy={"rules": [rule | {"slice": "ward=east"}]})
    assert missing.outcome == "FAIL" and "no test row has ward = east; there are south, north" in missing.rulings[-1].reason
    with pytest.raises(BenchError, match="no such column"):
        judged(run, tmp_path, policy={"rules": [rule | {"slice": "wrd"}]})


def test_parts_that_are_too_small_are_named(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, meta=lambda i: {"ward": "north" if i < 29 else "south", "age": i % 90})
    rule = {"rule": "not_worse", "score": "rougeL", "margin": 0.05, "slice": "ward"}
    found = judged(run, tmp_path, policy={"rules": [rule]})
    said = "rougeL not worse than the baseline by more than 0.05 on ward: not judged, for they have fewer than 30 rows: north (29)."
    assert found.outcome == "PASS" and said in found.notes
    exact = judged(run, tmp_path, policy={"rules": [rule | {"slice": "age=5"}]})
    assert exact.rulings[-1].n == 3 and exact.outcome != "FAIL", "numbers that are cut into thirds can be named, too"


def test_too_few_rows_need_no_more_than_enough(runs: Runs, tmp_path: Path) -> None:
    found = judged(runs(0.95, rows=20), tmp_path, policy={"rows": 5, "rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]})
    ruling = found.rulings[-1]
    assert (ruling.outcome, ruling.examples_needed) == ("INCONCLUSIVE", None) and "too few rows" in ruling.reason


def test_money_of_two_currencies_is_not_compared(runs: Runs, tmp_path: Path) -> None:
    one, other = runs(0.9), runs(0.9)
    for file in other.path.rglob("cell.json"):
        file.write_text(file.read_text(encoding="utf-8").replace('"USD"', '"JPY"'), encoding="utf-8")
    rules = [{"rule": "not_worse", "score": "thousand_price", "margin": 1.0}]
    found = judged(one, tmp_path, policy={"rules": rules}, baseline=f"{other.path}:lora")
    assert found.outcome == "INCONCLUSIVE" and found.rulings[-1].reason == "USD and JPY cannot be compared"


def test_a_class_that_got_worse_fails_alone(tmp_path: Path) -> None:
    spoiled = {"card lost_1": "refund_0"}
    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: spoiled.get(e.targets[0], e.targets[0]))]
    run = make_run(tmp_path / "run", [classification(cells, rows=300)])
    rule = {"rule": "not_worse", "score": "accuracy", "margin": 0.1, "slice": "class"}
    found = judged(run, tmp_path, policy={"rules": [rule]})
    outcomes = {r.rule.split("= ")[-1]: r.outcome for r in found.rulings[1:]}
    assert outcomes == {"refund_0": "PASS", "card lost_1": "FAIL", "transfer failed_2": "PASS"} and found.outcome == "FAIL"


def test_what_was_measured_once_is_compared_as_it_is(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    rules = [
        {"rule": "ceiling", "score": "training_seconds", "value": 100},
        {"rule": "ceiling", "score": "answer_seconds", "value": 0.001},
        {"rule": "ceiling", "score": "forgetting", "value": 0.1},
        {"rule": "not_worse", "score": "artifact_bytes", "margin": 1e9},
    ]
    found = judged(run, tmp_path, policy={"rules": rules})
    by_score = {r.score: r for r in found.rulings if r.score}
    assert by_score["training_seconds"].measured == pytest.approx(60 * 9 / 8) and by_score["training_seconds"].outcome == "PASS"
    assert by_score["answer_seconds"].outcome == "FAIL" and by_score["answer_seconds"].measured == pytest.approx(41.5 / 200)
    assert by_score["forgetting"].outcome == "FAIL" and "was not measured" in by_score["forgetting"].reason
    assert by_score["artifact_bytes"].outcome == "PASS"


def test_least_rows_and_seeds_cannot_be_made_up_for(runs: Runs, tmp_path: Path) -> None:
    rules = [{"rule": "floor", "score": "rougeL", "value": 0.1}]
    few = judged(runs(0.9, rows=50), tmp_path, policy={"rows": 100, "seeds": 3, "rules": rules})
    assert few.outcome == "INCONCLUSIVE" and {r.outcome for r in few.rulings if "seeds" in r.rule or "test rows" in r.rule} == {
        "INCONCLUSIVE"
    }
    enough = judged(runs(0.9, rows=120, seeds=(1, 2, 3)), tmp_path, policy={"rows": 100, "seeds": 3, "rules": rules})
    assert enough.outcome == "PASS"


def test_the_spread_of_seeds_counts_where_the_policy_says_so(tmp_path: Path) -> None:
    qualities = (0.95, 0.75, 0.55)
    cells = [Made("base", 0.6), *(Made("lora", q, k, train_seconds=9) for k, q in enumerate(qualities))]
    run = make_run(tmp_path / "run", [summarization(cells, rows=300)])
    rules = [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]
    assert judged(run, tmp_path, policy={"rules": rules}).outcome == "PASS"
    counted = judged(run, tmp_path, policy={"rules": rules, "seed_spread": "count"})
    assert counted.outcome == "INCONCLUSIVE" and "examples and seeds" in counted.rulings[-1].method
    one = make_run(tmp_path / "one", [summarization(cells[:2], rows=300)])
    alone = judged(one, tmp_path, policy={"rules": rules, "seed_spread": "count"})
    assert alone.outcome == "INCONCLUSIVE" and "one seed only" in alone.rulings[-1].reason


def test_a_verdict_is_on_record_and_in_the_report(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    verdict = judged(run, tmp_path)
    ((file, kept),) = read_verdicts(run.path).items()
    assert verdict_of(kept, str(file)) == verdict
    (shown,) = build_report_view(run).tasks[0].verdicts
    assert headline(shown).startswith("PASS: lora of run-0 against base of run-0")
    assert len(list_rules(shown).rows) == len(verdict.rulings)
    assert build_report_view(run, with_text=False).tasks[0].verdicts[0].worse == ()


def test_a_report_without_texts_stays_without_them(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    page, text = run.path / "report.html", run.examples("summarization")[0].inputs["input"]
    page.write_text(render(run, with_text=False), encoding="utf-8")
    judged(run, tmp_path)
    written = page.read_text(encoding="utf-8")
    assert "Can it replace the current model?" in written and "task-1-packed" not in written and text not in written
    page.write_text(render(run), encoding="utf-8")
    judged(run, tmp_path, policy={"rules": [{"rule": "floor", "score": "rougeL", "value": 0.1}]})
    assert "task-1-packed" in page.read_text(encoding="utf-8")


def test_what_a_killed_gate_left_is_no_verdict(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    (run.path / "gates").mkdir()
    (run.path / "gates" / ".4711.whole").write_text('{"outcome": "PA')
    judged(run, tmp_path)
    assert [value["outcome"] for value in read_verdicts(run.path).values()] == ["PASS"]


def test_a_verdict_that_cannot_be_kept_is_still_given(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    (run.path / "gates").write_text("a file where the folder should be")
    found = judged(run, tmp_path)
    assert found.outcome == "PASS" and "could not be put into run-0" in found.notes[-1]


def test_hostile_output_is_inert_in_every_output(tmp_path: Path) -> None:
    from junitparser import JUnitXml

    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: HOSTILE)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=40, meta=lambda i: {"ward": HOSTILE})])
    rules = [{"rule": "floor", "score": "rougeL", "value": 0.5}, {"rule": "floor", "score": "rougeL", "value": 0.5, "slice": "ward"}]
    verdict = judged(run, tmp_path, policy={"rules": rules})
    markdown, junit, value = verdict_to_markdown(verdict), verdict_to_junit(verdict), json.dumps(verdict.to_json())
    assert not re.search(r"(?<!\\)<img", markdown) and "\u202e" not in markdown and "\x1b" not in markdown
    assert "<img" not in junit and "\u202e" not in junit
    assert json.loads(value)["outcome"] == "FAIL"
    (suite,) = JUnitXml.fromstring(junit.encode())
    assert (suite.tests, suite.failures, suite.errors) == (len(verdict.rulings), 2, 0)


def test_junit_has_a_case_a_rule_and_no_doubt_is_taken_for_a_pass(runs: Runs, tmp_path: Path) -> None:
    from junitparser import Error, Failure, JUnitXml

    verdict = judged(runs(0.6, base=0.6, rows=40), tmp_path, policy={
        "rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}, {"rule": "floor", "score": "rougeL", "value": 0.99}],
    })  # fmt: skip
    (suite,) = JUnitXml.fromstring(verdict_to_junit(verdict).encode())
    results = {case.name: [type(r) for r in case.result] for case in suite}
    assert results == {
        "no test row was trained on": [],
        "rougeL not worse than the baseline by more than 0.01": [Error],
        "rougeL at least 0.99": [Failure],
    }


@pytest.mark.parametrize("size", [20, 60])
def test_at_a_loss_of_the_margin_a_wrong_pass_is_as_rare_as_alpha(tmp_path: Path, size: int) -> None:
    """Paired right-or-wrong answers; the candidate is worse by exactly Δ."""
    margin, times, passed, rng = 0.1, 150, 0, np.random.default_rng(size)
    for number in range(times):
        base = rng.random(size) < 0.85
        lora = np.where(rng.random(size) < 0.1, ~base, base)  # differ by accident
        shift = (base & lora) & (rng.random(size) < _share(0.85, 0.1, margin))
        run = _answered(tmp_path / str(number), base, lora & ~shift)
        rules = [{"rule": "not_worse", "score": "accuracy", "margin": margin}]
        passed += judged(run, tmp_path, policy={"rules": rules}).outcome == "PASS"
    assert at_most(0.05, passed / times, times)


def test_at_a_loss_of_the_margin_patients_with_many_rows_pass_no_oftener(tmp_path: Path) -> None:
    """What one patient has in common is not five rows of evidence. The candidate fails on whole patients, worse by exactly Δ."""
    margin, patients, each, times, passed, rng = 0.1, 40, 5, 150, 0, np.random.default_rng(8)
    for number in range(times):
        base = np.repeat(rng.random(patients) < 0.9, each)
        lora = base & ~np.repeat(rng.random(patients) < margin / 0.9, each)
        run = _answered(tmp_path / str(number), base, lora, group=lambda i: f"p{i // each}")
        passed += judged(run, tmp_path, policy={"rules": [{"rule": "not_worse", "score": "accuracy", "margin": margin}]}).outcome == "PASS"
    assert at_most(0.05, passed / times, times)


def _share(right: float, flips: float, margin: float) -> float:
    """How many of the answers that are right on both sides must be spoiled, so that the candidate is worse by the margin."""
    after = right * (1 - flips) + (1 - right) * flips
    return (margin - (right - after)) / (right * (1 - flips))


def _answered(path: Path, base: np.ndarray, lora: np.ndarray, **more: Any) -> StoredRun:
    def answer(right: np.ndarray) -> Any:
        return lambda e, r: e.targets[0] if right[int(e.id.removeprefix("row-"))] else next(c for c in e.choices if c != e.targets[0])

    cells = [Made("base", answer=answer(base)), Made("lora", seed=1, answer=answer(lora), train_seconds=9, curve=False)]
    return make_run(path, [classification(cells, rows=len(base), **more)])


def test_improving_a_candidate_never_turns_a_pass_into_a_failure(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    rules = [{"rule": "not_worse", "score": "accuracy", "margin": 0.1}, {"rule": "floor", "score": "accuracy", "value": 0.6}]
    for number in range(25):
        base, lora = rng.random(60) < 0.7, rng.random(60) < 0.72
        before = judged(_answered(tmp_path / f"a{number}", base, lora), tmp_path, policy={"rules": rules})
        better = lora.copy()
        better[rng.choice(np.flatnonzero(~lora), size=5, replace=False)] = True
        after = judged(_answered(tmp_path / f"b{number}", base, better), tmp_path, policy={"rules": rules})
        for one, other in zip(before.rulings, after.rulings, strict=True):
            assert not (one.outcome == "PASS" and other.outcome == "FAIL")
            assert not (one.outcome == "INCONCLUSIVE" and other.outcome == "FAIL")


def test_a_verdict_says_where_it_comes_from(runs: Runs, tmp_path: Path) -> None:
    verdict = judged(runs(0.9), tmp_path)
    assert verdict.policy["rules"][0]["margin"] == 0.01 and len(verdict.policy_digest) == len(verdict.test_digest) == 64
    assert verdict.baseline is not None and len({verdict.candidate.digest, verdict.baseline.digest}) == 2


def test_equal_costs_are_not_better(runs: Runs, tmp_path: Path) -> None:
    one, other = runs(0.9, rows=60), runs(0.9, rows=60)
    rule = {"rule": "better", "score": "answer_seconds", "by": 0}
    equal = judged(one, tmp_path, policy={"rules": [rule]}, baseline=f"{other.path}:lora")
    assert equal.rulings[-1].outcome == "FAIL" and equal.rulings[-1].measured == 0


def test_seeds_that_failed_are_said(tmp_path: Path) -> None:
    cells = [
        Made("base", 0.3),
        Made("lora", 0.9, 1, train_seconds=9),
        Made("lora", 0.9, 2, status="diverged", error="NaN", train_seconds=9),
    ]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100)])
    found = judged(run, tmp_path)
    assert "lora is judged by 1 of 2 seeds; without a result: 2 (diverged)." in found.notes
