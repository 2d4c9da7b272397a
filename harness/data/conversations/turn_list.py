"""A list of turns, as chat formats write it, as turns of our own.

OpenAI, TRL:  [{"role": "system", "content": "…"}, {"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}]
ShareGPT:     [{"from": "system", "value": "…"}, {"from": "human", "value": "…"}, {"from": "gpt", "value": "…"}]
Capybara:     [{"input": "…", "output": "…"}, {"input": "…", "output": "…"}]
hh-rlhf:      "⏎⏎Human: …⏎⏎Assistant: …", a text
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.data.records import BadRowError, join_names, quote
from harness.errors import setting
from harness.types import Role, Turn

MOST_TURNS = 1000  # of a conversation
_ROLES: Mapping[str, Role] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bot", "bing", "bard", "model"), "assistant"),
}  # fmt: skip
_TOOL_ROLES = ("tool", "function", "function_call", "observation", "function_response", "tool_call", "tool_response", "ipython")
_KEYS = (("role", "content"), ("from", "value"))
_PAIR = ("input", "output")  # of a question and its answer
_SPEAKER = re.compile(r"(?:^|\n\n)(Human|Assistant):[^\S\n]?")


def parse_turns(value: Any, column: str) -> list[Turn]:
    """The turns of a list, in order.

    Raises:
        BadRowError: it is no list of turns, a role is unknown, a turn is not text, or a tool is called.
    """
    if isinstance(value, Mapping):  # a single turn
        value = [value]
    if not isinstance(value, list):
        raise BadRowError(f"'{column}' must be a list of turns, found {quote(value)}", quote(value))
    if len(value) > MOST_TURNS:
        raise BadRowError(f"'{column}' has {len(value):,} turns; at most {MOST_TURNS:,} can be used")
    return [turn for number, item in enumerate(value) for turn in _parse_item(item, f"{column}[{number}]")]


def parse_transcript(value: Any, column: str) -> list[Turn]:
    """The turns of a conversation that is one text.

    Raises:
        BadRowError: the text does not begin with a speaker.
    """
    text = value.replace("\r\n", "\n").strip("\n") if isinstance(value, str) else ""
    beginnings = list(_SPEAKER.finditer(text))
    if not beginnings or beginnings[0].start() > 0:
        raise BadRowError(
            f"'{column}' is no conversation: no list of turns, and no text that begins with 'Human:'. If another column holds the prompts, "
            f"name both: {setting('fields.input', 'COLUMN')} and {setting('fields.target', column)}",
            quote(value),
        )
    if len(beginnings) > MOST_TURNS:
        raise BadRowError(f"'{column}' has {len(beginnings):,} turns; at most {MOST_TURNS:,} can be used")
    ends = [*(beginning.start() for beginning in beginnings[1:]), len(text)]
    roles: Mapping[str, Role] = {"Human": "user", "Assistant": "assistant"}
    return [Turn(roles[b[1]], text[b.end() : end].strip()) for b, end in zip(beginnings, ends, strict=True)]


def _parse_item(item: Any, place: str) -> list[Turn]:
    """The turn of an item, or both turns of a pair."""
    if isinstance(item, Mapping) and item.keys() >= set(_PAIR):
        question, answer = (_parse_content(item[key], f"{place}.{key}") for key in _PAIR)
        return [Turn("user", question), Turn("assistant", answer)]
    return [_parse_turn(item, place)]


def _parse_turn(turn: Any, place: str) -> Turn:
    if not isinstance(turn, Mapping):
        raise BadRowError(f"{place} must be an object with a role and a content, found {quote(turn)}", quote(turn))
    role_key, content_key = next((keys for keys in _KEYS if keys[0] in turn), _KEYS[0])
    name = turn.get(role_key)
    if not isinstance(name, str):
        raise BadRowError(f"{place} has no '{role_key}' that says who speaks")
    if name in _TOOL_ROLES or turn.get("tool_calls") or turn.get("function_call"):
        raise BadRowError(f"{place} calls a tool, or is its answer. bench trains and scores text only: leave such conversations out")
    if name not in _ROLES:
        known = join_names(_ROLES)
        raise BadRowError(f"{place}.{role_key} is {quote(name)}, which is unknown. Roles can be {known}", quote(name))
    return Turn(_ROLES[name], _parse_content(turn.get(content_key), f"{place}.{content_key}"))


def _parse_content(content: Any, place: str) -> str:
    """The text of a turn: as it is, or in parts of type text."""
    if isinstance(content, list):
        return "".join(_parse_part(part, f"{place}[{number}]") for number, part in enumerate(content))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise BadRowError(f"{place} must be text, found {quote(content)}", quote(content))
    return content.replace("\r\n", "\n")


def _parse_part(part: Any, place: str) -> str:
    if isinstance(part, str):
        return part
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in ("text", "input_text", "output_text") or not isinstance(part.get("text"), str):
        raise BadRowError(f"{place} is not text but {quote(kind or part)}. bench trains and scores text only", quote(kind or part))
    text: str = part["text"]
    return text
