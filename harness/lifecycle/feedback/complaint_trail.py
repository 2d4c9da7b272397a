"""From a complaint to the model that fixed it: everything that happened to it, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from harness.errors import BenchError, did_you_mean
from harness.gate import Event, stack_service
from harness.lifecycle.feedback.feedback_log import FeedbackLog
from harness.lifecycle.feedback.log_part import SuiteRun

StepKind: TypeAlias = Literal["complaint", "confirmed", "dismissed", "harvested", "fixed", "broken", "unclear", "promoted"]


@dataclass(frozen=True)
class TrailStep:
    """One thing that happened to a complaint.

    Attributes:
        text: the reason of a complaint or decision, the file of a harvest, the model (RUN:STRATEGY) of the others.
    """

    day: date
    kind: StepKind
    text: str


@dataclass(frozen=True)
class ComplaintTrail:
    """Everything that happened to the complaints about one answer.

    Attributes:
        fixed_by: the first model (RUN:STRATEGY) that answered rightly and came into service; empty while there is none.
        wrong_again: the model in service, if it came after that one and answers wrongly, or a person must look; else empty.
    """

    id: str
    steps: tuple[TrailStep, ...]
    fixed_by: str
    wrong_again: str = ""


def follow_complaint(log: FeedbackLog, history: Sequence[Event], id_: str) -> ComplaintTrail:
    """The trail of the complaints about an answer, oldest step first.

    Args:
        history: of the task, oldest first.

    Raises:
        BenchError: there is no complaint about this answer.
    """
    voices = [each for part in log.parts for each in part.answers if each.id == id_ and each.verdict == "complaint"]
    if not voices:
        known = {complaint.id for complaint in log.complaints}
        raise BenchError(f"no complaint about the answer '{id_[:80]}'.{did_you_mean(id_[:80], known)}")
    steps = [TrailStep(each.day, "complaint", each.reason) for each in voices]
    for part in log.parts:
        day = date.fromisoformat(part.added)
        steps += [TrailStep(day, each.outcome, each.reason) for each in part.decisions if each.id == id_]
        steps += [TrailStep(day, "harvested", part.source)] if id_ in part.harvested else []
        for suite in part.suites:
            outcomes: tuple[tuple[StepKind, tuple[str, ...]], ...] = (
                ("fixed", suite.fixed),
                ("broken", suite.broken),
                ("unclear", suite.unclear),
            )
            steps += [TrailStep(day, outcome, _name(suite)) for outcome, ids in outcomes if id_ in ids]
    fixed = {step.text for step in steps if step.kind == "fixed"}
    promotions = [event for event in history if event.action in ("promote", "force") and f"{event.run}:{event.strategy}" in fixed]
    steps += [TrailStep(date.fromisoformat(event.at[:10]), "promoted", f"{event.run}:{event.strategy}") for event in promotions]
    fixed_by = f"{promotions[0].run}:{promotions[0].strategy}" if promotions else ""
    answers = {step.text: step.kind for step in steps if step.kind in ("fixed", "broken", "unclear")}  # the last of each model
    service = stack_service(history)
    champion = f"{service[-1].run}:{service[-1].strategy}" if service else ""
    is_wrong = fixed_by and answers.get(champion) in ("broken", "unclear")
    return ComplaintTrail(id_, tuple(sorted(steps, key=lambda step: step.day)), fixed_by, champion if is_wrong else "")


def _name(suite: SuiteRun) -> str:
    return f"{suite.run}:{suite.strategy}"
