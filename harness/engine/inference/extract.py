"""The answer in what a model wrote: where it ends, and whether it says that there is no answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from harness.types import Task


def extract(text: str, task: Task, stops: Sequence[str]) -> str:
    """The text before the first stop text, without surrounding space.

    If the task's questions may have no answer, an output that says so becomes the empty answer; case and surrounding punctuation do not
    matter.
    """
    answer = before_stop(text, stops).strip()
    if task.no_answer is not None and _normalized(answer) == _normalized(task.no_answer):
        return ""
    return answer


def before_stop(text: str, stops: Sequence[str]) -> str:
    """The text before the stop text that comes first; the whole text if it contains none."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def ends_with(stops: Sequence[str], decode: Callable[[Sequence[int]], str]) -> Callable[[Sequence[int]], bool] | None:
    """A function that tells whether an output's last token has completed a stop text; None if there are no stop texts.

    It decodes only the last few tokens, so that long outputs cost no more than short ones: each token has at least one byte.
    """
    if not stops:
        return None
    window = max(len(stop.encode()) for stop in stops) + 4  # with some spare ones, because special tokens have no text
    return lambda ids: any(stop in decode(ids[-window:]) for stop in stops)


def _normalized(text: str) -> str:
    """The text in lower case, without what surrounds its words; a text without words keeps its characters."""
    return (re.sub(r"^[\W_]+|[\W_]+$", "", text) or text.strip()).casefold()
