"""Which column plays which role: the target, the id, the group and the inputs, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harness.catalog import RESERVED_WORDS
from harness.data.inspect import column_names as naming
from harness.data.inspect.column_names import match, plain_name
from harness.data.inspect.column_profile import Column
from harness.data.records import join_names, quote
from harness.errors import BenchError, setting

SMALLEST_GROUPS = 10  # fewer clusters than this cannot be split into train, validation and test

_YES_OR_NO = frozenset(("yes", "no", "maybe", "true", "false", "y", "n", "unknown"))
# Roles, and what means something to Jinja.
_TAKEN = RESERVED_WORDS | {"target", "group", "id", "range", "dict", "lipsum", "cycler", "joiner", "namespace", "super", "loop", "caller"}


class Pick(NamedTuple):
    """The column that was taken, why, and what is not sure about it."""

    column: Column
    why: str
    doubt: str = ""


@dataclass
class Said:
    """What is collected for the user on the way: a reason a role, what else could be, what they should know."""

    reasons: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# ----------------------------------------------------------------------------------------------------------------- the target


def find_target(columns: Sequence[Column], every: Sequence[Column], file: str, inputs: Sequence[str]) -> Pick:
    """The column with what is to be learned: by its name where a name tells, else by what it holds.

    Args:
        columns: those that hold something; `every` has the others as well.
        inputs: names of columns that are inputs already.

    Raises:
        BenchError: there is no such column, or none can be told from the others.
    """
    if any(column.type == "messages" for column in every):
        name = next(column.name for column in every if column.type == "messages")
        raise BenchError(
            f"{file}: {quote(name)} holds whole conversations (turns with a role and a content). Write each row as what the model "
            'reads and what it should write: {"prompt": …, "completion": …}'
        )
    if len(every) < 2:
        only = f"one column only, {quote(every[0].name)}" if every else "no column"
        raise BenchError(f"{file}: {only}: a task needs a column with the input and one with the target (a label, an answer, a summary)")
    candidates = [
        c for c in columns
        if (c.distinct > 1 or c.filled == 1) and c.type != "date" and c.name not in inputs and not naming.is_somebodys_guess(c.name)
    ]  # fmt: skip
    ranked = sorted((c for c in candidates if _strength(c)), key=_strength, reverse=True)
    if ranked:
        best = ranked[0]
        equal = [c.name for c in ranked[1:] if _strength(c) == _strength(best) and not says_the_same(c, best)]
        doubt = f"{join_names(map(quote, [best.name, *equal]))} could each be the target" if equal else ""
        return Pick(best, "its name says so", doubt)
    pick = _target_by_content(candidates)
    if pick is None:
        raise BenchError(f"{file}: no column can be told to be the target. {how_to_say(every)}")
    return pick


def _strength(column: Column) -> int:
    """How much the name of a column, with what it holds, says that it is the target."""
    if column.is_label:
        by_label = {2: 60, 1: 45, 0: 0}[match(column.name, naming.LABELS)]
        by_attribute = {2: 40, 1: 30, 0: 0}[match(column.name, naming.ATTRIBUTES)]
    else:
        by_label = by_attribute = 0
    # 'label_text' beside a numbered 'label' reads better
    spoken = 1 if by_label and column.type == "text" else 0
    return max(by_label + spoken, by_attribute, {2: 50, 1: 35, 0: 0}[match(column.name, naming.TEXTS)])


def _target_by_content(candidates: Sequence[Column]) -> Pick | None:
    """The target where no name tells: a second text beside the input, or the only column with a few values."""
    texts = [c for c in candidates if c.is_text and not c.is_label]
    inputs = [c for c in texts if match(c.name, naming.INPUTS) == 2]
    others = [c for c in texts if c not in inputs and not any(_repeats(c, i) for i in inputs)]
    labels = [c for c in candidates if c.is_label and not naming.names_an_id(c.name) and not naming.names_a_cluster(c.name)]
    unnamed = "no column is named like a target"
    if inputs and others and (not labels or others[-1].median_words >= 8):
        only = len(others) == 1
        which = f"the only other text beside {quote(inputs[0].name)}" if only else f"the last of {len(others)} other texts"
        return Pick(others[-1], which, f"{unnamed}: {quote(others[-1].name)} is {which}")
    if labels and (texts or candidates[-1] is labels[-1]):
        which = "the only column with a few values that repeat" if len(labels) == 1 else "the last column with a few values that repeat"
        return Pick(labels[-1], which, f"{unnamed}: {quote(labels[-1].name)} is {which}")
    if len(texts) >= 2:
        by_length = sorted(texts, key=lambda c: c.median_words)
        if 2 * by_length[0].median_words <= by_length[-1].median_words:
            which = f"much shorter than {quote(by_length[-1].name)}"
            return Pick(by_length[0], which, f"{unnamed}: {quote(by_length[0].name)} is {which}")
    return None


def how_to_say(columns: Sequence[Column]) -> str:
    """The end of a message: what columns there are, and how to say which is which."""
    described = [f"{quote(c.name)} ({about(c)})" for c in columns]
    options = f"{setting('fields.target', 'COLUMN')} and {setting('fields.input', 'COLUMN')}"
    return f"The columns are: {join_names(described)}. Name them with {options}"


def about(column: Column) -> str:
    """What a column holds, in a few words."""
    if column.type == "empty":
        return "empty"
    if column.type == "text" and not column.is_label:
        words = f"{column.median_words} words" if column.median_words > 1 else "1 word"
        return f"{'lists of text' if column.is_list else 'text'} of about {words}"
    kind = {"number": "numbers", "boolean": "true or false", "date": "dates", "messages": "conversations"}.get(column.type, "values")
    return f"{column.distinct} different {kind}" if column.type in ("number", "text") else kind


# ------------------------------------------------------------------------------------------------------------- group and id


def find_id(columns: Sequence[Column]) -> Column | None:
    """The column that is named like a row's identifier and holds another value in every row."""
    named = [c for c in columns if naming.names_an_id(c.name) and not c.is_list and c.is_unique]
    return min(named, key=lambda c: len(plain_name(c.name)), default=None)  # 'id' before 'customer_id'


