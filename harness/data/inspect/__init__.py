"""From an unknown table to a draft of a task."""

from harness.data.inspect.task_draft import draft, prompt_for
from harness.data.inspect.task_guess import Guess, guess

__all__ = [
    "Guess",
    "draft",
    "guess",
    "prompt_for",
]
