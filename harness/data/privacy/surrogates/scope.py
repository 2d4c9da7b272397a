"""What surrogates stay consistent within: a patient, or a row where no patient is known."""

from __future__ import annotations

from dataclasses import dataclass, field

_WEEKS = 52
DAYS_OF_WEEK = 7


@dataclass
class Scope:
    """A patient or a row, with the surrogates that it has so far.

    Attributes:
        name: what the draws depend on, together with the key.
        shift: days that all dates move by; whole weeks, so that weekdays survive; never 0.
        names: the surrogate of each part of a name, both in lower case but the surrogate.
        codes: the surrogates of whole identifiers, such as the patient's own number.
    """

    name: str
    shift: int
    names: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)


def weeks_to_shift(draw: int) -> int:
    """Days from a draw in 0…103: one to 52 weeks back or ahead."""
    weeks = draw % _WEEKS + 1
    return DAYS_OF_WEEK * (weeks if draw < _WEEKS else -weeks)


SHIFTS = 2 * _WEEKS
