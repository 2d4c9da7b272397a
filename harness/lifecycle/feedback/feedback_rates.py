"""Rates and means of feedback with their intervals, and how they differ between two sets of answers.

Answers of one user, or about one patient, resemble one another. So users are the independent units, or groups (patients) where there are
fewer of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from harness.lifecycle.feedback.answer_feedback import RATINGS, AnswerFeedback
from harness.lifecycle.user_verdicts import USER_VERDICTS
from harness.statistics import (
    Interval,
    allow_for_unseen,
    difference_of_independent,
    mean_interval,
    proportion_interval,
    weighted_share,
)

ClusterBy: TypeAlias = Literal["user", "group"]
MEASURES = (*USER_VERDICTS, "minutes", "rating")  # the shares of verdicts, minutes per answer, and the mean rating
LOWER_IS_BETTER = ("edited", "rejected", "complaint", "minutes")


@dataclass(frozen=True)
class FeedbackNumber:
    """One number of a set of answers.

    Attributes:
        name: of `MEASURES`.
        count: of a share, how many answers have the verdict; None of a mean.
        value: the share or mean; None without answers that have it.
        interval: 95%; its n and units say what it rests on.
    """

    name: str
    count: int | None
    value: float | None
    interval: Interval


@dataclass(frozen=True)
class MeasuredFeedback:
    """The numbers of a set of answers.

    Attributes:
        answers: with feedback of any kind.
        numbers: one for each of `MEASURES`, in this order.
    """

    answers: int
    numbers: tuple[FeedbackNumber, ...]

    def get(self, name: str) -> FeedbackNumber:
        """The number of this name."""
        return self.numbers[MEASURES.index(name)]


@dataclass(frozen=True)
class FeedbackChange:
    """How a number differs between two sets of answers.

    Attributes:
        difference: after − before; None where one side has no value.
        interval: 95%.
        direction: whether the interval shows it to be better or worse; None where it does not, or is not reliable.
    """

    name: str
    before: FeedbackNumber
    after: FeedbackNumber
    difference: float | None
    interval: Interval
    direction: Literal["better", "worse"] | None


def choose_clusters(feedback: Sequence[AnswerFeedback]) -> ClusterBy | None:
    """What the independent units are: users or groups, whichever are fewer; None where there are neither."""
    kinds: dict[ClusterBy, list[str | None]] = {"user": [each.user for each in feedback], "group": [each.group for each in feedback]}
    units = {kind: len(set(names) - {None}) + names.count(None) for kind, names in kinds.items() if any(names)}
    return min(units.items(), key=lambda pair: pair[1])[0] if units else None


def measure_feedback(feedback: Sequence[AnswerFeedback], by: ClusterBy | None) -> MeasuredFeedback:
    """The numbers of these answers.

    Args:
        by: the independent units, see `choose_clusters`.
    """
    judged = [each for each in feedback if each.verdict is not None]
    shares = [measure_share([each.verdict == verdict for each in judged], _list_units(judged, by), verdict) for verdict in USER_VERDICTS]
    means = [_measure_mean(feedback, by, name) for name in ("minutes", "rating")]
    return MeasuredFeedback(len(feedback), (*shares, *means))


def measure_share(flags: Sequence[bool], units: Sequence[str | None], name: str) -> FeedbackNumber:
    """A share: for independent answers the outer of Wilson and mid-P, else Clopper–Pearson for the effective number of independent answers
    (Korn & Graubard 1998).

    Args:
        units: the user or group of each answer; None is a unit of its own.
    """
    import numpy as np

    n, count = len(flags), sum(flags)
    named = [unit for unit in units if unit is not None]
    if len(set(named)) == len(named):
        return FeedbackNumber(name, count, count / n if n else None, proportion_interval(count, n))
    share, interval = weighted_share(np.array(flags, dtype=np.float64), np.ones(n), units)
    return FeedbackNumber(name, count, share, interval)


def compare_feedback(before: MeasuredFeedback, after: MeasuredFeedback) -> tuple[FeedbackChange, ...]:
    """How each number differs. It describes: users, patients and seasons of the two sets may differ, too.

    The interval is MOVER's (`difference_of_independent`) from those of the two numbers. A user of both sets makes it wider than needed, as
    long as the user's answers resemble one another.
    """
    changes: list[FeedbackChange] = []
    for one, other in zip(before.numbers, after.numbers, strict=True):
        difference = other.value - one.value if one.value is not None and other.value is not None else None
        interval = difference_of_independent(one.value or 0.0, one.interval, other.value or 0.0, other.interval)
        direction = None if difference is None else _find_direction(one.name, interval)
        changes.append(FeedbackChange(one.name, one, other, difference, interval, direction))
    return tuple(changes)


def _find_direction(name: str, interval: Interval) -> Literal["better", "worse"] | None:
    if not interval.reliable or interval.low is None or interval.high is None or interval.low <= 0 <= interval.high:
        return None
    return "better" if (interval.high < 0) == (name in LOWER_IS_BETTER) else "worse"


def _measure_mean(feedback: Sequence[AnswerFeedback], by: ClusterBy | None, name: Literal["minutes", "rating"]) -> FeedbackNumber:
    """A mean with the interval of `mean_interval`, within the bounds of its scale."""
    import numpy as np

    rated = [each for each in feedback if getattr(each, name) is not None]
    values = np.array([getattr(each, name) for each in rated], dtype=np.float64)
    scale = RATINGS[1] - RATINGS[0] if name == "rating" else None
    interval = mean_interval(values, _list_units(rated, by), scale=scale)
    if not len(values):
        return FeedbackNumber(name, None, None, interval)
    mean = float(values.mean())
    if interval.low is None or interval.high is None:
        return FeedbackNumber(name, None, mean, interval)
    if name == "rating" and interval.se == 0:
        low, high = allow_for_unseen(mean, RATINGS, interval.units)
        return FeedbackNumber(name, None, mean, replace(interval, low=low, high=high))
    lowest, highest = RATINGS if name == "rating" else (0.0, interval.high)
    return FeedbackNumber(name, None, mean, replace(interval, low=max(interval.low, lowest), high=min(interval.high, highest)))


def _list_units(feedback: Sequence[AnswerFeedback], by: ClusterBy | None) -> list[str | None]:
    return [None if by is None else getattr(each, by) for each in feedback]
