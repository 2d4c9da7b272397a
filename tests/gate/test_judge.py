"""Verdicts: what passes, what fails, what cannot be told, and why."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chance import at_most
from report_factory import HOSTILE, Made, classification, make_run, summarization

from harness.errors import BenchError
from harness.gate import EXIT_CODES, verdict_of
from harness.reporting import verdict_to_json, verdict_to_junit, verdict_to_markdown
from harness.reporting.build import report_view
from harness.store import Run
from harness.store.gates import verdicts
from tests.gate.conftest import Runs, judged, only


def test_better_passes_and_worse_fails_and_near_cannot_be_told(runs: Runs, tmp_path: Path) -> None:
    good, bad, near = (judged(runs(lora, base=0.6, rows=rows), tmp_path) for lora, rows in ((0.9, 200), (0.4, 200), (0.6, 60)))
    assert [v.outcome for v in (good, bad, near)] == ["PASS", "FAIL", "INCONCLUSIVE"]
    assert [v.exit_code for v in (good, bad, near)] == [0, 1, 3] == list(EXIT_CODES.values())
    ruling = only(near, "rougeL not worse")
    assert ruling.rows_needed is not None and ruling.rows_needed > 60
    assert ruling.low < -0.01 < ruling.high
    assert bad.worse_rows > 100 and bad.worse[0].candidate - bad.worse[0].baseline == min(w.candidate - w.baseline for w in bad.worse)


def test_more_data_turns_what_cannot_be_told_into_a_verdict(runs: Runs, tmp_path: Path) -> None:
    policy = {"rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.05}]}
    outcomes = [judged(runs(0.6, base=0.6, rows=rows), tmp_path, policy=policy).outcome for rows in (20, 1500)]
    assert outcomes == ["INCONCLUSIVE", "PASS"]


@pytest.mark.parametrize("rule", ["floor", "ceiling", "better"])
def test_each_kind_of_rule_has_three_outcomes(runs: Runs, tmp_path: Path, rule: str) -> None:
    run = runs(0.8, base=0.5, metrics=("rouge", "ter"), primary="rougeL")
    lora, base = report_view(run).tasks[0].lines
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


def test_slices_are_ruled_one_by_one_and_a_missing_one_fails_loudly(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, rows=200, meta=lambda i: {"ward": "north" if i % 4 == 0 else "south" if i % 4 < 3 else f"tiny-{i % 12}"})
    rule = {"rule": "floor", "score": "rougeL", "value": 0.2}
    found = judged(run, tmp_path, policy={"rules": [rule | {"slice": "ward"}]})
    assert [r.rule for r in found.rulings][1:] == ["rougeL at least 0.2 on ward = south", "rougeL at least 0.2 on ward = north"]
    missing = judged(run, tmp_path, policy={"rules": [rule | {"slice": "ward=east"}]})
    assert missing.outcome == "FAIL" and "no test row has ward = east; there are south, north" in missing.rulings[-1].reason
    with pytest.raises(BenchError, match="no such column"):
        judged(run, tmp_path, policy={"rules": [rule | {"slice": "wrd"}]})


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


def test_looks_are_counted_once_a_question_and_spent_where_they_are_planned(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    rules = [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]
    looks = [judged(run, tmp_path, policy={"rules": rules}).look for _ in range(2)]
    assert looks == [1, 1], "the same question is no new look"
    planned = [judged(run, tmp_path, policy={"rules": rules, "looks": 3, "alpha": a}) for a in (0.06, 0.03, 0.09)]
    assert [v.look for v in planned] == [2, 3, 4] and planned[0].alpha == pytest.approx(0.02)
    assert [v.outcome for v in planned] == ["PASS", "PASS", "INCONCLUSIVE"]
    assert "this is look 4 at this test set, and the policy planned 3" in planned[-1].rulings[0].reason
    assert "α = 0.07 is spent at this test set, and the policy has 0.06" in planned[0].notes[-1], "the first look spent 0.05"
    fewer = judged(runs(0.9, rows=199), tmp_path, policy={"rules": rules})
    assert fewer.look == 5, "a row less is no fresh test set"
    other = judged(runs(0.9, rows=200, text=lambda i: f"another text {i}"), tmp_path, policy={"rules": rules})
    assert other.look == 1, "another test set"


def test_a_test_row_in_the_training_data_fails(runs: Runs, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    run = runs(0.9)
    file = run.path / "data" / "summarization.parquet"
    rows = pq.read_table(file).to_pylist()
    from harness.data.digests import inputs_digest

    leaked = rows[3] | {"split": "train", "id": "t-1", "inputs": None, "inputs_digest": inputs_digest(run.examples("summarization")[3])}
    pq.write_table(pa.Table.from_pylist([*rows, leaked], schema=pq.read_schema(file)), file)
    found = judged(run, tmp_path)
    assert found.outcome == "FAIL"
    assert "1 test rows are among the training rows of the candidate: row-3" in only(found, "no test row").reason


def test_other_rows_are_refused_where_no_model_could_answer_them(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    with pytest.raises(BenchError, match="RUN:strategy"):
        judged(run, tmp_path, baseline="latest")
    with pytest.raises(BenchError, match="nothing"):
        judged(run, tmp_path, baseline=f"{run.path}:nothing")
    with pytest.raises(BenchError, match="nothing"):
        judged(run, tmp_path, strategy="nothing")


def test_a_verdict_is_on_record_and_in_the_report(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    verdict = judged(run, tmp_path)
    (kept,) = verdicts(run.path)
    assert verdict_of(kept) == verdict
    (shown,) = report_view(run).tasks[0].gates
    assert shown.headline.startswith("PASS: lora of run-0 against base of run-0")
    assert len(shown.rulings.rows) == len(verdict.rulings) and report_view(run, with_text=False).tasks[0].gates[0].worse.rows == ()


def test_hostile_output_is_inert_in_every_output(tmp_path: Path) -> None:
    from junitparser import JUnitXml

    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: HOSTILE)]
    run = make_run(tmp_path / "run", [summarization(cells, rows=40, meta=lambda i: {"ward": HOSTILE})])
    rules = [{"rule": "floor", "score": "rougeL", "value": 0.5}, {"rule": "floor", "score": "rougeL", "value": 0.5, "slice": "ward"}]
    verdict = judged(run, tmp_path, policy={"rules": rules})
    markdown, junit, value = verdict_to_markdown(verdict), verdict_to_junit(verdict), json.dumps(verdict_to_json(verdict))
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


def _answered(path: Path, base: np.ndarray, lora: np.ndarray, **more: Any) -> Run:
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
    assert verdict.candidate.digest != (verdict.baseline or replace(verdict.candidate, digest="")).digest


def test_an_older_champion_that_lacks_a_score_is_scored_anew(tmp_path: Path) -> None:
    """Adding a metric to a task, or facts to its rows, breaks no gate: the stored outputs are scored again."""
    cells = [Made("base", 0.5), Made("lora", 0.9, 1, train_seconds=9)]
    new = make_run(tmp_path / "new", [summarization(cells, rows=120, metrics=("rouge", "facts", "length"), primary="rougeL")])
    old = make_run(tmp_path / "old", [summarization(cells, rows=120, metrics=("rouge",), primary="rougeL")])
    rules = [{"rule": "not_worse", "score": "critical_error_rate", "margin": 0.1}, {"rule": "ceiling", "score": "length_ratio", "value": 5}]
    found = judged(new, tmp_path, policy={"rules": rules}, baseline=f"{old.path}:lora")
    critical = only(found, "critical_error_rate")
    assert critical.n == 120 and abs(critical.measured) < 0.2


def test_costs_of_a_baseline_are_those_of_its_own_rows(runs: Runs, tmp_path: Path) -> None:
    few, many = runs(0.9, rows=60), runs(0.9, rows=60)
    rule = {"rule": "better", "score": "answer_seconds", "by": 0}
    equal = judged(few, tmp_path, policy={"rules": [rule]}, baseline=f"{many.path}:lora")
    assert equal.rulings[-1].outcome == "FAIL" and equal.rulings[-1].measured == 0, "equal is not better"


def test_seeds_that_failed_are_said(tmp_path: Path) -> None:
    cells = [
        Made("base", 0.3),
        Made("lora", 0.9, 1, train_seconds=9),
        Made("lora", 0.9, 2, status="diverged", error="NaN", train_seconds=9),
    ]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100)])
    found = judged(run, tmp_path)
    assert "lora is judged by 1 of 2 seeds; without a result: 2 (diverged)." in found.notes


def test_a_summary_that_cannot_be_written_loses_no_verdict(runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "summary.md"))
    found = judged(runs(0.9), tmp_path)
    assert found.outcome == "PASS" and "cannot be written" in found.notes[-1]


def test_the_baseline_is_that_of_the_candidates_model(tmp_path: Path) -> None:
    cells = [Made(name, q, seed, model=model) for model in ("m1", "m2") for name, q, seed in (("base", 0.3, None), ("lora", 0.9, 1))]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100)])
    found = judged(run, tmp_path, model="m2")
    assert found.baseline is not None and (found.baseline.strategy, found.baseline.model) == ("base", "m2")
