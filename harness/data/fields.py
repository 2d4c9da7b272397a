"""Which column plays which role: the target, the inputs by their variables' names, the group and the id.

A role that the user does not name falls back to the column of its own name. Rows of `prompt` and `completion` are understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.data.records import closest, listed, shown
from harness.errors import BenchError

RESERVED = ("target", "group", "id")
HOW_TO_NAME = "Name them: --input COLUMN --target COLUMN (--field NAME=COLUMN for further inputs), or 'fields' in the task's data"


@dataclass(frozen=True)
class FieldMap:
    """Columns by role. `inputs` maps the prompt's variables to columns; two variables may read the same column."""

    inputs: Mapping[str, str]
    target: str
    group: str | None
    id: str | None

    @property
    def columns(self) -> frozenset[str]:
        """Every column that has a role; the others go into `Example.meta`."""
        return frozenset(c for c in (*self.inputs.values(), self.target, self.group, self.id) if c is not None)


def resolve_fields(fields: Mapping[str, str], columns: tuple[str, ...], file: str) -> FieldMap:
    """Finds the column of each role.

    Raises:
        BenchError: a named column that is not there, no column for the input or the target, one column for both.
    """
    missing = [
        f"{file}: no column {shown(column)} for '{role}'.{_instead(column, columns)}"
        for role, column in fields.items()
        if column not in columns
    ]
    if missing:
        raise BenchError(missing)
    taken = set(fields.values())

    def role(name: str, *fallbacks: str) -> str | None:
        free = (column for column in fallbacks if column in columns and column not in taken)
        return fields.get(name) or next(free, None)

    inputs = {name: column for name, column in fields.items() if name not in RESERVED}
    target = role("target", "target", "completion")
    if not inputs and "input" in columns and "input" not in taken:
        inputs = {"input": "input"}
    elif not inputs and "prompt" in columns and target == "completion":
        # the shipped prompts say {{ input }}, so that name has to work for these rows as well
        inputs = {"prompt": "prompt", "input": "prompt"}
    if not inputs or target is None:
        lacking = " and no ".join(f"column for the {what}" for what, is_there in (("input", inputs), ("target", target)) if not is_there)
        raise BenchError(f"{file}: no {lacking}. The columns are: {listed(columns)}. {HOW_TO_NAME}")
    if target in inputs.values():
        variable = next(name for name, column in inputs.items() if column == target)
        raise BenchError(f"{file}: column {shown(target)} is both the target and the input '{variable}': the prompt would show the answer")
    return FieldMap(inputs, target, role("group", "group"), role("id", "id"))


def _instead(column: str, columns: tuple[str, ...]) -> str:
    """The nearest column by name, and all columns that there are."""
    other_case = [c for c in columns if c.casefold() == column.casefold()]
    hint = f" Did you mean '{other_case[0]}'?" if other_case else closest(column, columns)
    return (hint if hint.startswith(" Did") else "") + f" The columns are: {listed(columns)}"