def about_ids(columns: Sequence[Column], said: Said) -> None:
    """Says of a column that is called 'id' why it is none: such a one often names a document or a patient."""
    for column in columns:
        if plain_name(column.name) != "id" or column.is_unique:
            continue
        if column.empty:
            said.notes.append(f"{quote(column.name)} is no id: {column.empty} rows have none")
            continue
        said.notes.append(f"{quote(column.name)} is no id: {column.filled - column.distinct} rows repeat that of another")
        if column.distinct >= SMALLEST_GROUPS:
            said.others.append(f"group: {quote(column.name)} ({column.distinct} different ones), if it names a document or a person")


def find_group(columns: Sequence[Column], said: Said) -> Column | None:
    """The column that names a patient, an author, a document: the coarsest one, since its rows must not be on both sides of the split."""
    fitting = []
    for column in columns:
        if column.is_list or column.median_words > 5 or not naming.names_a_cluster(column.name) or column.distinct == column.filled:
            continue
        if column.empty:
            said.notes.append(f"{quote(column.name)} could be the group, but {column.empty} rows have none")
        elif column.distinct < SMALLEST_GROUPS or 2 * max(column.counts.values()) > column.filled:
            why = f"its {column.distinct} values are too few, or one has too many rows, to split by"
            said.notes.append(f"{quote(column.name)} could be the group, but {why}")
        else:
            fitting.append(column)
    best = min(fitting, key=lambda c: c.distinct, default=None)
    if best is not None:
        said.reasons["group"] = f"{best.distinct} different ones in {best.filled} rows"
        said.others += [f"group: {quote(c.name)} ({c.distinct} different ones)" for c in fitting if c is not best]
    return best


# ------------------------------------------------------------------------------------------------------------------ inputs


def is_question(target: Column, rest: Sequence[Column]) -> bool:
    """Whether one column asks and the target answers: there is a question, and an answer by name, a yes or no, or a context."""
    if not any(match(c.name, naming.QUESTIONS) == 2 for c in rest):
        return False
    answers = match(target.name, naming.ANSWERS) > 0 or _is_yes_or_no(target)
    return answers or (_context(rest) is not None and match(target.name, naming.LABELS) != 2)


def _is_yes_or_no(column: Column) -> bool:
    return column.is_label and {text.casefold() for text in column.counts} <= _YES_OR_NO


def _context(columns: Sequence[Column]) -> Column | None:
    named = {plain_name(c.name): c for c in reversed(columns) if c.type == "text"}
    return next((named[name] for name in naming.CONTEXTS if name in named), None)


def question_inputs(target: Column, rest: Sequence[Column], said: Said) -> dict[str, Column]:
    """The question, the text that answers it, and the options to choose from with their letters, as far as they are there."""
    question = max(rest, key=lambda c: (match(c.name, naming.QUESTIONS), c.is_text), default=None)
    context = _context([c for c in rest if c is not question])
    options = next((c for c in rest if c is not question and match(c.name, naming.OPTIONS) == 2), None)
    roles = {"context": context, "question": question, "options": options, "letters": _letters(options, target, rest, said)}
    said.reasons["inputs"] = "their names say so"
    return {role: column for role, column in roles.items() if column is not None}


def _letters(options: Column | None, target: Column, rest: Sequence[Column], said: Said) -> Column | None:
    """The list beside the options that names them, where the target is one of these names: {text: [red, blue], label: [A, B]}."""
    parent = options.name.rpartition(".")[0] if options else ""
    beside = [c for c in rest if parent and c is not options and c.is_list and c.name.rpartition(".")[0] == parent]
    letters = next((c for c in beside if all(set(t) <= set(names) for t, names in zip(target.values, c.values, strict=True))), None)
    if options is None or letters is None:
        return None
    pairs = zip(options.values, letters.values, strict=True)
    if all(len(texts) == len(names) and not any("\n" in text for text in texts) for texts, names in pairs):
        return letters
    said.notes.append(f"the target is one of {quote(letters.name)}, which the prompt does not show beside the options: put them together")
    return None


