"""From a record to an example: its inputs, targets, group and id, or the reason why it is bad."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.catalog import prompt_variables
from harness.data.formats import BadRowError, closest, listed, shown
from harness.data.mapping.column_roles import FieldMap
from harness.data.mapping.nested import MISSING, reach
from harness.types import Example, Task

_MAIN = ("input", "question")  # what a row is about: nobody means to go without
_NO_META: Mapping[str, Any] = {}  # shared: an empty one a row adds up


class Variables(NamedTuple):
    """What a prompt reads: the inputs that it needs, and those that it asks for, so that a row may lack them."""

    needed: frozenset[str]
    optional: frozenset[str]

    @classmethod
    def of(cls, prompt: str) -> Variables:
        """Those of a template."""
        needed = prompt_variables(prompt)
        return cls(needed, prompt_variables(prompt, optional=True) - needed)


def example_of(values: Mapping[str, Any], fields: FieldMap, task: Task, variables: Variables, *, needs_target: bool = True) -> Example:
    """The example of a record; without an id column its id is ''.

    Args:
        variables: of the task's prompt.
        needs_target: whether a row without a target is bad, where the task does not allow for it.

    Raises:
        BadRowError: why the record cannot be used.
    """
    meta = {sys.intern(column): value for column, value in values.items() if column not in fields.used}
    return Example(
        id="" if fields.id is None else _name(values, fields.id, "id"),
        inputs=_inputs(values, fields, task, variables),
        targets=() if fields.target is None else _targets(values, fields.target, task, needs_target),
        group=None if fields.group is None else sys.intern(_name(values, fields.group, "group")),
        meta=meta or _NO_META,
    )


def _name(values: Mapping[str, Any], column: str, role: str) -> str:
    """Names of clusters and rows are identifiers, not text that a model sees: a stray space must not make a second patient."""
    return _text(_value(values, column, role), column, role).strip()


def _value(values: Mapping[str, Any], column: str, role: str) -> Any:
    value = reach(values, column)
    if value is MISSING:
        raise BadRowError(f"{role}: the row has no '{column}'")
    return value


def _inputs(values: Mapping[str, Any], fields: FieldMap, task: Task, variables: Variables) -> dict[str, str]:
    """The inputs by their names; one that the prompt does without is left out of the rows where it is blank."""
    found = {}
    for name, column in fields.inputs.items():
        blank = _says_nothing(reach(values, column))
        if blank and name in variables.optional:
            continue
        try:
            found[name] = _input(values, column, name, task.data.join)
        except BadRowError as error:
            raise BadRowError(f"{error}{_how_to_spare(name, variables) if blank else ''}", error.quoted) from None
    if not found:
        raise BadRowError(f"all inputs are empty ({listed(fields.inputs)})")
    return found


def _how_to_spare(name: str, variables: Variables) -> str:
    if name in _MAIN or name not in variables.needed:
        return ""
    return f". A prompt that goes without it where it is empty says {{% if {name} is defined %}}…{{{{ {name} }}}}…{{% endif %}}"


def _input(values: Mapping[str, Any], column: str, role: str, join: str) -> str:
    value = _value(values, column, role)
    return _joined(value, column, role, join) if isinstance(value, list) else _text(value, column, role)


def _joined(parts: list[Any], column: str, role: str, join: str) -> str:
    """The parts in their order, verbatim; nulls, which are no text, are left out."""
    text = join.join(part if _is_blank(part) else _text(part, column, role) for part in parts if part is not None)
    if not text.strip():
        raise BadRowError(f"{role} (column '{column}') is empty")
    return text.replace("\r\n", "\n")


def _text(value: object, column: str, role: str) -> str:
    """A cell as text, verbatim but for its line ends; numbers and booleans as JSON writes them.

    CRLF becomes LF: it says which program wrote the file, not what the text is, and often differs between the files of one data
    set (in MTS-Dialog only the training file has it), so that a model would be trained on other prompts than it is tested on.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.replace("\r\n", "\n")
    if value is None or isinstance(value, str):
        raise BadRowError(f"{role} (column '{column}') is empty")
    seen = shown(value)
    must = f"it must be text, a number or a boolean{_part_of(value, column)}"
    raise BadRowError(f"{role} (column '{column}') is {_kind(value)}, seen {seen}; {must}", seen)


def _kind(value: object) -> str:
    if isinstance(value, list):
        return "a list" if not value or isinstance(value[0], Mapping) else "a list in a list"
    return "binary data" if isinstance(value, bytes) else "an object"


def _part_of(value: object, column: str) -> str:
    return f". Name a part of it with a dot, such as {column}.{next(iter(value))}" if isinstance(value, Mapping) and value else ""


def _targets(values: Mapping[str, Any], column: str, task: Task, needs_target: bool) -> tuple[str, ...]:
    value = reach(values, column)
    references = value if isinstance(value, list) else [value]
    # what is blank is no further reference, but all blank: is there an answer at all?
    references = [reference for reference in references if not _is_blank(reference)]
    if task.kind == "qa" and not task.chooses and task.no_answer is not None:
        return _answers(references, column, task, task.no_answer)
    if not references:
        if not needs_target:
            return ()
        advice = ". If the question has no answer, say with 'no_answer' in the task what stands for that" if task.kind == "qa" else ""
        raise BadRowError(f"target (column '{column}') is empty" + ("" if task.chooses else advice))
    targets = _references(references, column, task)
    return (_label(targets, column, task),) if task.chooses else targets


def _references(references: list[Any], column: str, task: Task) -> tuple[str, ...]:
    if task.data.target_lists == "join" and len(references) > 1:
        return (_joined(references, column, "target", task.data.join),)
    return tuple(_text(reference, column, "target") for reference in references)


def _answers(references: list[Any], column: str, task: Task, no_answer: str) -> tuple[str, ...]:
    """The answers to a question that may have none: what stands for none is left out."""
    given = _references(references, column, task)
    return tuple(text for text in given if text.strip().casefold() != no_answer.strip().casefold())


def _is_blank(value: object) -> bool:
    return value is None or value is MISSING or (isinstance(value, str) and not value.strip())


def _says_nothing(value: object) -> bool:
    return all(map(_is_blank, value)) if isinstance(value, list) else _is_blank(value)


def _label(targets: tuple[str, ...], column: str, task: Task) -> str:
    if len(targets) > 1:
        raise BadRowError(f"target (column '{column}') holds {len(targets)} labels; where an answer is chosen, a row has one")
    label = targets[0].strip()
    if task.labels and label not in task.labels:
        raise BadRowError(
            f"target {shown(label)} (column '{column}') is none of the task's labels.{closest(label, task.labels)}", shown(label)
        )
    return sys.intern(label)
