"""The answer in what a model wrote: where it ends, and when it says that there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.types import Task


def extract(text: str, task: Task, stops: Sequence[str]) -> str:
    """The text before the first stop text, without surrounding space.

    For questions that may have no answer, one that says so (in whatever case, with whatever punctuation around it) becomes the
    empty answer.
    """
    answer = before_stop(text, stops).strip()
    if task.no_answer is not None and _core(answer) == _core(task.no_answer):
        return ""
    return answer


def before_stop(text: str, stops: Sequence[str]) -> str:
    """The text up to the stop text that comes first; all of it where there is none."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def ends_with(stops: Sequence[str], decode: Callable[[Sequence[int]], str]) -> Callable[[Sequence[int]], bool] | None:
    """Whether an output's last token has completed a stop text; None where there is no stop text to look for.

    Only the last few tokens are decoded, so that a long output costs no more than a short one: a token has a byte at least.
    """
    if not stops:
        return None
    window = max(len(stop.encode()) for stop in stops) + 4  # some more, as special tokens have no text
    return lambda ids: any(stop in decode(ids[-window:]) for stop in stops)


def _core(text: str) -> str:
    """The text without what surrounds its words; where it has no words, as it is."""
    return (re.sub(r"^[\W_]+|[\W_]+$", "", text) or text.strip()).casefold()
