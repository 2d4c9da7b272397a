"""From a record to an example: its inputs, targets, group and id, or the reason why it cannot be used."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.catalog import prompt_variables
from harness.data.conversations import PromptColumns
from harness.data.mapping.column_roles import FieldMap
from harness.data.mapping.nested_fields import MISSING, get_nested
from harness.data.records import BadRowError, EmptyCellError, is_pair, join_names, name_hint, quote
from harness.types import EARLIER_TURNS, Example, Task, read_turns

MAX_LABELS = 500  # more distinct targets than this are not labels
_MAIN_INPUTS = ("input", "question")  # no example makes sense without them
_NO_META: Mapping[str, Any] = {}  # shared, as an empty dictionary per example would add up


class PromptVariables(NamedTuple):
    """The inputs that a prompt requires, and those that an example may lack because the prompt tests for them."""

    required: frozenset[str]
    optional: frozenset[str]

    @classmethod
    def parse(cls, prompt: str) -> PromptVariables:
        """The variables of a prompt template."""
        required = prompt_variables(prompt)
        return cls(required, prompt_variables(prompt, optional=True) - required)


def map_record(
    values: Mapping[str, Any], fields: FieldMap, task: Task, variables: PromptVariables, *, needs_target: bool = True
) -> Example:
    """The example of a record. Without an id column, its id is empty.

    Args:
        variables: of the task's prompt.
        needs_target: whether a record without a target is bad, unless the task allows it.

    Raises:
        BadRowError: the record cannot be used.
    """
    meta = {sys.intern(column): value for column, value in values.items() if column not in fields.used}
    if fields.prompts is not None:
        inputs, answer, rejected = _map_whole_prompt(values, fields.prompts, task, needs_target)
    else:
        inputs = _map_inputs(values, fields, task, variables)
        answer = None if fields.target is None else get_nested(values, fields.target)
        rejected = _map_rejected(values, fields, answer)
    return Example(
        id="" if fields.id is None else _map_name(values, fields.id, "id"),
        inputs=inputs,
        targets=() if fields.target is None else _map_targets(answer, fields.target, task, needs_target),
        group=None if fields.group is None else sys.intern(_map_name(values, fields.group, "group")),
        meta=meta or _NO_META,
        rejected=rejected,
    )


def _map_whole_prompt(
    values: Mapping[str, Any], columns: PromptColumns, task: Task, needs_target: bool
) -> tuple[dict[str, str], str | None, str | None]:
    """The inputs by variable, the answer, and the worse answer of a preference pair, if the row has them."""
    prompt = columns.read(values, needs_answer=needs_target)
    question = {"question": prompt.text} if task.kind == "qa" else {}
    return prompt.inputs | question, prompt.answer, prompt.rejected


def _map_rejected(values: Mapping[str, Any], fields: FieldMap, answer: Any) -> str | None:
    """The worse answer of a preference pair; None where the row has none, or one that is as good."""
    if fields.rejected is None or _is_blank(worse := get_nested(values, fields.rejected)):
        return None
    text = _to_text(worse, fields.rejected, "rejected")
    answers = [each for each in (answer if isinstance(answer, list) else [answer]) if not _is_blank(each)]
    return text if all(is_pair(_to_text(each, fields.target or "", "target"), text) for each in answers) else None


def _map_name(values: Mapping[str, Any], column: str, role: str) -> str:
    """An id or a group. Surrounding spaces are removed, as a stray space must not make a second patient."""
    return _to_text(_get_value(values, column, role), column, role).strip()


def _get_value(values: Mapping[str, Any], column: str, role: str) -> Any:
    value = get_nested(values, column)
    if value is MISSING:
        raise BadRowError(f"{role}: the row has no '{column}'")
    return value


def _map_inputs(values: Mapping[str, Any], fields: FieldMap, task: Task, variables: PromptVariables) -> dict[str, str]:
    """The inputs by variable. A blank input that the prompt treats as optional is left out."""
    inputs = {}
    for name, column in fields.inputs.items():
        is_empty = _is_empty(get_nested(values, column))
        if is_empty and (name in variables.optional or name == EARLIER_TURNS):
            continue
        try:
            inputs[name] = _map_input(values, column, name, task.data.join)
        except BadRowError as error:
            raise type(error)(f"{error}{_optional_hint(name, variables) if is_empty else ''}", error.excerpt) from None
    if problem := _check_turns(inputs):
        raise BadRowError(f"{EARLIER_TURNS} (column '{fields.inputs[EARLIER_TURNS]}') {problem}")
    if not inputs:
        raise EmptyCellError(f"all inputs are empty ({join_names(fields.inputs)})")
    return inputs


def _check_turns(inputs: Mapping[str, str]) -> str:
    """Why the turns before the prompt cannot be read; empty if they can, or if there are none."""
    try:
        read_turns(inputs.get(EARLIER_TURNS, "User: "))
    except ValueError as error:
        return str(error)
    return ""


def _optional_hint(name: str, variables: PromptVariables) -> str:
    if name in _MAIN_INPUTS or name not in variables.required:
        return ""
    return f". To allow empty values, test for it in the prompt: {{% if {name} is defined %}}…{{{{ {name} }}}}…{{% endif %}}"


def _map_input(values: Mapping[str, Any], column: str, role: str, separator: str) -> str:
    value = _get_value(values, column, role)
    return _join_parts(value, column, role, separator) if isinstance(value, list) else _to_text(value, column, role)


def _join_parts(parts: list[Any], column: str, role: str, separator: str) -> str:
    """The parts of a list as one text, verbatim and in order. Nulls are left out."""
    text = separator.join(part if _is_blank(part) else _to_text(part, column, role) for part in parts if part is not None)
    if not text.strip():
        raise EmptyCellError(f"{role} (column '{column}') is empty")
    return text.replace("\r\n", "\n")


def _to_text(value: object, column: str, role: str) -> str:
    """A cell as text, verbatim except for line ends; numbers and booleans as JSON writes them.

    CRLF becomes LF. Line ends depend on the program that wrote a file, and often differ between the files of one dataset (in MTS-Dialog,
    only the training file has CRLF), so that prompts in training and testing would differ.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and value.strip():
        return value.replace("\r\n", "\n")
    if value is None or isinstance(value, str):
        raise EmptyCellError(f"{role} (column '{column}') is empty")
    excerpt = quote(value)
    raise BadRowError(
        f"{role} (column '{column}') is {_describe_type(value)}, found {excerpt}. "
        f"It must be text, a number or a boolean{_nested_hint(value, column)}",
        excerpt,
    )


