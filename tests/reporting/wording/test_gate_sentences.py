"""The sentences of a verdict, for every reason and note, and for typical verdicts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from harness.gate import (
    JudgedModel,
    JudgedRule,
    Reason,
    ReasonCode,
    Regression,
    RuleVerdict,
    Verdict,
    VerdictNote,
    VerdictNoteCode,
)
from harness.reporting.wording.gate.gate_sentences import (
    describe_models,
    describe_regression,
    headline,
    note_sentence,
    verdict_sentences,
)
from harness.reporting.wording.gate.rule_sentences import full_rule_title, measured_value, reason_sentence

NOT_WORSE = JudgedRule("not_worse", "rougeL", 0.01)
FLOOR = JudgedRule("floor", "rougeL", 0.4)
ERRORS = JudgedRule("not_worse", "critical_error_rate", 0.02)
SPEED = JudgedRule("ceiling", "answer_seconds", 2.0)
WIN_RATE = JudgedRule("floor", "review.win_rate", 0.5, against="base")
ERROR_REVIEW = JudgedRule("ceiling", "review.critical_error_rate", 0.05)
EXTRACTION = JudgedRule("ceiling", "canary_extraction_rate", threshold=0.05)
LIMIT = JudgedRule("ceiling", "critical_error_rate", 0.05, source="guardrail")
LEAKAGE = JudgedRule("no_leakage")
COMPLAINTS = JudgedRule("complaints", threshold=0)

RULES = [
    (FLOOR, "fraction"),
    (JudgedRule("ceiling", "ter", 50.0), "edits per 100 words"),
    (NOT_WORSE, "fraction"),
    (JudgedRule("better", "rougeL", 0.02), "fraction"),
    (replace(NOT_WORSE, slice_column="ward", slice_value="north"), "fraction"),
    (replace(NOT_WORSE, slice_column="ward"), "fraction"),
    (JudgedRule("not_worse", "rougeL", 0.1, relative=True), "fraction"),
    (JudgedRule("ceiling", "critical_error_rate", 0.05), "fraction"),
    (JudgedRule("floor", "accuracy", 0.8), "fraction"),
    (SPEED, ""),
    (replace(SPEED, tier="advisory"), ""),
    (JudgedRule("ceiling", "peak_memory", 8e9), ""),
    (JudgedRule("not_worse", "thousand_price", 1.5), ""),
    (WIN_RATE, "fraction"),
    (ERROR_REVIEW, "fraction"),
    (LIMIT, "fraction"),
    (JudgedRule("not_worse", "unsupported_rate", 0.02, against="base", source="guardrail"), "fraction"),
    (LEAKAGE, ""),
    (JudgedRule("looks", threshold=5), ""),
    (JudgedRule("looks", threshold=1), ""),
    (JudgedRule("beats_trivial", "rougeL"), "score"),
    (JudgedRule("two_classes"), ""),
    (JudgedRule("min_examples", threshold=1000), ""),
    (JudgedRule("min_seeds", threshold=3), ""),
]


def verdict_on(rule: JudgedRule, code: ReasonCode, outcome: Any = "INCONCLUSIVE", **more: Any) -> RuleVerdict:
    numbers, texts = more.pop("numbers", {}), more.pop("texts", {})
    return RuleVerdict(rule, outcome, Reason(code, numbers, texts), **more)


REASONS = [
    verdict_on(NOT_WORSE, "shown", "PASS"),
    verdict_on(NOT_WORSE, "refuted", "FAIL"),
    verdict_on(NOT_WORSE, "refuted_alone", numbers={"rules": 3}),
    verdict_on(NOT_WORSE, "undecided", examples_needed=3874, assumed="equal"),
    verdict_on(FLOOR, "undecided", examples_needed=740, assumed="observed"),
    verdict_on(NOT_WORSE, "undecided"),
    verdict_on(NOT_WORSE, "unreliable", texts={"why": ("fewer than 30 examples",)}),
    verdict_on(NOT_WORSE, "no_limits", texts={"why": ("all 40 examples are in one group",)}),
    verdict_on(NOT_WORSE, "no_baseline"),
    verdict_on(NOT_WORSE, "one_seed"),
    verdict_on(JudgedRule("floor", "macro_f1", 0.5), "seed_spread_unknown"),
    verdict_on(JudgedRule("floor", "rougeL", 0.4, "ward", "east"), "slice_missing", "FAIL", texts={"available": ("south", "north")}),
    verdict_on(JudgedRule("floor", "rougeL", 0.4, "ward"), "slices_too_small", numbers={"minimum": 30, "largest": 12}),
    verdict_on(SPEED, "measured", "PASS"),
    verdict_on(JudgedRule("ceiling", "forgetting", 0.1), "not_measured", "FAIL"),
    verdict_on(JudgedRule("not_worse", "training_price", 5.0), "baseline_not_measured", "FAIL"),
    verdict_on(JudgedRule("not_worse", "thousand_price", 1.0), "currencies_differ", texts={"currencies": ("USD", "JPY")}),
    verdict_on(LIMIT, "beyond_limit", measured=0.06, unit="fraction"),
    verdict_on(LIMIT, "untrusted", unit="fraction"),
    verdict_on(LIMIT, "no_evidence", texts={"why": ("the run does not have this score",)}),
    verdict_on(WIN_RATE, "review_missing", "FAIL", texts={"strategies": ("lora", "base")}),
    verdict_on(ERROR_REVIEW, "review_missing", "FAIL", texts={"strategies": ("lora",)}),
    verdict_on(EXTRACTION, "leak_test_missing", "FAIL", texts={"strategies": ("lora",)}, unit="fraction"),
    verdict_on(EXTRACTION, "shown", "PASS", measured=0.0, low=0.0, high=0.04, unit="fraction"),
    verdict_on(EXTRACTION, "undecided", measured=0.0, low=0.0, high=0.12, unit="fraction"),
    verdict_on(JudgedRule("ceiling", "canary_exposure", threshold=3), "exposure_censored", measured=1.6, unit="bits"),
    verdict_on(COMPLAINTS, "complaints_fixed", "PASS", numbers={"cases": 1, "fixed": 1, "broken": 0, "unclear": 0, "unanswered": 0}),
    verdict_on(
        JudgedRule("complaints", threshold=1),
        "complaints_broken",
        "FAIL",
        numbers={"cases": 1200, "fixed": 1192, "broken": 7, "unclear": 1, "unanswered": 0},
        example_ids=tuple("abcdefgh"),
    ),
    verdict_on(COMPLAINTS, "complaints_unclear", numbers={"cases": 3, "fixed": 2, "broken": 0, "unclear": 1, "unanswered": 0}),
    verdict_on(COMPLAINTS, "complaints_unclear", numbers={"cases": 3, "fixed": 1, "broken": 0, "unclear": 2, "unanswered": 1}),
    verdict_on(COMPLAINTS, "no_complaints", "PASS", numbers={"cases": 0, "fixed": 0, "broken": 0, "unclear": 0, "unanswered": 0}),
    verdict_on(JudgedRule("min_examples", threshold=100), "enough", "PASS", numbers={"present": 1200}),
    verdict_on(JudgedRule("min_examples", threshold=100), "too_few", numbers={"present": 1}),
    verdict_on(JudgedRule("min_seeds", threshold=3), "too_few", numbers={"present": 1}),
    verdict_on(JudgedRule("two_classes"), "single_class", texts={"label": ("ham",)}),
    verdict_on(JudgedRule("looks", threshold=3), "look_exceeded", numbers={"look": 4}),
    verdict_on(JudgedRule("looks", threshold=3), "alpha_exceeded", numbers={"spent": 0.075, "alpha": 0.05}),
    verdict_on(LEAKAGE, "trained_on", "FAIL", numbers={"count": 1}, texts={"sides": ("candidate",)}, example_ids=("row-3",)),
    verdict_on(LEAKAGE, "trained_on", "FAIL", numbers={"count": 40}, texts={"sides": ("baseline",)}, example_ids=("a", "b", "c")),
    verdict_on(LEAKAGE, "trained_on", "FAIL", numbers={"count": 40}, texts={"sides": ("baseline",)}),
    verdict_on(LEAKAGE, "not_trained_on", "PASS", texts={"unknown_sides": ()}),
    verdict_on(LEAKAGE, "not_trained_on", "PASS", texts={"unknown_sides": ("baseline",)}),
    verdict_on(LEAKAGE, "training_inputs_unknown", texts={"sides": ("candidate",)}),
]

SEED = {"strategy": ("lora",), "seed": ("1",), "score": ("rougeL",)}
SPREAD = {"value": 0.512, "lowest": 0.498, "highest": 0.531}
FOREIGN = {"run": ("2026-11-26-090000",), "task": ("summarization",), "score": ("rougeL",)}
NOTES = [
    VerdictNote(
        "seeds_missing",
        {"evaluated": 1, "planned": 3},
        {"strategy": ("lora",), "seeds": ("2", "3"), "statuses": ("diverged", "failed")},
    ),
    VerdictNote("one_model", {"seeds": 1, "choices": 1}, SEED),
    VerdictNote("one_model", {"seeds": 3, "choices": 1, **SPREAD}, SEED),
    VerdictNote("one_model", {"seeds": 3, "choices": 3, **SPREAD}, SEED),
    VerdictNote("recipe_counted", {"seeds": 3, "choices": 1, **SPREAD}, SEED),
    VerdictNote("one_of_several", {"strategies": 3, "candidates": 2}),
    VerdictNote("one_of_several", {"strategies": 4, "candidates": 4, "guardrails": 4}),
    VerdictNote("one_of_several", {"strategies": 3, "candidates": 2, "guardrails": 3}),
    VerdictNote("one_of_several", {"strategies": 2, "candidates": 1, "guardrails": 2}),
    VerdictNote("baseline_rerun", texts={"strategy": ("base",), "run": ("2026-11-26-090000",)}),
    VerdictNote("trivial_not_scored", texts={"score": ("rougeL",)}),
    VerdictNote("training_data_unknown", texts={"side": ("candidate",), "strategy": ("vendor",), "statement": ()}),
    VerdictNote("training_data_unknown", texts={"side": ("baseline",), "strategy": ("vendor",), "statement": ("they are newer",)}),
    VerdictNote("identical_outputs"),
    VerdictNote("alpha_overspent", {"spent": 0.07, "alpha": 0.06}),
    VerdictNote(
        "slices_skipped",
        {"minimum": 30},
        {"slices": tuple("abcdefgh"), "sizes": ("29", "12", "9", "8", "5", "3", "2", "1")},
        replace(NOT_WORSE, slice_column="ward"),
    ),
    VerdictNote("no_baseline"),
    VerdictNote("complaints_not_judged", {"cases": 1}),
    VerdictNote("complaints_not_judged", {"cases": 1200}),
    VerdictNote("foreign_run", {"checked": 32, "differing": 0}, FOREIGN),
    VerdictNote("foreign_run", {"checked": 32, "differing": 2, "local": 60, "shared": 60}, FOREIGN),
    VerdictNote(
        "foreign_run",
        {"checked": 32, "differing": 0, "local": 1200, "shared": 400, "unknown": 21, "score_here": 0.41, "score_there": 0.83},
        FOREIGN,
    ),
    VerdictNote("approvals_outdated", {"count": 2}),
    VerdictNote("not_recorded", texts={"run": ("2026-11-26-090000",), "error": ("runs/x/gates: cannot be written.",)}),
]


def test_every_rule_has_a_title(snapshot: Any) -> None:
    assert "\n".join(full_rule_title(verdict_on(rule, "shown", unit=unit)) for rule, unit in RULES) == snapshot


def test_every_reason_is_a_sentence(snapshot: Any) -> None:
    assert {verdict.reason.code for verdict in REASONS} == set(get_args(ReasonCode))
    assert "\n".join(f"{v.outcome}  {full_rule_title(v)}: {reason_sentence(v)}" for v in REASONS) == snapshot


def test_every_note_is_a_sentence(snapshot: Any) -> None:
    assert {note.code for note in NOTES} == set(get_args(VerdictNoteCode))
    assert "\n".join(map(note_sentence, NOTES)) == snapshot


def make_verdict(outcome: Any, *rules: RuleVerdict, **more: Any) -> Verdict:
    lora = JudgedModel("2026-11-26-090000", "lora", "tiny", "lora", None, "c1", "d1")
    base = JudgedModel("2026-10-01-120000", "base", "tiny", "base", None, "c0", "d0", "2026-10-02")
    values: dict[str, Any] = {
        "outcome": outcome, "task": "summarization", "score": "rougeL", "n": 200, "candidate": lora, "baseline": base, "rules": rules,
        "regressions": (), "regression_count": 41, "critical_count": 0, "regression_score": "rougeL",
        "alpha": 0.05, "look": 1, "planned_looks": None,
        "policy": {"description": ""}, "policy_digest": "bf5f662f00", "test_digest": "00", "at": "2026-11-26T09:05:00+00:00",
    }  # fmt: skip
    return Verdict(**values | more)


PASSED = verdict_on(LEAKAGE, "not_trained_on", "PASS", texts={"unknown_sides": ()})
SHOWN = verdict_on(NOT_WORSE, "shown", "PASS")
REFUTED = verdict_on(NOT_WORSE, "refuted", "FAIL")
OPEN = verdict_on(ERRORS, "undecided", examples_needed=900, assumed="equal")
FEW = verdict_on(JudgedRule("min_examples", threshold=100), "too_few", numbers={"present": 12})
NO_BASELINE = verdict_on(NOT_WORSE, "no_baseline")
SLOW = verdict_on(replace(SPEED, tier="advisory"), "measured", "FAIL", measured=3.2)
SEED_2 = JudgedModel("2026-11-26-090000", "lora", "tiny", "lora", 2, "c2", "d2")
VERDICTS = {
    "all pass": make_verdict("PASS", PASSED, SHOWN),
    "a single rule": make_verdict("PASS", SHOWN),
    "one fails": make_verdict("FAIL", PASSED, REFUTED, OPEN),
    "one needs examples": make_verdict("INCONCLUSIVE", PASSED, SHOWN, OPEN, look=2),
    "too few examples": make_verdict("INCONCLUSIVE", PASSED, FEW),
    "several need examples": make_verdict("INCONCLUSIVE", PASSED, OPEN, FEW, look=2, planned_looks=5),
    "no baseline": make_verdict("INCONCLUSIVE", PASSED, NO_BASELINE, baseline=None, notes=(VerdictNote("no_baseline"),)),
    "an advisory rule fails": make_verdict("PASS", PASSED, SHOWN, SLOW),
    "advisory rules": make_verdict("PASS", PASSED, SHOWN, SLOW, replace(SLOW, outcome="PASS")),
    "one of several seeds": make_verdict("PASS", PASSED, SHOWN, candidate=SEED_2, notes=(NOTES[3],), alpha=0.05 / 3),
    "critical regressions": make_verdict("FAIL", REFUTED, critical_count=3, policy={"description": "Visit summaries, 2026"}),
}


def test_verdicts_in_sentences(snapshot: Any) -> None:
    texts = [f"# {name}\n" + "\n".join([headline(v), *verdict_sentences(v), describe_models(v)]) for name, v in VERDICTS.items()]
    assert "\n\n".join(texts) == snapshot


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (replace(SHOWN, measured=0.0312, low=0.01, high=0.0524, unit="fraction"), "+0.031 (+0.010 to +0.052)"),
        (replace(REASONS[0], rule=FLOOR, measured=0.5, low=0.45, high=0.55, unit="fraction"), "0.500 (0.450–0.550)"),
        (
            replace(SHOWN, rule=ERRORS, measured=-0.15, low=-0.21, high=-0.09, unit="fraction", lower_is_better=True),
            "−15.0 (−21.0 to −9.0) percentage points; lower is better",
        ),
        (
            replace(SHOWN, rule=JudgedRule("not_worse", "rougeL", 0.1, relative=True), measured=0.02, low=0.01, high=0.03, unit="fraction"),
            "+0.020 (+0.010 to +0.030) from 90% of the baseline",
        ),
        (
            verdict_on(JudgedRule("not_worse", "peak_memory", 0.1, relative=True), "measured", "PASS", measured=-3.0, lower_is_better=True),
            "−3 from 110% of the baseline; lower is better",
        ),
        (verdict_on(SPEED, "measured", measured=1.23456), "1.235 s"),
        (NO_BASELINE, "–"),
    ],
)
def test_measured_values_have_their_limits(verdict: RuleVerdict, expected: str) -> None:
    assert measured_value(verdict) == expected


def test_regressions_say_who_found_them_critical() -> None:
    worse = Regression("row-1", "text", 0.9, 0.1, "good", "bad")
    assert describe_regression(worse) == "worse"
    assert describe_regression(replace(worse, critical_by=("people", "scores"))) == "critical (people, scores)"
