"""From an unknown table to a draft of a task."""

from harness.data.inspect.guess import Guess, guess
from harness.data.inspect.task_draft import draft, prompt_for

__all__ = [
    "Guess",
    "draft",
    "guess",
    "prompt_for",
]
