"""One rating as a returned file holds it, unchecked, and how values of any type become its fields.

Returned files are not trusted: they may be damaged, belong to another packet, or be malicious.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.text import one_line

_MAX_CHARACTERS = 1_000_000  # of a corrected text or a comment
_MAX_SECONDS = 86_400 * 7


@dataclass(frozen=True)
class ReturnedRow:
    """One rating as it was returned."""

    place: str
    """Where it is, for messages: "ratings.csv:3"."""
    item: str
    packet: str
    rater: str
    answers: Mapping[str, str] = field(default_factory=dict)
    """By question."""
    kinds: tuple[str, ...] = ()
    """The kinds of errors that are marked."""
    corrected: str = ""
    comment: str = ""
    seconds: float | None = None
    answered_at: str | None = None
    person: tuple[str, ...] = ()
    """Ids of the person who annotated it in Label Studio (number, address), where several people may share a rater's tasks."""
    outputs: tuple[str, ...] = ()
    """The outputs that the row shows, in order; empty where the format does not return them."""
    problem: str | None = None
    """Why the row must be rejected, if reading it already showed that."""

    @property
    def is_unanswered(self) -> bool:
        """Whether the rater filled in nothing."""
        return not (self.problem or any(self.answers.values()) or self.kinds or self.corrected.strip() or self.comment.strip())


def to_text(value: Any) -> str:
    """A scalar as text, cut to a million characters; empty for None, lists and objects."""
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value)[:_MAX_CHARACTERS]


def to_texts(value: Any) -> tuple[str, ...]:
    """A text or a list as texts; empty for anything else."""
    if isinstance(value, str):
        return (value[:_MAX_CHARACTERS],)
    return tuple(to_text(each) for each in value) if isinstance(value, list) else ()


def to_seconds(value: Any) -> float | None:
    """A duration that a person can have taken; None for anything else."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) and 0 <= seconds < _MAX_SECONDS else None


def quote(text: str) -> str:
    """A value from a file, short and safe to print in a message."""
    return one_line(text, 60)
