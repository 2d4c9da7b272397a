"""Conversations, and other rows that hold whole prompts with their answers."""

from harness.data.conversations.other_trainers import TrainerForm, describe_files, write_row
from harness.data.conversations.request_log import is_logged_answer, read_logged_answer
from harness.data.conversations.row_layout import PromptColumns, WholePrompt, describe_layout, find_prompt_columns
from harness.data.conversations.turn_list import MOST_TURNS, parse_turns

__all__ = [
    "MOST_TURNS",
    "PromptColumns",
    "TrainerForm",
    "WholePrompt",
    "describe_files",
    "describe_layout",
    "find_prompt_columns",
    "is_logged_answer",
    "parse_turns",
    "read_logged_answer",
    "write_row",
]
