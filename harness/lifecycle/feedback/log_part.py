"""One line of the log of feedback: what one call added to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from harness.lifecycle.feedback.answer_feedback import (
    FIRST_DAY,
    MOST_ID_CHARACTERS,
    MOST_MINUTES,
    MOST_REASON_CHARACTERS,
    MOST_TEXT_CHARACTERS,
    RATINGS,
    AnswerFeedback,
)

ComplaintOutcome: TypeAlias = Literal["confirmed", "dismissed"]


@dataclass(frozen=True)
class ComplaintDecision:
    """What a person, or several raters, decided about a complaint.

    Attributes:
        id: of the answer.
        corrected: the right text; None to keep that of the users.
        reason: why, or who decided.
    """

    id: str
    outcome: ComplaintOutcome
    corrected: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class OutputJudgement:
    """What a person decided about an output of a model for a confirmed complaint.

    Attributes:
        id: of the answer that was complained about.
        output: the digest of the output.
    """

    id: str
    output: str
    outcome: Literal["fixed", "broken"]


@dataclass(frozen=True)
class SuiteRun:
    """How a candidate did on the confirmed complaints when the gate judged it: the ids of the answers.

    Attributes:
        seed: of the model; None where its run has no other seed.
    """

    run: str
    strategy: str
    seed: int | None
    fixed: tuple[str, ...]
    broken: tuple[str, ...]
    unclear: tuple[str, ...]


@dataclass(frozen=True)
class LogPart:
    """What one call added.

    Attributes:
        number: from 1.
        added: the day of the call.
        source: the name of the file; empty without one.
        decisions: about complaints that were added before.
        harvested: ids of answers that were written into the file as training examples.
        judgements, suites: of models that have answered the complaints again.
    """

    number: int
    added: str
    source: str
    answers: tuple[AnswerFeedback, ...] = ()
    decisions: tuple[ComplaintDecision, ...] = ()
    harvested: tuple[str, ...] = ()
    judgements: tuple[OutputJudgement, ...] = ()
    suites: tuple[SuiteRun, ...] = ()

    def find_problem(self) -> str:
        """What is out of range, as the end of a message; empty if nothing is."""
        try:
            date.fromisoformat(self.added)
        except ValueError:
            return "the day on which it was added is no date"
        if any(len(each.corrected or "") > MOST_TEXT_CHARACTERS or len(each.reason) > MOST_REASON_CHARACTERS for each in self.decisions):
            return "a text of a decision is too long"
        return next((problem for each in self.answers if (problem := _find_problem(each))), "")


def _find_problem(feedback: AnswerFeedback) -> str:
    """What of a stored feedback bench would not have written; empty if nothing."""
    try:
        is_time = feedback.day >= FIRST_DAY and feedback.moment.tzinfo is not None
    except (ValueError, OverflowError):
        is_time = False
    texts = (feedback.output or "", feedback.corrected or "", *feedback.inputs.values())
    checks = {
        f"'{feedback.at[:40]}' is no time": is_time,
        "a rating is out of range": feedback.rating is None or RATINGS[0] <= feedback.rating <= RATINGS[1],
        "minutes are out of range": feedback.minutes is None or 0 <= feedback.minutes <= MOST_MINUTES,
        "an id is empty or too long": 0 < len(feedback.id) <= MOST_ID_CHARACTERS,
        "a text is too long": len(feedback.reason) <= MOST_REASON_CHARACTERS and all(len(each) <= MOST_TEXT_CHARACTERS for each in texts),
    }
    return next((problem for problem, holds in checks.items() if not holds), "")
