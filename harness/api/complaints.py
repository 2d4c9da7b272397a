"""Complaints of users about answers: which there are, what people decide about them, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY, history, open_champion
from harness.errors import BenchError, did_you_mean, setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.lifecycle.feedback import Complaint, ComplaintOutcome, ComplaintTrail, FeedbackLog, LogPart


def decide_complaints(
    task: str,
    ids: Sequence[str],
    outcome: ComplaintOutcome,
    *,
    corrected: str | None = None,
    reason: str = "",
    registry: PathLike = REGISTRY,
    today: date | None = None,
) -> tuple[Complaint, ...]:
    """Confirm complaints, which makes them examples to train on and, by a policy with a rule on complaints, to test every candidate on; or
    dismiss them.

    Args:
        ids: of the answers.
        outcome: "confirmed" or "dismissed".
        corrected: the right text, for a single answer; by default, that of the newest complaint.
        reason: kept in the log.
        today: the day of the decision; by default that of this machine, in UTC.

    Returns:
        These complaints, with the decision.

    Raises:
        BenchError: nothing was promoted for this task; an id without a complaint; a text that is not a label of the task; a damaged log.
    """
    from harness.lifecycle.feedback import ComplaintDecision, FeedbackStore, LogPart

    history(task, registry=registry)
    if corrected is not None and len(ids) != 1:
        raise BenchError(f"{setting('corrected')}: is the right text of one answer, not of {len(ids)}")
    if outcome not in ("confirmed", "dismissed"):
        raise BenchError(f"{setting('outcome', str(outcome))}: must be 'confirmed' or 'dismissed'")
    labels = next((example.choices for example in open_champion(task, registry).examples), ())
    if corrected is not None and labels and corrected not in labels:
        raise BenchError(f"{setting('corrected', corrected[:80])}: is not one of the task's labels.{did_you_mean(corrected[:80], labels)}")
    day = (today or datetime.now(UTC).date()).isoformat()

    def decide(log: FeedbackLog, hash_user: Callable[[str], str]) -> LogPart:
        known = {complaint.id for complaint in log.complaints}
        unknown = next((id_ for id_ in ids if id_ not in known), None)
        if unknown is not None:
            raise BenchError(f"{task}: no complaint about the answer '{unknown[:80]}'.{did_you_mean(unknown[:80], known)}")
        return LogPart(0, day, "", decisions=tuple(ComplaintDecision(id_, outcome, corrected, reason[:10_000]) for id_ in ids))

    log = FeedbackStore(Path(registry), task).add(decide)
    return tuple(complaint for complaint in log.complaints if complaint.id in ids)


def list_complaints(task: str, *, registry: PathLike = REGISTRY) -> tuple[Complaint, ...]:
    """The answers of a task that users complain about, in the order in which they were added.

    Raises:
        BenchError: nothing was promoted for this task, or a damaged log.
    """
    from harness.lifecycle.feedback import FeedbackStore

    history(task, registry=registry)
    return FeedbackStore(Path(registry), task).read().complaints


def follow_complaint(task: str, id_: str, *, registry: PathLike = REGISTRY) -> ComplaintTrail:
    """Everything that happened to the complaints about an answer, from the first of them to the model that fixed it.

    Raises:
        BenchError: nothing was promoted for this task, there is no complaint about this answer, or a damaged log.
    """
    from harness.lifecycle.feedback import FeedbackStore
    from harness.lifecycle.feedback import follow_complaint as follow

    events = history(task, registry=registry)
    return follow(FeedbackStore(Path(registry), task).read(), events, id_)
