"""Tables whose rows hold whole prompts: read into plain columns, so that they are inspected like others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.data.conversations import PromptColumns, describe_layout, find_prompt_columns
from harness.data.mapping import Columns
from harness.data.records import BadRow, BadRowError, Preview, Record
from harness.types import EARLIER_TURNS


@dataclass(frozen=True)
class UnfoldedPrompts:
    """A table whose rows hold whole prompts.

    Attributes:
        table: the same rows with the prompt and the answer as texts, under the names of their columns.
        prompt, answer: the names of these columns.
        reason: how the rows are read.
    """

    columns: PromptColumns
    table: Preview
    prompt: str
    answer: str
    reason: str


def unfold_prompts(table: Preview) -> UnfoldedPrompts | None:
    """Read the rows of a table that hold whole prompts; None for another table.

    A row that cannot be read becomes a bad row.
    """
    names = Columns()
    for record in table.records:
        names.add(record.values)
    columns = find_prompt_columns(names.names, names.__contains__)
    if columns is None:
        return None
    prompt = columns.prompt if columns.answer != columns.prompt else f"{columns.prompt} before the answer"
    answer = columns.answer if columns.answer != columns.prompt else f"{columns.prompt}: last answer"
    records: list[Record] = []
    bad_rows = list(table.bad_rows)
    for record in table.records:
        try:
            records.append(Record(record.line, _unfold(record.values, columns, prompt, answer)))
        except BadRowError as error:
            bad_rows.append(BadRow(f"{table.name}:{record.line}", str(error), error.excerpt))
    others = [name for name in table.columns if name not in columns.all_names]
    unfolded = Preview(table.name, (EARLIER_TURNS, prompt, answer, *others), records, bad_rows, table.is_complete)
    return UnfoldedPrompts(columns, unfolded, prompt, answer, describe_layout(columns.layout))


def read_whole_prompts(table: Preview) -> Preview:
    """The table with prompts and answers as texts; as it is if its rows do not hold whole prompts."""
    unfolded = unfold_prompts(table)
    return table if unfolded is None else unfolded.table


def _unfold(values: Mapping[str, Any], columns: PromptColumns, prompt: str, answer: str) -> dict[str, Any]:
    whole = columns.read(values, needs_answer=True)
    others = {name: value for name, value in values.items() if name not in columns.all_names}
    earlier = {EARLIER_TURNS: whole.inputs[EARLIER_TURNS]} if whole.turns else {}
    return others | earlier | {prompt: whole.text, answer: whole.answer}
