"""What a hosted model reads for an example: turns of a chat. Nothing is cut, because its tokenizer and its context are not known here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.engine.prompts import Shot, prompt_renderer
from harness.errors import BenchError
from harness.types import EARLIER_TURNS, Example, Strategy, Task, Turn, read_turns


def chat_prompt(task: Task, strategy: Strategy, shots: Sequence[Shot]) -> Callable[[Example], tuple[Turn, ...]]:
    """A function from an example to its turns: the system prompt, the shots, earlier turns, and the prompt.

    The function raises a BenchError for an example whose earlier turns cannot be read.
    """
    render = prompt_renderer(task, strategy, "decoder")
    shown = [turn for shot in shots for turn in (Turn("user", shot.prompt.strip()), Turn("assistant", shot.completion))]

    def write(example: Example) -> tuple[Turn, ...]:
        turns = _read_earlier(example)
        start = 1 if turns and turns[0].role == "system" else 0
        return (*turns[:start], *shown, *turns[start:], Turn("user", render(example).strip()))

    return write


def _read_earlier(example: Example) -> tuple[Turn, ...]:
    if EARLIER_TURNS not in example.inputs:
        return ()
    try:
        return read_turns(example.inputs[EARLIER_TURNS])
    except ValueError as error:
        raise BenchError(f"example '{example.id}': its input '{EARLIER_TURNS}' {error}") from None
