"""What one user said about one answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from harness.lifecycle.user_verdicts import UserVerdict

RATINGS = (1.0, 5.0)
MOST_MINUTES = 1440.0  # of work on one answer: a day
MOST_ID_CHARACTERS = 200
MOST_TEXT_CHARACTERS = 200_000  # of an input, an output or a corrected text
MOST_REASON_CHARACTERS = 10_000
FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class AnswerFeedback:
    """One user's feedback on one answer.

    Attributes:
        id: of the answer. Several users may speak about one answer.
        verdict: None where only a rating or minutes are known.
        at: a day, "2026-03-01", or a time in UTC, "2026-03-01T10:20:30Z".
        is_dated: whether the day was given; otherwise it is that on which the feedback was added.
        model: the digest of the model that answered, if it was named; else empty.
        corrected: what the answer should have been.
        minutes: that the user worked on the answer.
        rating: 1 to 5.
        user: a salted hash of the user's name.
        group: the patient, document or conversation.
        inputs: what the model read; empty where that is not known.
        slices: values of the columns by which rates are divided.
    """

    id: str
    verdict: UserVerdict | None
    at: str
    is_dated: bool = True
    model: str = ""
    output: str | None = None
    corrected: str | None = None
    reason: str = ""
    minutes: float | None = None
    rating: float | None = None
    user: str | None = None
    group: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day in UTC."""
        return date.fromisoformat(self.at[:10])

    @property
    def moment(self) -> datetime:
        """The time; of a day without a time its end, so that an answer of the day of a promotion counts for the new model."""
        if len(self.at) == len("2026-03-01"):
            return datetime.combine(self.day + timedelta(days=1), time(), UTC) - timedelta(seconds=1)
        return datetime.fromisoformat(self.at)

    @property
    def digest(self) -> str:
        """sha256 (hex) of what the user said; the day counts only where it was given."""
        values = {
            **vars(self),
            "at": self.at if self.is_dated else "",
            "inputs": sorted(self.inputs.items()),
            "slices": sorted(self.slices.items()),
        }
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
