"""A request to a server that failed, and is about to be repeated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FailedAttempt:
    """What to tell the user until the next attempt.

    Attributes:
        problem: what the server did, and what it says about it, on one line of visible characters and without the key.
        attempt: the number of the attempt that comes next, from 2.
        attempts: how many there are at most.
        wait: seconds until then, at least.
    """

    problem: str
    attempt: int
    attempts: int
    wait: float
