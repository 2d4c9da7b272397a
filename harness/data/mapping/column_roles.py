"""Which column has which role: the target, the inputs (by the name of their prompt variable), the group and the id.

A role without an entry in `fields` falls back to the column of the same name, if need be in another case. Conversations and other rows that
hold whole prompts work as they are, and for questions the column names that question-answering datasets use.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from harness.catalog import variable_problem
from harness.data.conversations import PromptColumns, find_prompt_columns
from harness.data.mapping.nested_fields import Columns
from harness.data.mapping.unsupported_columns import find_preference_pair, preference_problem
from harness.data.records import join_names, name_hint, quote
from harness.errors import BenchError, setting
from harness.types import EARLIER_TURNS, Kind, RowLayout

_IDS_OF_A_LOG = ("custom_id",)  # by which a batch of requests and its responses belong together
RESERVED_ROLES = ("target", "rejected", "group", "id")
DEFAULT_COLUMNS = frozenset(
    (
        *("input", "prompt", "target", "completion", "group", "id", "question", "context", "contexts", "answers", "answers.text", "answer"),
        *("messages", "conversations", "chosen", "rejected", "instruction", "output", "response", "system"),
        *("preferred_output", "non_preferred_output"),
    )
)
_HOW_TO_NAME = (
    f"Name them with {setting('fields.input', 'COLUMN')} and {setting('fields.target', 'COLUMN')} "
    f"(further inputs: {setting('fields.NAME', 'COLUMN')}), or under 'fields' in the task's data"
)
_HOW_TO_NAME_INPUTS = f"Name the column of each variable of the prompt with {setting('fields.NAME', 'COLUMN')}"
_TARGET_COLUMNS: Mapping[Kind, tuple[str, ...]] = {"qa": ("target", "answers.text", "answers", "answer", "completion")}
_FindColumn = Callable[..., str | None]


@dataclass(frozen=True)
class FieldMap:
    """Columns by role.

    Attributes:
        inputs: prompt variable to column; two variables may read the same column.
        rejected: the column of the worse answer of a preference pair.
        used: columns that a role reads, in whole or in part. All other columns go into `Example.meta`.
        prompts: how whole prompts are read from the row; None if `inputs` and `target` say all.
        layout: how the rows hold whole prompts, if they do.
    """

    inputs: Mapping[str, str]
    target: str | None
    group: str | None
    id: str | None
    used: frozenset[str]
    prompts: PromptColumns | None = None
    layout: RowLayout | None = None
    rejected: str | None = None


def resolve_fields(
    fields: Mapping[str, str | None],
    columns: Columns,
    file: str,
    kind: Kind,
    *,
    optional: Collection[str] = (),
    needs_target: bool = True,
) -> FieldMap:
    """Find the column of each role.

    Args:
        fields: role to column; None if no column has the role, even if one has its name.
        file: the table's name in messages.
        optional: roles of `fields` whose column may be missing.
        needs_target: whether the table must have a target column.

    Raises:
        BenchError: a column of `fields` is missing, no column for the input or the target, one column for both, or an input name that a
            prompt cannot use.
    """
    named = {role: column for role, column in fields.items() if column is not None}
    if problems := [f"{file}: {problem}" for role, column in named.items() if (problem := variable_problem(role, column))]:
        raise BenchError(problems)
    missing = {role for role, column in named.items() if column not in columns}
    if problems := [
        f"{file}: no column {quote(column)} for '{role}'.{column_hint(column, columns)}"
        for role, column in named.items()
        if role in missing and role not in optional
    ]:
        raise BenchError(problems)
    named = {role: column for role, column in named.items() if role not in missing}
    taken = set(named.values())

    def find(*names: str) -> str | None:
        return _find_column(names, columns, taken)

    inputs = {name: column for name, column in named.items() if name not in RESERVED_ROLES}
    if not inputs and "target" not in named and (prompts := find_prompt_columns(columns.names, columns.__contains__)):
        return _whole_prompts(prompts, fields, named, find)
    target = named.get("target") or find(*_TARGET_COLUMNS.get(kind, ("target", "completion")))
    if kind == "qa":
        inputs = _question_and_context(inputs, find, target)
    elif not inputs:
        inputs = _default_inputs(find, target)
    if inputs and EARLIER_TURNS not in inputs and (turns := find(EARLIER_TURNS)):
        inputs[EARLIER_TURNS] = turns
    if target is None and needs_target and (pair := find_preference_pair(columns.names)):
        raise BenchError(preference_problem(file, *pair))
    if not inputs or (target is None and needs_target):
        lacking = " and no ".join(f"column for the {role}" for role, present in (("input", inputs), ("target", target)) if not present)
        advice = _HOW_TO_NAME if needs_target else _HOW_TO_NAME_INPUTS
        raise BenchError(f"{file}: no {lacking}. The columns are: {join_names(columns.all_names())}. {advice}")
    if target in inputs.values():
        variable = next(name for name, column in inputs.items() if column == target)
        raise BenchError(f"{file}: column {quote(target)} is both the target and the input '{variable}': the prompt would show the answer")
    group, row_id = _group_and_id(fields, named, find)
    pair = find_preference_pair(columns.names)
    rejected = named.get("rejected") or (pair[1] if pair is not None and pair[0] == target else None)
    roles = [column for column in (*inputs.values(), target, rejected, group, row_id) if column is not None]
    used = frozenset(column if column in columns.names else column.split(".")[0] for column in roles)
    is_pair = _is_pair(inputs, target) and not named
    return FieldMap(inputs, target, group, row_id, used, layout="pair" if is_pair else None, rejected=rejected)


def _whole_prompts(prompts: PromptColumns, fields: Mapping[str, str | None], named: Mapping[str, str], find: _FindColumn) -> FieldMap:
    """The roles of a table whose rows hold whole prompts."""
    group, row_id = _group_and_id(fields, named, find, *(_IDS_OF_A_LOG if prompts.layout == "log" else ()))
    used = frozenset(column for column in (*prompts.all_names, group, row_id) if column is not None)
    return FieldMap({"input": prompts.prompt}, prompts.answer, group, row_id, used, prompts, prompts.layout)


def _group_and_id(
    fields: Mapping[str, str | None], named: Mapping[str, str], find: _FindColumn, *more_ids: str
) -> tuple[str | None, str | None]:
    """
    Args:
        more_ids: the names that the column of the id may have besides.
    """
    disabled = [role for role, column in fields.items() if column is None]
    names = {"group": ("group",), "id": ("id", *more_ids)}
    group, row_id = (None if role in disabled else named.get(role) or find(*names[role]) for role in ("group", "id"))
    return group, row_id


def _is_pair(inputs: Mapping[str, str], target: str | None) -> bool:
    """Whether the rows are pairs of a complete prompt and its completion."""
    return target is not None and target.casefold() == "completion" and {column.casefold() for column in inputs.values()} == {"prompt"}


def column_hint(column: str, columns: Columns) -> str:
    """A hint for a missing column: similar names, then all names."""
    names = columns.all_names()
    other_case = [name for name in names if name.casefold() == column.casefold()]
    hint = f" Did you mean '{other_case[0]}'?" if other_case else name_hint(column, names)
    return (hint if hint.startswith(" Did") else "") + f" The columns are: {join_names(names)}"


def _find_column(names: tuple[str, ...], columns: Columns, taken: Collection[str]) -> str | None:
    """The first of these columns that exists and has no role yet; exact names are preferred to names in another case."""
    exact = (name for name in names if name in columns and name not in taken)
    by_folded_name = {column.casefold(): column for column in reversed([*columns.names, *columns.all_names()]) if column not in taken}
    return next(exact, None) or next((by_folded_name[name] for name in names if name in by_folded_name), None)


def _default_inputs(find: _FindColumn, target: str | None) -> dict[str, str]:
    if column := find("input"):
        return {"input": column}
    prompt = find("prompt")
    if prompt and target and target.casefold() == "completion":
        # the shipped prompts read {{ input }}, which has to work for these files as well
        return {"prompt": prompt, "input": prompt}
    return {}


def _question_and_context(named: Mapping[str, str], find: _FindColumn, target: str | None) -> dict[str, str]:
    """The question and, if there is one, its context. A named `input` is the question. Empty if there is no question."""
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
