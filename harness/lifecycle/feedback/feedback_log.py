"""Everything that users have said about the answers of a task, in the order in which it was added, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Literal, TypeAlias

from harness.catalog import render_prompt
from harness.gate import CaseOutcome, ComplaintCase
from harness.lifecycle.feedback.answer_feedback import AnswerFeedback
from harness.lifecycle.feedback.feedback_rates import FeedbackNumber, choose_clusters, measure_share
from harness.lifecycle.feedback.log_part import ComplaintDecision, LogPart
from harness.types import Task

ComplaintState: TypeAlias = Literal["open", "confirmed", "dismissed"]


@dataclass(frozen=True)
class Complaint:
    """An answer that at least one user has complained about.

    Attributes:
        id: of the answer.
        voices: the complaints, in the order of their days.
        part: the number of the part of the log that brought the newest of them.
        decision: the last one; None without one. A new complaint about a dismissed one has none.
        decided_in: the number of its part; 0 without one.
    """

    id: str
    voices: tuple[AnswerFeedback, ...]
    part: int
    decision: ComplaintDecision | None = None
    decided_in: int = 0

    @property
    def state(self) -> ComplaintState:
        """What was decided."""
        return "open" if self.decision is None else self.decision.outcome

    @property
    def inputs(self) -> Mapping[str, str]:
        """What the model read; empty where no complaint says it."""
        return next((each.inputs for each in self.voices if each.inputs), {})

    @property
    def output(self) -> str | None:
        """What the model wrote; None where no complaint says it."""
        return next((each.output for each in self.voices if each.output is not None), None)

    @property
    def corrected(self) -> str | None:
        """The correction of the decision, or the newest of the users."""
        if self.decision is not None and self.decision.corrected is not None:
            return self.decision.corrected
        return next((each.corrected for each in reversed(self.voices) if each.corrected is not None), None)


@dataclass(frozen=True)
class CorrectedRow:
    """A row to train on: inputs and the text that a person says is right.

    Attributes:
        id: of the answer.
        source: "edited": the user worked with the edited text; "complaint": a person has confirmed the complaint.
        part: the number of the part of the log since which it can be used.
    """

    id: str
    inputs: Mapping[str, str]
    completion: str
    group: str | None
    source: str
    part: int

    def to_record(self, task: Task, labels: Sequence[str] = ()) -> dict[str, Any]:
        """The row as `bench review harvest` writes one, and `data.harvested` and `--harvested` read it."""
        return {
            "prompt": render_prompt(task.prompt, self.inputs, labels),
            "completion": self.completion,
            "inputs": dict(self.inputs),
            **({"group": self.group} if self.group is not None else {}),
            "provenance": {"task": task.name, "feedback": self.id, "source": self.source},
        }


@dataclass(frozen=True)
class ComplaintRate:
    """How many of the answers with a verdict are complaints.

    Attributes:
        number: the count, the share and its 95% interval; users or groups are the independent units.
        answers: with a verdict.
        first, last: the days of the first and the last of them; None without one.
    """

    number: FeedbackNumber
    answers: int
    first: date | None
    last: date | None


def _find_latest(
    feedback: Iterable[tuple[int, AnswerFeedback]],
) -> dict[tuple[str, str | None], tuple[int, AnswerFeedback]]:
    """By answer and user, the last of these: of one day, what was added last."""
    latest: dict[tuple[str, str | None], tuple[int, AnswerFeedback]] = {}
    for part, each in feedback:
        key = (each.id, each.user)
        if key not in latest or latest[key][1].day <= each.day:
            latest[key] = (part, each)
    return latest


class FeedbackLog:
    """The log of a task.

    Args:
        parts: in the order in which they were added.
    """

    def __init__(self, parts: Sequence[LogPart]) -> None:
        self.parts = tuple(parts)

    @property
    def position(self) -> int:
        """How far the log has come; what is added later has a higher number."""
        return len(self.parts)

    @cached_property
    def digests(self) -> frozenset[str]:
        """The digests of everything that was ever said: repeated feedback counts once."""
        return frozenset(each.digest for part in self.parts for each in part.answers)

    @cached_property
    def _latest(self) -> Mapping[tuple[str, str | None], tuple[int, AnswerFeedback]]:
        """By answer and user, what the user said last, and the part that brought it. Of one day, what was added last."""
        return _find_latest((part.number, each) for part in self.parts for each in part.answers)

    @cached_property
    def _latest_complaints(self) -> Mapping[tuple[str, str | None], tuple[int, AnswerFeedback]]:
        """By answer and user, the last complaint, whatever the user said afterwards, and the part that brought it."""
        return _find_latest((part.number, each) for part in self.parts for each in part.answers if each.verdict == "complaint")

    @cached_property
    def answers(self) -> tuple[AnswerFeedback, ...]:
        """What each user said last about each answer, in the order of their days."""
        return tuple(sorted((each for _, each in self._latest.values()), key=lambda each: each.moment))

    def find(self, id_: str, user: str | None) -> AnswerFeedback | None:
        """What a user said last about an answer; None for nothing.

        Args:
            user: the hash of the user.
        """
        return self._latest[id_, user][1] if (id_, user) in self._latest else None

    @cached_property
    def complaints(self) -> tuple[Complaint, ...]:
        """The answers that users complain about, in the order in which they were added.

        A user who says something else later withdraws a complaint, unless a person has decided about it: a confirmed complaint stays. What
        users without a name say later withdraws nothing, because another person may have said it.
        """
        decisions = {each.id: (part.number, each) for part in self.parts for each in part.decisions}
        voices: dict[str, list[tuple[int, AnswerFeedback]]] = {}
        for (id_, user), (part, each) in self._latest_complaints.items():
            if user is None or id_ in decisions or self._latest[id_, user][1].verdict == "complaint":
                voices.setdefault(id_, []).append((part, each))
        complaints = []
        for id_, own in voices.items():
            newest = max(part for part, _ in own)
            number, decision = decisions.get(id_, (0, None))
            if decision is not None and decision.outcome == "dismissed" and number < newest:
                number, decision = 0, None
            ordered = tuple(each for _, each in sorted(own, key=lambda pair: pair[1].moment))
            complaints.append(Complaint(id_, ordered, newest, decision, number))
        return tuple(sorted(complaints, key=lambda complaint: complaint.part))

    @property
    def cases(self) -> tuple[ComplaintCase, ...]:
        """The confirmed complaints, with what people decided about the outputs of models. A model cannot answer those without inputs."""
        judged: dict[str, dict[str, CaseOutcome]] = {}
        for each in (each for part in self.parts for each in part.judgements):
            judged.setdefault(each.id, {})[each.output] = each.outcome
        return tuple(
            ComplaintCase(each.id, each.inputs, each.output, each.corrected, judged.get(each.id, {}))
            for each in self.complaints
            if each.state == "confirmed"
        )

    def complaint_rate(self, since: date | None = None, *, model: str = "") -> ComplaintRate:
        """The rate of complaints among the answers with a verdict.

        Args:
            since: only answers of this day and later.
            model: the digest of a model: without the answers that name another one, such as the challenger of an A/B test.
        """
        judged = [
            each
            for each in self.answers
            if each.verdict is not None and (since is None or each.day >= since) and (not model or each.model in ("", model))
        ]
        by = choose_clusters(judged)
        units = [None if by is None else getattr(each, by) for each in judged]
        number = measure_share([each.verdict == "complaint" for each in judged], units, "complaint")
        return ComplaintRate(number, len(judged), judged[0].day if judged else None, judged[-1].day if judged else None)

    def corrected_rows(self, after: int = 0) -> tuple[CorrectedRow, ...]:
        """The rows to train on, each input once, with the newest correction.

        Answers that users have edited, and complaints that were confirmed, with their inputs and the right text.

        Args:
            after: only rows that a later part of the log has brought, see `position`.
        """
        rows: dict[tuple[tuple[str, str], ...], CorrectedRow] = {}
        for part, each in sorted(self._latest.values(), key=lambda pair: (pair[0], pair[1].moment)):
            if each.verdict == "edited" and each.corrected is not None and each.corrected.strip() and each.inputs:
                row = CorrectedRow(each.id, each.inputs, each.corrected, each.group, "edited", part)
                rows[tuple(sorted(each.inputs.items()))] = row
        for complaint in self.complaints:
            if complaint.state == "confirmed" and (complaint.corrected or "").strip() and complaint.inputs:
                group = next((each.group for each in complaint.voices if each.group is not None), None)
                part = max(complaint.part, complaint.decided_in)
                row = CorrectedRow(complaint.id, complaint.inputs, complaint.corrected or "", group, "complaint", part)
                rows[tuple(sorted(complaint.inputs.items()))] = row
        return tuple(row for row in rows.values() if row.part > after)