def _describe_type(value: object) -> str:
    if isinstance(value, list):
        return "a list" if not value or isinstance(value[0], Mapping) else "a list inside a list"
    return "binary data" if isinstance(value, bytes) else "an object"


def _nested_hint(value: object, column: str) -> str:
    return f". Name a part of it with a dot, such as {column}.{next(iter(value))}" if isinstance(value, Mapping) and value else ""


def _map_targets(value: Any, column: str, task: Task, needs_target: bool) -> tuple[str, ...]:
    # a blank item of a list is not a reference; if all are blank, there is no answer
    references = [item for item in (value if isinstance(value, list) else [value]) if not _is_blank(item)]
    if task.kind == "qa" and not task.chooses and task.no_answer is not None:
        return _map_answers(references, column, task, task.no_answer)
    if not references:
        if not needs_target:
            return ()
        is_open_question = task.kind == "qa" and not task.chooses
        advice = ". If the question has no answer, set 'no_answer' in the task to the text that says so" if is_open_question else ""
        raise EmptyCellError(f"target (column '{column}') is empty{advice}")
    targets = _map_references(references, column, task)
    return (_check_label(targets, column, task),) if task.chooses else targets


def _map_references(references: list[Any], column: str, task: Task) -> tuple[str, ...]:
    if task.data.target_lists == "join" and len(references) > 1:
        return (_join_parts(references, column, "target", task.data.join),)
    return tuple(_to_text(reference, column, "target") for reference in references)


def _map_answers(references: list[Any], column: str, task: Task, no_answer: str) -> tuple[str, ...]:
    """The references of a question that may have no answer: the text that says so is not one of them."""
    texts = _map_references(references, column, task)
    return tuple(text for text in texts if text.strip().casefold() != no_answer.strip().casefold())


def _is_blank(value: object) -> bool:
    return value is None or value is MISSING or (isinstance(value, str) and not value.strip())


def _is_empty(value: object) -> bool:
    return all(map(_is_blank, value)) if isinstance(value, list) else _is_blank(value)


def _check_label(targets: tuple[str, ...], column: str, task: Task) -> str:
    if len(targets) > 1:
        raise BadRowError(f"target (column '{column}') has {len(targets)} labels, but each row must have exactly one")
    label = targets[0].strip()
    if task.labels and label not in task.labels:
        raise BadRowError(
            f"target {quote(label)} (column '{column}') is not one of the task's labels.{name_hint(label, task.labels)}", quote(label)
        )
    return sys.intern(label)
