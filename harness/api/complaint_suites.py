"""The confirmed complaints of users as a test of every candidate: read for the gate, and what it found recorded beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.gate import ComplaintCase, Verdict

if TYPE_CHECKING:
    from harness.lifecycle.feedback import FeedbackLog, LogPart


def read_complaint_cases(task: str, registry: Path) -> tuple[ComplaintCase, ...]:
    """The confirmed complaints about the answers of a task; none where there is no feedback.

    Raises:
        BenchError: the log is damaged.
    """
    from harness.lifecycle.feedback import FeedbackStore

    return FeedbackStore(registry, task).read().cases


def record_suite(verdict: Verdict, cases: Sequence[ComplaintCase], registry: Path) -> None:
    """Record in the log of feedback which complaints the candidate answers rightly. What was recorded before is not recorded again.

    Raises:
        BenchError: the log is damaged, cannot be written, or another process holds it.
    """
    from harness.lifecycle.feedback import FeedbackStore, LogPart, SuiteRun

    rule = next((each for each in verdict.rules if each.rule.kind == "complaints"), None)
    if rule is None or not cases:
        return
    broken = int(rule.reason.numbers["broken"])
    wrong = rule.example_ids
    fixed = tuple(case.id for case in cases if case.id not in wrong)
    suite = SuiteRun(verdict.candidate.run, verdict.candidate.strategy, verdict.candidate.seed, fixed, wrong[:broken], wrong[broken:])

    def decide(log: FeedbackLog, hash_user: Callable[[str], str]) -> LogPart | None:
        known = any(each == suite for part in log.parts for each in part.suites)
        return None if known else LogPart(0, datetime.now(UTC).date().isoformat(), "", suites=(suite,))

    FeedbackStore(registry, verdict.task).add(decide)
