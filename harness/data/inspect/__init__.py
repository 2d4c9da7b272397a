"""From an unknown table to a drafted task."""

from harness.data.inspect.long_prompts import note_long_prompts
from harness.data.inspect.prompt_draft import draft_prompt
from harness.data.inspect.sibling_splits import find_sibling_splits, group_by_split
from harness.data.inspect.task_draft import draft_yaml
from harness.data.inspect.task_guess import TaskGuess, guess_task

__all__ = [
    "TaskGuess",
    "draft_prompt",
    "draft_yaml",
    "find_sibling_splits",
    "group_by_split",
    "guess_task",
    "note_long_prompts",
]
