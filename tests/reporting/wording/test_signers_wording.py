"""What a signer reads about money, safety and common claims. The snapshots are there to be read and reviewed."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from situations import report_of
from syrupy.assertion import SnapshotAssertion

from harness.reporting.views import ScoreName, TaskView
from harness.reporting.views.sections import ClaimCode, ClaimReason, ClaimVerdict, CommonClaim, ReviewTime, Subgroup
from harness.reporting.wording import claim_sentences, money_sentences, safety_sentences
from harness.types import Score


def money_lines(task: TaskView) -> list[str]:
    table = money_sentences.build_money_table(task)
    lines = [table.title, " | ".join(table.columns), *(" | ".join(row) for row in table.rows)]
    for row in task.money.rows:
        lines.append(f"{row.label}: {money_sentences.acceptable_interval(row)} {money_sentences.acceptable_price_interval(row)}")
    return [*lines, *(f"* {sentence}" for sentence in money_sentences.list_assumptions(task))]


def claim_lines(task: TaskView) -> list[str]:
    return [
        " | ".join(
            [
                claim_sentences.describe_claim(claim),
                claim_sentences.describe_measured(claim, task.primary),
                claim_sentences.describe_interval(claim, task.primary),
                claim_sentences.VERDICTS[claim.verdict],
                claim_sentences.describe_reason(claim, task.primary),
            ]
        )
        for claim in task.claims
    ]


def safety_lines(task: TaskView) -> list[str]:
    lines = [safety_sentences.note_safety(task.safety)]
    for table in task.safety.tables:
        lines.append(f"{safety_sentences.title_table(table)} {safety_sentences.describe_table(table)}".rstrip())
        for row in table.rows:
            rate = safety_sentences.format_rate(row.rate.value, table.unit)
            interval = safety_sentences.format_rate_interval(row.rate, table.unit)
            doubt = " (lighter)" if safety_sentences.is_doubtful(row) else ""
            lines.append(f"  {row.label}: {rate}, {interval}; {safety_sentences.describe_change(row)}{doubt}")
    return lines


@pytest.mark.parametrize(
    "name", ["clear winner", "the cheapest of two good ones, several seeds, errors counted", "nothing finished", "external outputs"]
)
def test_money_safety_and_claims(name: str, snapshot: SnapshotAssertion) -> None:
    for task in report_of(name).tasks:
        assert "\n".join([*money_lines(task), *claim_lines(task), *safety_lines(task)]) == snapshot


SCORE = ScoreName("rougeL", "higher", "score", "")
LIMITS: dict[ClaimCode, float] = {
    "most_of_full": 0.9, "tenth_of_cost": 0.1, "fewer_unsupported": 0.7, "better_on_task": 0.3, "more_examples": 0.01,
}  # fmt: skip
# The claims that a reason belongs to, where that is not every claim.
REASONS: dict[ClaimReason, ClaimCode] = {
    "no_gain_of_full": "most_of_full", "measured_once": "tenth_of_cost", "no_cost": "tenth_of_cost", "trained_together": "tenth_of_cost",
    "no_score": "fewer_unsupported",
    "not_trusted": "fewer_unsupported", "no_errors_of_base": "fewer_unsupported", "base_near_zero": "better_on_task",
    "no_curve": "more_examples", "curve_problem": "more_examples", "far_forecast": "more_examples", "trained_on_enough": "more_examples",
}  # fmt: skip


def claim(code: ClaimCode, verdict: ClaimVerdict, reason: ClaimReason = "") -> CommonClaim:
    return CommonClaim(code, "qlora", verdict, reason, LIMITS[code], 0.42, 0.38, 0.46, 3, "fewer than 100 examples")


@pytest.mark.parametrize("code", get_args(ClaimCode))
def test_every_verdict_has_a_reason(code: ClaimCode, snapshot: SnapshotAssertion) -> None:
    shown = claim(code, "supported")
    measured = f"{claim_sentences.describe_measured(shown, SCORE)} ({claim_sentences.describe_interval(shown, SCORE)})"
    lines = [claim_sentences.describe_claim(shown), measured]
    own: list[ClaimReason] = ["interval_includes_limit", "low_confidence", *(["not_run"] if code != "more_examples" else [])]
    own += [reason for reason, only in REASONS.items() if only == code]
    for each in (shown, claim(code, "not_supported"), *(claim(code, "cannot_tell", reason) for reason in own)):
        lines.append(f"{claim_sentences.VERDICTS[each.verdict]}: {claim_sentences.describe_reason(each, SCORE)}")
    assert "\n".join(lines) == snapshot


def test_every_reason_is_shown_above() -> None:
    assert {*REASONS, "", "interval_includes_limit", "low_confidence", "not_run"} == set(get_args(ClaimReason))


def test_reviewing_takes_time() -> None:
    row = replace(report_of("clear winner").tasks[0].money.rows[0], review=ReviewTime(1.5, 24))
    assert money_sentences.describe_review_time(row) == "1 min 30 s"


def test_the_worst_subgroups_are_a_selection(snapshot: SnapshotAssertion) -> None:
    rate = Score(0.62, 0.45, 0.77, 34, "Wilson", 0)
    groups = (Subgroup("triage", "urgent", rate), Subgroup("length", "80 to 120", replace(rate, n=12, reliable=False)))
    safety = replace(
        report_of("clear winner").tasks[0].safety, about="lora", overall=replace(rate, value=0.3), subgroups=groups, examined=9, erring=17
    )
    lines = [
        *map(safety_sentences.describe_subgroup, groups),
        safety_sentences.note_subgroups(safety),
        safety_sentences.describe_erring(safety),
    ]
    assert "\n".join(lines) == snapshot
