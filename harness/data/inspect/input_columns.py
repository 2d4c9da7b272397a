"""Which columns the model reads, and which prompt variable each becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.catalog import RESERVED_WORDS
from harness.data.inspect import column_names
from harness.data.inspect.column_names import match_name, plain_name
from harness.data.inspect.column_profile import ColumnProfile, has_same_texts, is_equivalent
from harness.data.inspect.remarks import Remarks, describe_column
from harness.data.mapping import RESERVED_ROLES
from harness.data.records import quote

_YES_OR_NO = frozenset(("yes", "no", "maybe", "true", "false", "y", "n", "unknown"))
_JINJA_NAMES = frozenset(("range", "dict", "lipsum", "cycler", "joiner", "namespace", "super", "loop", "caller"))
_RESERVED = RESERVED_WORDS | _JINJA_NAMES | set(RESERVED_ROLES)


def is_question(target: ColumnProfile, columns: Sequence[ColumnProfile]) -> bool:
    """Whether one column asks a question and the target answers it: by its name, with yes or no, or from a context."""
    if not any(match_name(c.name, column_names.QUESTIONS) == 2 for c in columns):
        return False
    is_answer = match_name(target.name, column_names.ANSWERS) > 0 or is_yes_or_no(target)
    return is_answer or (_find_context(columns) is not None and match_name(target.name, column_names.LABELS) != 2)


def find_question_inputs(target: ColumnProfile, columns: Sequence[ColumnProfile], remarks: Remarks) -> dict[str, ColumnProfile]:
    """The question and, if present, its context, the options to choose from and their letters, by prompt variable."""
    question = max(columns, key=lambda c: (match_name(c.name, column_names.QUESTIONS), c.is_text), default=None)
    others = [c for c in columns if c is not question]
    options = next((c for c in others if match_name(c.name, column_names.OPTIONS) == 2), None)
    letters = _find_letters(options, target, columns, remarks) if options else None
    context, answering = _find_context(others), _find_answering_text([c for c in others if c not in (options, letters)], target)
    roles = {"context": context or answering, "question": question, "options": options, "letters": letters}
    remarks.reasons["inputs"] = "by name" if context or not answering else f"by name; {quote(answering.name)} contains the answers"
    return {role: column for role, column in roles.items() if column is not None}


def find_text_inputs(target: ColumnProfile, columns: Sequence[ColumnProfile], remarks: Remarks) -> dict[str, ColumnProfile]:
    """The columns with the name of an input, else the longest text, else (in a table of numbers) all columns; by prompt variable."""
    if any(c.is_text and not c.is_label for c in columns):  # a column 'ticket' may contain the text of a ticket, or its number
        ids = [c for c in columns if c.contains_ids]
        remarks.notes += [
            f"{quote(c.name)} is not used as an input: it contains identifiers" for c in ids if match_name(c.name, column_names.INPUTS) == 2
        ]
        columns = [c for c in columns if c not in ids and not (c.is_label and column_names.names_provenance(c.name))]
    texts = [c for c in columns if c.type == "text" and (c.is_text or not c.is_label)]
    chosen = [c for c in columns if match_name(c.name, column_names.INPUTS) == 2 and c.type in ("text", "boolean", "number")]
    reason = "by name"
    if not any(c.is_text for c in chosen):
        by_last_word = [c for c in texts if match_name(c.name, column_names.INPUTS) == 1 and c.is_text]
        longest = sorted((c for c in texts if c.is_text), key=lambda c: c.median_words)[-1:]
        if by_last_word:
            chosen, reason = [*chosen, *by_last_word], "by the last word of its name" if len(by_last_word) == 1 else "by name"
        elif longest:
            chosen, reason = [*chosen, *longest], "the longest text"
    if not chosen:
        chosen = [c for c in columns if not c.is_unique and not is_equivalent(c, target)] or list(columns)
        reason = "no column contains text: all columns but the target" if len(chosen) > 1 else "the only other column"
    chosen = _drop_leaks(_drop_repeats(_drop_sparse(chosen, remarks), remarks), target, remarks)
    remarks.reasons["inputs"] = reason
    remarks.alternatives += [f"input: {quote(c.name)} ({describe_column(c)})" for c in _other_texts(columns, chosen)]
    return assign_variables(chosen)


def assign_variables(columns: Sequence[ColumnProfile]) -> dict[str, ColumnProfile]:
    """The columns by prompt variable: 'input' for a single column, otherwise their own names in a form that Jinja accepts."""
    if len(columns) == 1:
        return {"input": columns[0]}
    variables: dict[str, ColumnProfile] = {}
    for column in columns:
        name = "_".join(re.findall("[a-z0-9]+", plain_name(column.name))) or "input"
        name = f"field_{name}" if name[0].isdigit() else f"{name}_text" if name in _RESERVED else name
        used = sum(re.fullmatch(rf"{name}(_\d+)?", other) is not None for other in variables)
        variables[f"{name}_{used + 1}" if used else name] = column
    return variables


def is_yes_or_no(column: ColumnProfile) -> bool:
    """Whether every value is yes, no, or a word like these."""
    return column.is_label and {text.casefold() for text in column.counts} <= _YES_OR_NO


def _find_context(columns: Sequence[ColumnProfile]) -> ColumnProfile | None:
    by_name = {plain_name(c.name): c for c in reversed(columns) if c.type == "text"}
    return next((by_name[name] for name in column_names.CONTEXTS if name in by_name), None)


def contains_answers(column: ColumnProfile, target: ColumnProfile) -> bool:
    """Whether a column contains the target's text in most of the rows, so that it is where the answers are."""
    pairs = [(text.casefold(), answer.casefold()) for text, answer in zip(column.texts, target.texts, strict=True) if text and answer]
    return bool(pairs) and 2 * sum(answer in text for text, answer in pairs) > len(pairs)


