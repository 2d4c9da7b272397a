"""Verdicts: what passes, what fails, what stays undecided, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chance import at_most, enough
from report_factory import Made, classification, make_run, summarization

from harness.errors import BenchError
from harness.gate import EXIT_CODES, JudgedRule, Reason, VerdictNote
from harness.reporting.views import build_report_view
from harness.reporting.wording.gate.rule_sentences import rule_title
from harness.store import StoredRun
from tests.foreign import edit_json
from tests.gate.conftest import Runs, judged, only

QUALITY = {"rule": "not_worse", "score": "rougeL", "margin": 0.2}  # a policy needs a rule about the quality of outputs

LONG = pytest.param(enough(0.05), marks=pytest.mark.soak)  # simulated test sets in `make soak`; the short form is for CI


def test_better_passes_worse_fails_and_near_is_inconclusive(runs: Runs, tmp_path: Path) -> None:
    good, bad, near = (judged(runs(lora, base=0.6, rows=rows), tmp_path) for lora, rows in ((0.9, 200), (0.4, 200), (0.6, 60)))
    assert [v.outcome for v in (good, bad, near)] == ["PASS", "FAIL", "INCONCLUSIVE"]
    assert [v.exit_code for v in (good, bad, near)] == [0, 1, 3] == list(EXIT_CODES.values())
    rule = only(near, "Match with the reference not worse")
    assert rule.examples_needed is not None and rule.examples_needed > 60
    assert rule.low is not None and rule.high is not None and rule.low < -0.01 < rule.high
    assert bad.regression_score == "rougeL"
    changes = [each.candidate - each.baseline for each in bad.regressions]
    assert bad.regression_count > 100 and changes[0] == min(changes)


def test_more_data_decide_an_inconclusive_verdict(runs: Runs, tmp_path: Path) -> None:
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
    name, key, step = {"floor": ("rougeL", "value", 0.1), "ceiling": ("ter", "value", 10), "better": ("rougeL", "by", 0.2)}[rule]
    policies = [{"rules": [{"rule": rule, "score": name, key: value}]} for value in (middle - step, middle, middle + step)]
    low, at, high = (judged(run, tmp_path, policy=policy).outcome for policy in policies)
    assert [low, at, high] == (["FAIL", "INCONCLUSIVE", "PASS"] if rule == "ceiling" else ["PASS", "INCONCLUSIVE", "FAIL"])


def test_an_unbounded_score_that_never_varied_is_inconclusive(runs: Runs, tmp_path: Path) -> None:
    verdict = judged(runs(0.9), tmp_path, policy={"rules": [QUALITY, {"rule": "ceiling", "score": "output_words", "value": 100}]})
    assert verdict.outcome == "INCONCLUSIVE"


@pytest.mark.parametrize("times", [50, LONG])
@pytest.mark.parametrize(("rows", "fails"), [(30, 0.05), (60, 0.02), (100, 0.02)])
def test_a_model_that_rarely_fails_completely_does_not_pass_by_luck(tmp_path: Path, rows: int, fails: float, times: int) -> None:
    """The floor is exactly the true score; failures on a few examples in a hundred are often not in the test set."""
    passed, rng = 0, np.random.default_rng(rows)
    scores = lambda bad: lambda e, r: "x" if bad[int(e.id.removeprefix("row-"))] else e.targets[0]  # noqa: E731
    for number in range(times):
        cells = [
            Made("base", answer=scores(rng.random(rows) < fails)),
            Made("lora", seed=1, answer=scores(rng.random(rows) < fails), curve=False),
        ]
        run = make_run(tmp_path / str(number), [summarization(cells, rows=rows)])
        verdict = judged(run, tmp_path, policy={"rules": [{"rule": "floor", "score": "rougeL", "value": 1 - fails}]}, baseline=None)
        passed += verdict.outcome == "PASS"
    assert at_most(0.05, passed / times, times)


def test_examples_without_a_score_are_not_counted(tmp_path: Path) -> None:
    """Of 400 examples, all or 60 have facts; rare complete failures may well be missing among 60."""
    said = ("mild", "pain", "left", "knee", "fever")
    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: " ".join(said))]
    every, most = ({"facts": [{"what": "sign", "any": [word]} for word in words]} for words in (said, (*said[:4], "cough")))
    outcomes = []
    for known in (400, 60):
        facts = {"meta": lambda i, known=known: {"facts": None} if i >= known else every if i % 2 else most}
        run = make_run(tmp_path / str(known), [summarization(cells, rows=400, metrics=("rouge", "facts"), primary="rougeL", **facts)])
        rules = [{"rule": "floor", "score": "entity_recall", "value": 0.87}]
        outcomes.append(judged(run, tmp_path, policy={"rules": rules}, baseline=None).rules[-1].outcome)
    assert outcomes == ["PASS", "INCONCLUSIVE"]


def test_slices_are_judged_one_by_one_and_a_missing_one_fails(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, rows=200, meta=lambda i: {"ward": "north" if i % 4 == 0 else "south" if i % 4 < 3 else f"tiny-{i % 12}"})
    rule = {"rule": "floor", "score": "rougeL", "value": 0.2}
    verdict = judged(run, tmp_path, policy={"rules": [rule | {"slice": "ward"}]})
    titles = [rule_title(r) for r in verdict.rules]
    assert titles[1:] == [f"Match with the reference at least 0.2 for ward = {ward}" for ward in ("south", "north")]
    missing = judged(run, tmp_path, policy={"rules": [rule | {"slice": "ward=east"}]})
    reason = missing.rules[-1].reason
    assert missing.outcome == "FAIL" and reason.code == "slice_missing" and reason.texts["available"][:2] == ("south", "north")
    with pytest.raises(BenchError, match="no such column"):
        judged(run, tmp_path, policy={"rules": [rule | {"slice": "wrd"}]})


def test_slices_that_are_too_small_are_named(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9, meta=lambda i: {"ward": "north" if i < 29 else "south", "age": i % 90})
    rule = {"rule": "not_worse", "score": "rougeL", "margin": 0.05, "slice": "ward"}
    verdict = judged(run, tmp_path, policy={"rules": [rule]})
    judged_rule = JudgedRule("not_worse", "rougeL", 0.05, "ward")
    note = VerdictNote("slices_skipped", {"minimum": 30}, {"slices": ("north",), "sizes": ("29",)}, judged_rule)
    assert verdict.outcome == "PASS" and note in verdict.notes
    exact = judged(run, tmp_path, policy={"rules": [rule | {"slice": "age=5"}]})
    assert exact.rules[-1].n == 3 and exact.outcome != "FAIL", "numbers that are cut into thirds can be named, too"


def test_a_better_model_on_too_few_examples_is_inconclusive(runs: Runs, tmp_path: Path) -> None:
    verdict = judged(runs(0.95, rows=20), tmp_path, policy={"rows": 5, "rules": [{"rule": "not_worse", "score": "rougeL", "margin": 0.01}]})
    rule = verdict.rules[-1]
    assert (rule.outcome, rule.examples_needed) == ("INCONCLUSIVE", None)
    assert rule.reason == Reason("unreliable", texts={"why": ("fewer than 30 examples",)})


def test_costs_in_two_currencies_are_not_compared(runs: Runs, tmp_path: Path) -> None:
    one, other = runs(0.9), runs(0.9)
    for file in other.path.rglob("cell.json"):
        edit_json(file, lambda cell: [cost.update(currency="JPY") for cost in cell["costs"]])
    rules = [QUALITY, {"rule": "not_worse", "score": "thousand_price", "margin": 1.0}]
    verdict = judged(one, tmp_path, policy={"rules": rules}, baseline=f"{other.path}:lora")
    assert verdict.outcome == "INCONCLUSIVE" and verdict.rules[-1].reason == Reason(
        "currencies_differ", texts={"currencies": ("USD", "JPY")}
    )


def test_a_class_that_got_worse_fails_alone(tmp_path: Path) -> None:
    spoiled = {"card lost_1": "refund_0"}
    cells = [Made("base", 0.9), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: spoiled.get(e.targets[0], e.targets[0]))]
    run = make_run(tmp_path / "run", [classification(cells, rows=300)])
    rule = {"rule": "not_worse", "score": "accuracy", "margin": 0.1, "slice": "class"}
    verdict = judged(run, tmp_path, policy={"rules": [rule]})
    outcomes = {r.rule.slice_value: r.outcome for r in verdict.rules[1:]}
    assert outcomes == {"refund_0": "PASS", "card lost_1": "FAIL", "transfer failed_2": "PASS"} and verdict.outcome == "FAIL"


def test_measures_are_compared_as_measured(runs: Runs, tmp_path: Path) -> None:
    run = runs(0.9)
    rules = [
        QUALITY,
        {"rule": "ceiling", "score": "training_seconds", "value": 100},
        {"rule": "ceiling", "score": "answer_seconds", "value": 0.001},
        {"rule": "ceiling", "score": "forgetting", "value": 0.1},
        {"rule": "not_worse", "score": "artifact_bytes", "margin": 1e9},
    ]
    verdict = judged(run, tmp_path, policy={"rules": rules})
    by_score = {r.rule.score: r for r in verdict.rules if r.rule.score}
    assert by_score["training_seconds"].measured == pytest.approx(60 * 9 / 8) and by_score["training_seconds"].outcome == "PASS"
    assert by_score["answer_seconds"].outcome == "FAIL" and by_score["answer_seconds"].measured == pytest.approx(41.5 / 200)
    assert by_score["forgetting"].outcome == "FAIL" and by_score["forgetting"].reason.code == "not_measured"
    assert by_score["artifact_bytes"].outcome == "PASS"


def test_required_examples_and_seeds_are_checked(runs: Runs, tmp_path: Path) -> None:
    rules = [{"rule": "floor", "score": "rougeL", "value": 0.4}]
    few = judged(runs(0.9, rows=50), tmp_path, policy={"rows": 100, "seeds": 3, "rules": rules})
    required = {r.rule.kind: (r.outcome, r.reason) for r in few.rules if r.rule.kind in ("min_examples", "min_seeds")}
    assert few.outcome == "INCONCLUSIVE" and required == {
        "min_examples": ("INCONCLUSIVE", Reason("too_few", {"present": 50})),
        "min_seeds": ("INCONCLUSIVE", Reason("too_few", {"present": 1})),
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
    assert counted.outcome == "INCONCLUSIVE" and "examples and seeds" in counted.rules[-1].method
    one = make_run(tmp_path / "one", [summarization(cells[:2], rows=300)])
    alone = judged(one, tmp_path, policy={"rules": rules, "seed_spread": "count"})
    assert alone.outcome == "INCONCLUSIVE" and alone.rules[-1].reason == Reason("one_seed")


@pytest.mark.parametrize("times", [80, LONG])
@pytest.mark.parametrize("size", [20, 60])
def test_with_a_true_loss_of_the_margin_wrong_passes_are_as_rare_as_alpha(tmp_path: Path, size: int, times: int) -> None:
    """Paired right-or-wrong answers; the candidate is worse by exactly Δ."""
    margin, passed, rng = 0.1, 0, np.random.default_rng(size)
    for number in range(times):
        base = rng.random(size) < 0.85
        lora = np.where(rng.random(size) < 0.1, ~base, base)  # differ by accident
        shift = (base & lora) & (rng.random(size) < _share(0.85, 0.1, margin))
        run = _answered(tmp_path / str(number), base, lora & ~shift)
        rules = [{"rule": "not_worse", "score": "accuracy", "margin": margin}]
        passed += judged(run, tmp_path, policy={"rules": rules}).outcome == "PASS"
    assert at_most(0.05, passed / times, times)


@pytest.mark.parametrize("times", [60, LONG])
def test_wrong_passes_stay_rare_with_many_examples_per_patient(tmp_path: Path, times: int) -> None:
    """Five examples of one patient are not five pieces of evidence. The candidate fails on whole patients, worse by exactly Δ."""
    margin, patients, each, passed, rng = 0.1, 40, 5, 0, np.random.default_rng(8)
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
        for one, other in zip(before.rules, after.rules, strict=True):
            assert not (one.outcome == "PASS" and other.outcome == "FAIL")
            assert not (one.outcome == "INCONCLUSIVE" and other.outcome == "FAIL")


def test_equal_costs_are_not_better(runs: Runs, tmp_path: Path) -> None:
    one, other = runs(0.9, rows=60), runs(0.9, rows=60)
    rule = {"rule": "better", "score": "answer_seconds", "by": 0}
    equal = judged(one, tmp_path, policy={"rules": [QUALITY, rule]}, baseline=f"{other.path}:lora")
    assert equal.rules[-1].outcome == "FAIL" and equal.rules[-1].measured == 0


def test_failed_seeds_are_noted(tmp_path: Path) -> None:
    cells = [
        Made("base", 0.3),
        Made("lora", 0.9, 1, train_seconds=9),
        Made("lora", 0.9, 2, status="diverged", error="NaN", train_seconds=9),
    ]
    run = make_run(tmp_path / "run", [summarization(cells, rows=100)])
    verdict = judged(run, tmp_path)
    texts = {"strategy": ("lora",), "seeds": ("2",), "statuses": ("diverged",)}
    assert VerdictNote("seeds_missing", {"evaluated": 1, "planned": 2}, texts) in verdict.notes
