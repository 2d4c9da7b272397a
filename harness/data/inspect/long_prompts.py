"""Whether the prompts of a drafted task fit into the context of a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.catalog import render_prompt
from harness.data.inspect.task_draft import output_tokens
from harness.data.inspect.task_guess import TaskGuess
from harness.data.mapping import get_nested
from harness.data.records import Preview
from harness.errors import BenchError
from harness.text import plural
from harness.types import EARLIER_TURNS

CountTokens = Callable[[Sequence[str]], Sequence[int]]

_MAX_CHECKED = 2_000  # prompts; counting the tokens of more takes seconds and changes little


def note_long_prompts(table: Preview, guess: TaskGuess, prompt: str, context: int, count_tokens: CountTokens) -> str | None:
    """A note about the prompts that leave no room for the output in the context of the included model; None if all fit.

    Args:
        prompt: the template.
        context: in tokens.
        count_tokens: the tokens of each of several texts.
    """
    prompts = _render_some(table, guess, prompt)
    labels = [label for label, _ in guess.labels]
    output = max(count_tokens(labels)) + 1 if labels else output_tokens(guess)
    limit = context - output
    long = [text for text in prompts if len(text.encode()) > limit]  # a token has at least one byte
    excess = sorted(count - limit for count in count_tokens(long) if count > limit)
    if not excess:
        return None
    verb = "is" if len(excess) == 1 else "are"
    longest, median = excess[-1], excess[len(excess) // 2]
    return (
        f"{len(excess):,} of {plural(len(prompts), 'prompt')} {verb} longer than the included model can read: it takes {context:,} tokens, "
        f"of which {output:,} are for the output. They exceed that by up to {longest:,} tokens (median {median:,}), and are cut to fit. "
        "Choose a model with a longer context, or shorten the texts"
    )


def _render_some(table: Preview, guess: TaskGuess, prompt: str) -> list[str]:
    """The prompts of the usable rows; of many rows, some at equal distances."""
    labels = [label for label, _ in guess.labels]
    prompts = []
    for record in table.records[:: -(-len(table.records) // _MAX_CHECKED)]:
        cells = {variable: get_nested(record.values, column) for variable, column in guess.inputs.items()}
        inputs = {variable: _to_text(cell) for variable, cell in cells.items()}
        try:
            text = render_prompt(prompt, {variable: text for variable, text in inputs.items() if text}, labels)
            prompts.append(_to_text(record.values.get(EARLIER_TURNS)) + text)
        except BenchError:  # an input is missing, so that the row cannot be used
            continue
    return prompts


def _to_text(cell: object) -> str:
    if isinstance(cell, list):
        return "\n".join(filter(None, map(_to_text, cell)))
    return str(cell) if isinstance(cell, str | int | float) else ""
