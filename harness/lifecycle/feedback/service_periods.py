"""Which model of a task was in service when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.errors import did_you_mean
from harness.gate import Event, stack_service
from harness.lifecycle.feedback.answer_feedback import AnswerFeedback

_FEWEST_DIGITS = 8  # of a digest that names a model


@dataclass(frozen=True)
class ServicePeriod:
    """The time from one change of the model in service to the next.

    Attributes:
        model: the digest of the model.
        since: ISO 8601, in UTC.
    """

    model: str
    strategy: str
    run: str
    since: str

    @property
    def start(self) -> datetime:
        """`since` as a time."""
        return datetime.fromisoformat(self.since)


def list_periods(history: Sequence[Event]) -> tuple[ServicePeriod, ...]:
    """The periods of a task, oldest first. Promoting the model that is in service starts none.

    Args:
        history: of one task, oldest first.
    """
    periods: list[ServicePeriod] = []
    for number, event in enumerate(history, 1):
        stack = stack_service(history[:number])
        if stack and (not periods or periods[-1].model != stack[-1].digest):
            champion = stack[-1]
            periods.append(ServicePeriod(champion.digest, champion.strategy, champion.run, event.at))
    return tuple(periods)


def find_period(feedback: AnswerFeedback, periods: Sequence[ServicePeriod]) -> int | None:
    """The position of the period that an answer belongs to: that of the model it names, else the one in service at its time.

    None for a model that was never in service, and for an answer without a named model from before the first promotion.
    """
    own = [number for number, period in enumerate(periods) if not feedback.model or period.model == feedback.model]
    begun = [number for number in own if periods[number].start <= feedback.moment]
    if begun:
        return begun[-1]
    return own[0] if own and feedback.model else None


def find_model(name: str, history: Sequence[Event]) -> str:
    """The digest of the model that a name means: the beginning of its digest, RUN:STRATEGY, or its strategy if one model has it.

    Raises:
        ValueError: no model of the registry, or several; the message names those that there are.
    """
    models = {event.digest: event for event in history}
    fitting = [digest for digest in models if len(name) >= _FEWEST_DIGITS and digest.startswith(name.lower())]
    fitting = fitting or [digest for digest, event in models.items() if name in (f"{event.run}:{event.strategy}", event.strategy)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        digests = ", ".join(each[:12] for each in fitting)
        raise ValueError(f"several models of the registry are named '{name[:80]}'. Use the digest: {digests}")
    known = [*(digest[:12] for digest in models), *(f"{event.run}:{event.strategy}" for event in models.values())]
    raise ValueError(f"'{name[:80]}' is no model of this task in the registry.{did_you_mean(name[:80], known)}")