def _find_answering_text(columns: Sequence[ColumnProfile], target: ColumnProfile) -> ColumnProfile | None:
    """The longest text that contains the answers."""
    if is_yes_or_no(target):
        return None
    texts = [c for c in columns if c.is_text and not column_names.names_a_prediction(c.name) and contains_answers(c, target)]
    return max(texts, key=lambda c: c.median_words, default=None)


def _find_letters(
    options: ColumnProfile, target: ColumnProfile, columns: Sequence[ColumnProfile], remarks: Remarks
) -> ColumnProfile | None:
    """The list that names the options, if the target is one of these names: {text: [red, blue], label: [A, B]}."""
    parent = options.name.rpartition(".")[0]
    siblings = [c for c in columns if parent and c is not options and c.is_list and c.name.rpartition(".")[0] == parent]
    letters = next((c for c in siblings if all(set(t) <= set(names) for t, names in zip(target.values, c.values, strict=True))), None)
    if letters is None:
        return None
    pairs = zip(options.values, letters.values, strict=True)
    if all(len(texts) == len(names) and not any("\n" in text for text in texts) for texts, names in pairs):
        return letters
    remarks.notes.append(
        f"the target is one of {quote(letters.name)}, which the prompt cannot show with the options: combine the two columns"
    )
    return None


def _other_texts(columns: Sequence[ColumnProfile], chosen: Sequence[ColumnProfile]) -> list[ColumnProfile]:
    """Texts that are neither chosen, nor copies of a chosen column, nor named like a target."""
    others = [c for c in columns if c not in chosen and c.is_text and not match_name(c.name, column_names.TEXTS)]
    return [c for c in others if not any(has_same_texts(c, i) for i in chosen)]


def _drop_sparse(columns: Sequence[ColumnProfile], remarks: Remarks) -> list[ColumnProfile]:
    """Drop inputs that more than a fifth of the rows lack, unless all do: every row needs every input."""
    kept = [c for c in columns if 5 * c.empty <= len(c.values)]
    if not kept:
        return list(columns)
    dropped = [c for c in columns if c not in kept]
    remarks.notes += [f"{quote(c.name)} is not used as an input: {c.empty} of {len(c.values)} rows have no value" for c in dropped]
    return kept


def _drop_repeats(columns: Sequence[ColumnProfile], remarks: Remarks) -> list[ColumnProfile]:
    """Drop inputs that repeat the texts of another."""
    kept: list[ColumnProfile] = []
    for column in columns:
        original = next((k for k in kept if has_same_texts(column, k)), None)
        if original is None:
            kept.append(column)
        else:
            remarks.notes.append(f"{quote(column.name)} is not used as an input: it repeats {quote(original.name)}")
    return kept


def _drop_leaks(columns: Sequence[ColumnProfile], target: ColumnProfile, remarks: Remarks) -> list[ColumnProfile]:
    """Drop inputs that contain the target verbatim in nearly every row, unless all do: they would show the model the answer."""
    leaking = [c for c in columns if _contains(c, target)]
    if not leaking:
        return list(columns)
    all_leak = len(leaking) == len(columns)
    for column in leaking:
        fact = f"it contains {quote(target.name)} word for word in nearly every row"
        if all_leak:
            remarks.notes.append(
                f"{quote(column.name)} is the input, but {fact}: the prompt would show the answer. Remove it from the text"
            )
        else:
            remarks.notes.append(f"{quote(column.name)} is not used as an input: {fact}")
    return list(columns) if all_leak else [c for c in columns if c not in leaking]


def _contains(column: ColumnProfile, target: ColumnProfile) -> bool:
    """Whether a column contains the target's text in over 90% of the rows."""
    if target.is_label or target.median_words < 3:
        return False
    pairs = [(text, answer) for text, answer in zip(column.texts, target.texts, strict=True) if text and answer]
    return bool(pairs) and sum(answer in text for text, answer in pairs) > 0.9 * len(pairs)
