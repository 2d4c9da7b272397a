"""The tokens around the turns of a conversation, up to the answer that the model is to write.

    chat:    the template's own text · turn · the template's own text · turn · … · prompt · the template's beginning of an answer
    plain:   System:⏎turn⏎⏎User:⏎turn⏎⏎Assistant:⏎turn⏎⏎User:⏎prompt⏎⏎Assistant:⏎

The texts of turns are tokenized as text: what looks like a special token in them opens no turn and ends none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, TypeAlias

from harness.engine.prompts.chat_template import render_chat
from harness.errors import BenchError
from harness.types import Role, Turn

Span: TypeAlias = tuple[int, int]  # of ids or characters: the first, and the one behind the last
_MARK = "bench-turn-{}-end"  # stands for the text of a turn while the template is rendered
_PADDED = "  bench-turn  "


class ChatFrames:
    """What a model's chat template writes around the turns of a conversation.

    Args:
        text_ids: the token ids of texts.
        template_ids: those of a part of the template, whose special tokens are meant.
    """

    def __init__(
        self, tokenizer: Any, text_ids: Callable[[Sequence[str]], list[list[int]]], template_ids: Callable[[str], list[int]]
    ) -> None:
        self._tokenizer = tokenizer
        self._text_ids, self._template_ids = text_ids, template_ids
        self._parts: dict[tuple[Role, ...], list[list[int]]] = {}

    @cached_property
    def trims(self) -> bool:
        """Whether the template removes space around the text of a turn."""
        return _PADDED not in render_chat(self._tokenizer, [{"role": "user", "content": _PADDED}], add_generation_prompt=True)

    def encode(self, conversations: Sequence[Sequence[Turn]], end_id: int) -> list[tuple[list[int], tuple[Span, ...]]]:
        """The token ids of conversations whose last turn is the prompt, and where the turns of the assistant are.

        Args:
            end_id: what closes a turn of the assistant. It belongs to the turn, as it belongs to a completion.

        Raises:
            BenchError: the template does not accept turns of these speakers in this order.
        """
        merged = [self._merge_system(turns) for turns in conversations]
        parts = [self._frame(tuple(turn.role for turn in turns)) for turns in merged]
        texts = iter(self._text_ids([turn.content.strip() if self.trims else turn.content for turns in merged for turn in turns]))
        return [_join(turns, list(islice(texts, len(turns))), around, end_id) for turns, around in zip(merged, parts, strict=True)]

    def _merge_system(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """The turns, with the system prompt at the head of the user's first turn where the template has no place for it."""
        if turns[0].role != "system" or len(turns) < 2 or turns[1].role != "user" or self._has_system:
            return turns
        return [Turn("user", f"{turns[0].content}\n\n{turns[1].content}"), *turns[2:]]

    @cached_property
    def _has_system(self) -> bool:
        try:
            self._frame(("system", "user"))
        except BenchError:
            return False
        return True

    def _frame(self, roles: tuple[Role, ...]) -> list[list[int]]:
        """The token ids before each turn, and behind the last one."""
        if roles not in self._parts:
            marks = [_MARK.format(number) for number in range(len(roles))]
            turns = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
            try:
                rest = render_chat(self._tokenizer, turns, add_generation_prompt=True)
            except BenchError as error:
                raise BenchError(f"{_describe(roles)} {str(error).rstrip('.')}") from None
            parts = []
            for mark in marks:
                before, separator, rest = rest.partition(mark)
                if not separator:
                    raise BenchError(f"{_describe(roles)} the model's chat template leaves out a turn. Set prompt_format: plain.")
                parts.append(self._template_ids(before))
            self._parts[roles] = [*parts, self._template_ids(rest)]
        return self._parts[roles]


def _join(turns: Sequence[Turn], texts: Sequence[list[int]], parts: Sequence[list[int]], end_id: int) -> tuple[list[int], tuple[Span, ...]]:
    """The ids of a conversation, made of those of its turns and those of the template, which has one part more; and where the turns of the
    assistant are."""
    ids: list[int] = []
    answers = []
    for turn, text, before, behind in zip(turns, texts, parts, parts[1:], strict=False):
        ids += before
        closing = behind.index(end_id) + 1 if end_id in behind else 0
        if turn.role == "assistant":
            answers.append((len(ids), len(ids) + len(text) + closing))
        ids += text
    return [*ids, *parts[-1]], tuple(answers)


def write_plain(turns: Sequence[Turn], prompt: str) -> tuple[str, list[Span]]:
    """A conversation as a text that ends where the answer begins, for models without a chat template; and where in this text, in
    characters, the turns of the assistant are.
    """
    text, answers = "", []
    for turn in (*turns, Turn("user", prompt)):
        text += f"{turn.role.capitalize()}:\n"
        content = turn.content.strip()
        if turn.role == "assistant":
            answers.append((len(text), len(text) + len(content)))
        text += f"{content}\n\n"
    return f"{text}Assistant:\n", answers


def drop_oldest(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns without the oldest question and its answers; the system prompt stays."""
    start = 1 if turns and turns[0].role == "system" else 0
    next_question = next((i for i in range(start + 1, len(turns)) if turns[i].role == "user"), len(turns))
    return (*turns[:start], *turns[next_question:])


def _describe(roles: Sequence[Role]) -> str:
    shown = ", ".join(roles[:6]) + (", …" if len(roles) > 6 else "")
    return f"a conversation of {len(roles)} turns ({shown}):"
