"""From an unknown table to a drafted task."""

from harness.data.inspect.column_names import names_a_group, names_an_id
from harness.data.inspect.column_profile import detect_dates
from harness.data.inspect.long_prompts import note_long_prompts
from harness.data.inspect.named_data import NamedData, find_data, relative_name
from harness.data.inspect.prompt_draft import draft_prompt
from harness.data.inspect.sibling_splits import find_sibling_splits, group_by_split
from harness.data.inspect.task_draft import draft_yaml
from harness.data.inspect.task_guess import TaskGuess, guess_task
from harness.data.inspect.whole_prompts import read_whole_prompts

__all__ = [
    "NamedData",
    "TaskGuess",
    "detect_dates",
    "draft_prompt",
    "draft_yaml",
    "find_data",
    "find_sibling_splits",
    "group_by_split",
    "guess_task",
    "names_a_group",
    "names_an_id",
    "note_long_prompts",
    "read_whole_prompts",
    "relative_name",
]
