"""The turns of a conversation, and the layouts of rows that hold whole prompts.

An example holds the turns that precede its prompt as one input, a text that people and metrics can read:

    System: You answer for a clinic.

    User: Hello

    Assistant: Good morning. What can I do for you?

A line of a turn that looks like the beginning of another turn gets a backslash in front, so that the turns can be read again exactly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["system", "user", "assistant"]
# Rows that hold whole prompts: conversations, pairs of a prompt and its completion, preference pairs, instructions with outputs,
# requests to a model with its responses.
RowLayout = Literal["messages", "pair", "preferences", "instruction", "log"]
EARLIER_TURNS = "earlier_turns"
"""The input of an example that holds the turns before its prompt. No prompt can have a variable of this name."""

_NAMES: dict[str, Role] = {role.capitalize(): role for role in get_args(Role)}
_BEGINNING = re.compile(rf"({'|'.join(_NAMES)}): ")
_LOOKS_LIKE_BEGINNING = re.compile(rf"^(?=\\*(?:{'|'.join(_NAMES)}): )", re.MULTILINE)
_ESCAPED = re.compile(rf"^\\(?=\\*(?:{'|'.join(_NAMES)}): )", re.MULTILINE)
_BETWEEN = re.compile(rf"\n\n(?=(?:{'|'.join(_NAMES)}): )")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation: who speaks, and what they say."""

    role: Role
    content: str


def write_turns(turns: Sequence[Turn]) -> str:
    """The turns as one text."""
    return "\n\n".join(f"{turn.role.capitalize()}: {_escape(turn.content)}" for turn in turns)


def _escape(content: str) -> str:
    return _LOOKS_LIKE_BEGINNING.sub(r"\\", content)


def read_turns(text: str) -> tuple[Turn, ...]:
    """The turns of a text that `write_turns` has written.

    Raises:
        ValueError: the text does not begin with a turn.
    """
    turns = []
    for part in _BETWEEN.split(text):
        beginning = _BEGINNING.match(part)
        if beginning is None:
            raise ValueError(f"does not begin with the name of a speaker ({', '.join(_NAMES)}) and a colon")
        turns.append(Turn(_NAMES[beginning[1]], _ESCAPED.sub("", part[beginning.end() :])))
    return tuple(turns)
