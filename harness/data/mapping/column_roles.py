"""Which column plays which role: the target, the inputs by their variables' names, the group and the id.

A role that the user does not name falls back to the column of its own name, if need be in another case. Rows of `prompt` and `completion`
are understood, and for questions the names that question-answering data sets use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from harness.catalog import variable_problem
from harness.data.formats import closest, listed, shown
from harness.data.mapping.nested import Columns
from harness.errors import BenchError, setting
from harness.types import Kind

RESERVED = ("target", "group", "id")
HOW_TO_NAME = (
    f"Name them with {setting('fields.input', 'COLUMN')} and {setting('fields.target', 'COLUMN')} "
    f"(further inputs: {setting('fields.NAME', 'COLUMN')}), or under 'fields' in the task's data"
)
_TARGETS: Mapping[Kind, tuple[str, ...]] = {"qa": ("target", "answers.text", "answers", "answer", "completion")}
DEFAULT_COLUMNS = frozenset(
    ("input", "prompt", "target", "completion", "group", "id", "question", "context", "contexts", "answers", "answers.text", "answer")
)
_Find = Callable[..., str | None]


@dataclass(frozen=True)
class FieldMap:
    """Columns by role. `inputs` maps the prompt's variables to columns; two variables may read the same column."""

    inputs: Mapping[str, str]
    target: str | None
    group: str | None
    id: str | None
    # the columns that a role reads, or reads a part of; the others go into `Example.meta`
    used: frozenset[str]


def resolve_fields(
    fields: Mapping[str, str | None],
    columns: Columns,
    file: str,
    kind: Kind,
    *,
    optional: Collection[str] = (),
    needs_target: bool = True,
) -> FieldMap:
    """Finds the column of each role.

    Args:
        fields: role to column; None where no column plays the role, whatever it is called.
        optional: roles of `fields` whose column may be missing.
        needs_target: whether rows without a target are refused.

    Raises:
        BenchError: a named column that is not there, no column for the input or the target, one column for both, an input with a name
            that no prompt can read.
    """
    named = {role: column for role, column in fields.items() if column is not None}
    if strange := [f"{file}: {problem}" for role, column in named.items() if (problem := variable_problem(role, column))]:
        raise BenchError(strange)
    missing = {role: column for role, column in named.items() if column not in columns}
    refused = [
        f"{file}: no column {shown(column)} for '{role}'.{instead(column, columns)}"
        for role, column in missing.items()
        if role not in optional
    ]
    if refused:
        raise BenchError(refused)
    named = {role: column for role, column in named.items() if role not in missing}
    taken = set(named.values())

    def find(*names: str) -> str | None:
        return _find(names, columns, taken)

    inputs = {name: column for name, column in named.items() if name not in RESERVED}
    target = named.get("target") or find(*_TARGETS.get(kind, ("target", "completion")))
    if kind == "qa":
        inputs = _question_and_context(inputs, find, target)
    elif not inputs:
        inputs = _default_inputs(find, target)
    if not inputs or (target is None and needs_target):
        lacking = " and no ".join(f"column for the {what}" for what, is_there in (("input", inputs), ("target", target)) if not is_there)
        raise BenchError(f"{file}: no {lacking}. The columns are: {listed(columns.every())}. {HOW_TO_NAME}")
    if target in inputs.values():
        variable = next(name for name, column in inputs.items() if column == target)
        raise BenchError(f"{file}: column {shown(target)} is both the target and the input '{variable}': the prompt would show the answer")
    unwanted = [role for role, column in fields.items() if column is None]
    group, name = (None if role in unwanted else named.get(role) or find(role) for role in ("group", "id"))
    roles = [column for column in (*inputs.values(), target, group, name) if column is not None]
    used = frozenset(column if column in columns.names else column.split(".")[0] for column in roles)
    return FieldMap(inputs, target, group, name, used)


def instead(column: str, columns: Columns) -> str:
    """The nearest column by name, and all columns that there are."""
    every = columns.every()
    other_case = [c for c in every if c.casefold() == column.casefold()]
    hint = f" Did you mean '{other_case[0]}'?" if other_case else closest(column, every)
    return (hint if hint.startswith(" Did") else "") + f" The columns are: {listed(every)}"


def _find(names: tuple[str, ...], columns: Columns, taken: Collection[str]) -> str | None:
    """The first of these columns that is there and has no role yet: by its name as it is, else in another case."""
    exact = (name for name in names if name in columns and name not in taken)
    folded = {column.casefold(): column for column in reversed([*columns.names, *columns.every()]) if column not in taken}
    return next(exact, None) or next((folded[name] for name in names if name in folded), None)


def _default_inputs(find: _Find, target: str | None) -> dict[str, str]:
    if column := find("input"):
        return {"input": column}
    prompt = find("prompt")
    if prompt and target and target.casefold() == "completion":
        # the shipped prompts say {{ input }}, so that name has to work for these rows as well
        return {"prompt": prompt, "input": prompt}
    return {}


def _question_and_context(named: Mapping[str, str], find: _Find, target: str | None) -> dict[str, str]:
    """The question, and what there is to read. Who names an `input` means the question; nothing at all where there is none."""
    inputs = dict(named)
    question = named.get("question") or named.get("input") or find("question")
    if question is None and not named:
        inputs = _default_inputs(find, target)
        question = inputs.get("input")
    if question is not None:
        inputs["question"] = question
    elif inputs.keys() <= {"context"}:
        return {}
    if "context" not in inputs and (context := find("context", "contexts")):
        inputs["context"] = context
    return inputs
