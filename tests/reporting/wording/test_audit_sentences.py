"""The sentences of an audit: each outcome, each recommendation, and each reason for a check that cannot be made."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.reporting.wording import audit_sentences
from harness.statistics import Audit, AuditCheck, CheckKind, Rate, SkippedCheck, SkipReason


def check(kind: CheckKind, hits: int, *, times: int = 200, unmarked: int = 0, strategies: tuple[str, ...] = ("base", "lora")) -> AuditCheck:
    limit = 0.95 if kind in ("score_interval", "difference_interval") else 0.05
    return AuditCheck(kind, strategies, 0.5, Rate(hits, times), limit, Rate(0, times), Rate(unmarked, times), "accuracy")


def audit(
    *checks: AuditCheck,
    choices: Mapping[str | None, int] | None = None,
    good: int = 0,
    skipped: tuple[SkippedCheck, ...] = (),
    simulations: int = 200,
    units: int = 80,
) -> Audit:
    rates = {name: Rate(count, simulations) for name, count in (choices or {}).items()}
    return Audit(
        score="accuracy",
        unit="fraction",
        n=80,
        units=units,
        dropped=0,
        strategies=("base", "lora"),
        best="lora",
        margin=0.01,
        alpha=0.05,
        simulations=simulations,
        requested=200,
        seed=0,
        checks=checks,
        skipped=skipped,
        choices=rates,
        good_choices=Rate(good, simulations) if choices else None,
    )


KEPT, FAILED = check("score_interval", 190, strategies=("lora",)), check("wrong_choice", 60, unmarked=60)
FLAGGED, UNCLEAR = check("difference_interval", 150), check("wrong_choice", 0, times=20)


@pytest.mark.parametrize(
    ("checks", "sentence"),
    [
        ((), "Nothing could be checked."),
        ((KEPT,), "The only check did not fail: on data like these, the report keeps its promises."),
        ((KEPT, FAILED), "1 of 2 checks failed: on data like these, the report errs more often than it states."),
        (
            (KEPT, FLAGGED),
            "1 of 2 checks failed, but there the report itself marks errors as low confidence.",
        ),
        ((UNCLEAR,), "Too few simulations to tell whether the report keeps its promises; at least 171 are needed."),
        (
            (KEPT, UNCLEAR),
            "None of the 2 checks failed: on data like these, the report keeps its promises. "
            "1 could not be decided with so few simulations.",
        ),
    ],
)
def test_result_names_what_failed(checks: tuple[AuditCheck, ...], sentence: str) -> None:
    assert audit_sentences.describe_result(audit(*checks)) == sentence


@pytest.mark.parametrize(
    ("choices", "good", "sentence"),
    [
        ({"base": 0, "lora": 200, None: 0}, 200, "the best strategy, LoRA, in 100% of samples."),
        ({"base": 0, "lora": 40, None: 160}, 40, "the best strategy, LoRA, in 20% of samples and none in 80%."),
        (
            {"base": 20, "lora": 40, None: 140},
            60,
            "the best strategy, LoRA, in 20% of samples, another one within the margin of it in 10% and none in 70%.",
        ),
        (
            {"base": 20, "lora": 180, None: 0},
            180,
            "the best strategy, LoRA, in 90% of samples and one that is worse by more than the margin in 10%.",
        ),
    ],
)
def test_choices_add_up(choices: Mapping[str | None, int], good: int, sentence: str) -> None:
    start = "If the observed scores were the truth, a test set like this would recommend "
    assert audit_sentences.describe_choices(audit(KEPT, choices=choices, good=good)) == start + sentence
    assert audit_sentences.describe_choices(audit(KEPT)) == ""


def test_promise_is_answered_by_its_worst_check() -> None:
    table = audit_sentences.build_promise_table(audit(KEPT, check("wrong_choice", 2), FAILED, FLAGGED))
    assert [row[1:] for row in table.rows] == [
        ("95%", "95%", "Yes"),
        ("95%", "75%", "No, but errors are marked as low confidence"),
        ("at most 5%", "1–30%", "No"),
    ]


def test_every_check_names_its_strategies_and_its_error() -> None:
    (row,) = audit_sentences.build_check_table(audit(FAILED)).rows
    assert row[1:] == ("LoRA − Untuned model", "0.500", "at most 5%", "30% (24–37%)", "0%", "No")


def test_setting_names_groups_and_an_interruption() -> None:
    setting = audit_sentences.describe_setting(audit(KEPT, simulations=7, units=50))
    assert setting == (
        "7 simulated test sets of 80 examples in 50 groups, 2 strategies, score accuracy, margin 0.01, seed 0. "
        "Interrupted: 200 were requested."
    )


def test_skipped_checks_have_their_reason() -> None:
    reasons: tuple[tuple[CheckKind, SkipReason], ...] = (("wrong_choice", "out_of_reach"), ("hidden_failures", "no_scale"))
    skipped = tuple(SkippedCheck(kind, ("lora", "base"), reason) for kind, reason in reasons)
    first, second = audit_sentences.list_skipped(audit(KEPT, skipped=skipped))
    assert first.endswith("is recommended (the untuned model): the examples of this run are too different from such data.")
    assert second.endswith(
        "is recommended: a total failure of single examples is not defined for this score, or costs less than the margin."
    )
