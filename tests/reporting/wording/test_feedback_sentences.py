"""Every sentence of `bench feedback`, as users read it."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

from rich.console import Console

from harness.gate import CaseResult, ComplaintCase
from harness.lifecycle.feedback import (
    AnswerFeedback,
    ComplaintDecision,
    ComplaintTrail,
    FeedbackLog,
    LogPart,
    ReviewedComplaints,
    ServicePeriod,
    TrailStep,
    summarize_feedback,
)
from harness.reporting import print_feedback
from harness.reporting.wording.lifecycle import feedback_sentences

PERIODS = (
    ServicePeriod("a" * 64, "base", "run-1", "2026-03-01T00:00:00+00:00"),
    ServicePeriod("b" * 64, "lora", "run-2", "2026-03-20T00:00:00+00:00"),
)


def made_log() -> FeedbackLog:
    answers = tuple(
        AnswerFeedback(
            f"v{number}",
            "complaint" if number % (4 if number < 80 else 40) == 0 else "edited" if number % 5 == 0 else "accepted",
            f"2026-03-{2 + number // 5:02}",
            minutes=1.0 + number % 7,
            rating=float(2 + number % 4),
            user=f"u{number % 12}",
            inputs={"input": "x"} if number % 3 else {},
            slices={"ward": f"ward {number % 14}"},
        )
        for number in range(140)
    )
    before = AnswerFeedback("early", "accepted", "2026-02-01", user="u0")
    decisions = (ComplaintDecision("v4", "confirmed"), ComplaintDecision("v8", "dismissed"))
    return FeedbackLog((LogPart(1, "2026-04-01", "a.csv", (*answers, before)), LogPart(2, "2026-04-02", "", decisions=decisions)))


def test_the_whole_summary(snapshot: Any) -> None:
    summary = summarize_feedback("visits", made_log(), PERIODS)
    out = io.StringIO()
    print_feedback(summary, Console(file=out, highlight=False, emoji=False))
    assert out.getvalue() == snapshot


def test_what_was_added(snapshot: Any) -> None:
    few = {"new": 1, "changed": 0, "outdated": 0, "known": 0, "unanswered": 0, "out_of_order": 0, "without_inputs": 0, "total": 1}
    many = {"new": 1200, "changed": 3, "outdated": 2, "known": 40, "unanswered": 5, "out_of_order": 1, "without_inputs": 6, "total": 4000}
    names = [f"column {number}" for number in range(10)]
    lines = [*feedback_sentences.describe_added(**few, unused=()), *feedback_sentences.describe_added(**many, unused=names)]
    assert "\n".join(lines) == snapshot


def test_complaints_checks_and_trails(snapshot: Any) -> None:
    cases = [ComplaintCase(name, {"input": "x"}, "20 mg", "10 mg") for name in "abc"]
    results = [CaseResult(cases[0], "fixed", "10 mg"), CaseResult(cases[1], "broken", "20 mg"), CaseResult(cases[2], "unclear", None)]
    kinds = ("complaint", "dismissed", "complaint", "confirmed", "harvested", "broken", "unclear", "fixed", "promoted")
    steps = tuple(TrailStep(date(2026, 3, 1 + place), kind, "" if place == 1 else "run-2:lora") for place, kind in enumerate(kinds))
    reviewed = ReviewedComplaints(4, (), (ComplaintDecision("a", "confirmed"), ComplaintDecision("b", "dismissed")), 1)
    lines = [
        feedback_sentences.describe_check([]),
        feedback_sentences.describe_check(results),
        *map(str, feedback_sentences.build_check_table(results).rows),
        *map(str, feedback_sentences.build_complaint_table(made_log().complaints[:3]).rows),
        *feedback_sentences.list_trail_lines(ComplaintTrail("a", steps, "run-2:lora")),
        *feedback_sentences.list_trail_lines(ComplaintTrail("a", steps[:1], "")),
        feedback_sentences.describe_reviewed(reviewed),
    ]
    assert "\n".join(lines) == snapshot
