"""What users say about an answer: the words, and their values, that feedback, the watch and A/B tests share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias, get_args

UserVerdict: TypeAlias = Literal["accepted", "edited", "rejected", "complaint"]
USER_VERDICTS: tuple[UserVerdict, ...] = get_args(UserVerdict)

# How good an answer was to its user, as `bench watch` follows it.
VERDICT_VALUES: Mapping[UserVerdict, float] = {"accepted": 1.0, "edited": 0.5, "rejected": 0.0, "complaint": 0.0}

_WORDS: Mapping[str, UserVerdict] = {
    **dict.fromkeys(("true", "yes", "accepted", "accept", "good", "up", "👍"), "accepted"),
    **dict.fromkeys(("edited", "edit"), "edited"),
    **dict.fromkeys(("false", "no", "rejected", "reject", "bad", "down", "👎"), "rejected"),
    "complaint": "complaint",
}
KNOWN_WORDS = tuple(word for word in _WORDS if word.isascii())
"""The words to name in a message."""


def parse_user_verdict(text: str) -> UserVerdict | None:
    """The verdict that a word means, in any case; None for another word."""
    return _WORDS.get(text.strip().casefold())
