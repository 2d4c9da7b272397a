"""Conversations, and other rows that hold whole prompts with their answers."""

from harness.data.conversations.row_layout import PromptColumns, WholePrompt, find_prompt_columns
from harness.data.conversations.turn_list import MOST_TURNS, is_turn_list, parse_turns

__all__ = ["MOST_TURNS", "PromptColumns", "WholePrompt", "find_prompt_columns", "is_turn_list", "parse_turns"]