def text_inputs(target: Column, rest: Sequence[Column], said: Said) -> dict[str, Column]:
    """The columns that are named like an input, else the longest text, else (a table of numbers) everything."""
    texts = [c for c in rest if c.type == "text" and (c.is_text or not c.is_label)]
    chosen = [c for c in rest if match(c.name, naming.INPUTS) == 2 and c.type in ("text", "boolean", "number")]
    why = "its name says so" if len(chosen) == 1 else "their names say so"
    if not any(c.is_text for c in chosen):
        by_last_word = [c for c in texts if match(c.name, naming.INPUTS) == 1 and c.is_text]
        longest = sorted((c for c in texts if c.is_text), key=lambda c: c.median_words)[-1:]
        if by_last_word:
            chosen, why = [*chosen, *by_last_word], "its name ends like one" if len(by_last_word) == 1 else "their names say so"
        elif longest:
            chosen, why = [*chosen, *longest], "the longest text"
    if not chosen:
        chosen = [c for c in rest if not c.is_unique and not says_the_same(c, target)] or list(rest)
        why = "no column holds a text: all that are not the target" if len(chosen) > 1 else "the only other column"
    chosen = _without_leaks(_without_repeats(_without_holes(chosen, said), said), target, said)
    said.reasons["inputs"] = why
    named_target = [c for c in rest if match(c.name, naming.TEXTS)]
    left = [c for c in rest if c not in chosen and c.is_text and c not in named_target and not any(_repeats(c, i) for i in chosen)]
    said.others += [f"input: {quote(c.name)} ({about(c)})" for c in left]
    return by_variable(chosen)


def _without_holes(columns: Sequence[Column], said: Said) -> list[Column]:
    """Every row needs every input: one that many rows lack is left out where there is another."""
    full = [c for c in columns if 5 * c.empty <= len(c.values)]
    if not full:
        return list(columns)
    said.notes += [f"{quote(c.name)} is no input: {c.empty} of {len(c.values)} rows have none" for c in columns if c not in full]
    return full


def _without_repeats(columns: Sequence[Column], said: Said) -> list[Column]:
    kept: list[Column] = []
    for column in columns:
        twin = next((k for k in kept if _repeats(column, k)), None)
        if twin is None:
            kept.append(column)
        else:
            said.notes.append(f"{quote(column.name)} is no input: it says the same as {quote(twin.name)}")
    return kept


def _without_leaks(columns: Sequence[Column], target: Column, said: Said) -> list[Column]:
    """An input that holds the target word for word in nearly every row would show the model its answer."""
    leaking = [c for c in columns if _holds(c, target)]
    if not leaking:
        return list(columns)
    whole = len(leaking) == len(columns)
    verdict = "is the input, but" if whole else "is no input:"
    also = ": the prompt would show the answer. Cut it out" if whole else ""
    said.notes += [f"{quote(c.name)} {verdict} it holds {quote(target.name)} word for word in nearly every row{also}" for c in leaking]
    return list(columns) if whole else [c for c in columns if c not in leaking]


def _holds(column: Column, target: Column) -> bool:
    if target.is_label or target.median_words < 3:
        return False
    pairs = [(text, answer) for text, answer in zip(column.texts, target.texts, strict=True) if text and answer]
    return bool(pairs) and sum(answer in text for text, answer in pairs) > 0.9 * len(pairs)


def _repeats(column: Column, other: Column) -> bool:
    """Whether two columns hold the same text in at least half of the rows."""
    same = sum(a.casefold() == b.casefold() for a, b in zip(column.texts, other.texts, strict=True) if a)
    return 2 * same >= max(column.filled, 1)


def says_the_same(column: Column, other: Column) -> bool:
    """Whether either column's value follows from the other's: a label and its number."""
    both = {(a, b) for a, b in zip(column.texts, other.texts, strict=True) if a and b}
    return len(both) == column.distinct == other.distinct


def by_variable(columns: Sequence[Column]) -> dict[str, Column]:
    """The columns by the names that they have in the prompt: 'input' where there is one only, else their own in a form that Jinja takes."""
    if len(columns) == 1:
        return {"input": columns[0]}
    found: dict[str, Column] = {}
    for column in columns:
        name = "_".join(re.findall("[a-z0-9]+", plain_name(column.name))) or "input"
        name = f"field_{name}" if name[0].isdigit() else f"{name}_text" if name in _TAKEN else name
        alike = sum(re.fullmatch(rf"{name}(_\d+)?", other) is not None for other in found)
        found[f"{name}_{alike + 1}" if alike else name] = column
    return found
