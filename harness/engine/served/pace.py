"""How fast requests follow each other: evenly spaced, and all of them paused while the server asks to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_NUMBER = 12  # characters of a Retry-After header


class Pace:
    """Used by several threads at once."""

    def __init__(self, per_minute: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            per_minute: the most requests in a minute; None: any number.
            clock: in seconds.
        """
        self._spacing = 0.0 if per_minute is None else 60.0 / per_minute
        self._clock, self._lock = clock, threading.Lock()
        self._next = clock()

    def take_turn(self) -> float:
        """The seconds to wait until the next request may be sent."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._next)
            self._next = turn + self._spacing
            return turn - now

    def pause(self, seconds: float) -> None:
        """Send nothing for so long."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)


def read_retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """The seconds that a server asks to wait, from a number or a date; 0 where it does not say."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and len(text) <= _LONGEST_NUMBER and text.replace(".", "", 1).isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text[:64])
        return max(0.0, (moment.astimezone(UTC) - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0
