"""Anonymizes rows: every text of the chosen columns, in lists and objects, too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from harness.data.privacy.detectors import Identifier, find_identifiers
from harness.data.privacy.surrogates import (
    SHIFTS,
    KeyedChoice,
    Removal,
    Replacement,
    Scope,
    Surrogates,
    Tags,
    replace_characters,
    weeks_to_shift,
)

Mode: TypeAlias = Literal["surrogates", "tags", "remove"]
MODES: tuple[Mode, ...] = ("surrogates", "tags", "remove")
Finder: TypeAlias = Callable[[str], Sequence[Identifier]]
TextPlace: TypeAlias = tuple[str | int, ...]  # a column, and where in its value: ("messages", 0, "content")
_TRIES = 50  # for a patient number that no other patient has
_MOST_LABEL = 60  # characters of a column's name that are taken for what announces its texts
_MAX_DEPTH = 40  # of lists and objects in a cell


@dataclass(frozen=True, slots=True)
class ReplacedPart:
    """One replaced part of a text.

    Attributes:
        start, end: offsets in the anonymized text.
        original: what stood there.
    """

    start: int
    end: int
    kind: str
    original: str


@dataclass
class AnonymizedRow:
    """A row after anonymization.

    Attributes:
        texts: all texts that were searched, as they are now, by their place in the row.
        changes: by the place of the text.
        whole: values that were no text, or the patient's number, by their place: they come back as they were.
    """

    values: dict[str, Any]
    texts: dict[TextPlace, str] = field(default_factory=dict)
    changes: dict[TextPlace, list[ReplacedPart]] = field(default_factory=dict)
    whole: dict[TextPlace, Any] = field(default_factory=dict)


class Anonymizer:
    """Replaces identifiers row by row; holds the surrogates of the patients that it has seen.

    Args:
        columns: those to search; empty for all.
        patient: the column with the patient's number. It becomes another number, the same for all rows of the patient.
        find: finds the identifiers of a text.
    """

    def __init__(
        self, key: bytes, mode: Mode, *, columns: Sequence[str] = (), patient: str | None = None, find: Finder = find_identifiers
    ) -> None:
        self._choice = KeyedChoice(key)
        replacements: dict[Mode, Replacement] = {"surrogates": Surrogates(self._choice), "tags": Tags(), "remove": Removal()}
        self._replacement = replacements[mode]
        self._columns = frozenset(columns)
        self._patient = patient
        self._find = find
        self._scopes: dict[str, Scope] = {}
        self._numbers: dict[str, str] = {}  # of patients, and their surrogates
        self._used: set[str] = set()
        self.counts: Counter[str] = Counter()

    def anonymize_row(self, number: int, values: Mapping[str, Any]) -> AnonymizedRow:
        """Anonymize a row.

        Args:
            number: of the row; what surrogates depend on where no patient is known.
        """
        row = AnonymizedRow(dict(values))
        scope = self._scope(number, values)
        for column, value in values.items():
            if column == self._patient:
                if value not in (None, ""):
                    row.whole[column,] = value
                    row.values[column] = _like(self._number(str(value)), value)
            elif not self._columns or column in self._columns:
                row.values[column] = self._anonymize(value, column, (column,), scope, row)
        return row

    def anonymize_text(self, text: str, scope: Scope, prefix: str = "") -> tuple[str, list[ReplacedPart]]:
        """Anonymize one text.

        Args:
            prefix: what the text is about, such as a column's name and a colon; it helps to recognize the text and is no part of it.
        """
        whole = prefix + text
        parts: list[str] = []
        changes: list[ReplacedPart] = []
        position, length = len(prefix), 0
        for each in self._find(whole):
            if each.end <= position:
                continue
            inside = replace(each, start=max(each.start, position))
            kept = whole[position : inside.start]
            surrogate = self._replacement.replace(whole, inside, scope)
            parts += [kept, surrogate]
            length += len(kept)
            changes.append(ReplacedPart(length, length + len(surrogate), each.kind, whole[inside.start : inside.end]))
            length += len(surrogate)
            position = each.end
        parts.append(whole[position:])
        self.counts.update(change.kind for change in changes)
        return "".join(parts), changes

    def new_scope(self, name: str) -> Scope:
        """A scope whose surrogates depend on the key and its name."""
        return Scope(name, weeks_to_shift(self._choice.number(SHIFTS, name, "shift")))

    def _scope(self, number: int, values: Mapping[str, Any]) -> Scope:
        patient = values.get(self._patient) if self._patient is not None else None
        if patient in (None, ""):
            return self.new_scope(f"row {number}")
        name = f"patient {patient}"
        if name not in self._scopes:
            scope = self._scopes[name] = self.new_scope(name)
            key = "".join(filter(str.isalnum, str(patient))).casefold()
            scope.codes[key] = self._number(str(patient))
        return self._scopes[name]

    def _number(self, patient: str) -> str:
        if patient not in self._numbers:
            for attempt in range(_TRIES):
                draw = replace_characters(patient, self._choice, "patient", patient, str(attempt))
                if draw not in self._used:
                    break
            else:
                draw = f"{draw}-{len(self._used)}"
            self._numbers[patient] = draw
            self._used.add(draw)
        return self._numbers[patient]

    def _anonymize(self, value: Any, label: str, path: TextPlace, scope: Scope, row: AnonymizedRow) -> Any:
        if isinstance(value, str):
            text, changes = self.anonymize_text(value, scope, _prefix(label))
            row.texts[path] = text
            if changes:
                row.changes[path] = changes
            return text
        if isinstance(value, int | float) and not isinstance(value, bool):
            text, changes = self.anonymize_text(str(value), scope, _prefix(label))
            if changes:
                row.whole[path] = value
            return _like(text, value) if changes else value
        if len(path) <= _MAX_DEPTH and isinstance(value, list | tuple):
            return [self._anonymize(each, label, (*path, place), scope, row) for place, each in enumerate(value)]
        if len(path) <= _MAX_DEPTH and isinstance(value, Mapping):
            return {key: self._anonymize(each, str(key), (*path, str(key)), scope, row) for key, each in value.items()}
        return value


def restore_row(values: dict[str, Any], changes: Sequence[Any]) -> dict[str, Any]:
    """The row as it was.

    Args:
        changes: as `encode_changes` writes them.

    Raises:
        ValueError: the changes do not fit the row.
    """
    try:
        for path, content in changes:
            holder: Any = values
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = content["whole"] if isinstance(content, dict) else _restore_text(holder[path[-1]], content)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("the changes do not fit the row") from error
    return values


def encode_changes(row: AnonymizedRow) -> list[Any]:
    """The changes of a row as JSON: places, each with the replaced parts as [start, end, original], or with the whole value."""
    parts = [[list(path), [[c.start, c.end, c.original] for c in changes]] for path, changes in row.changes.items()]
    return parts + [[list(path), {"whole": value}] for path, value in row.whole.items()]


def _restore_text(text: Any, parts: Sequence[Any]) -> str:
    if not isinstance(text, str):
        raise ValueError("no text")
    result, position = [], 0
    for start, end, original in parts:
        if not position <= start <= end <= len(text) or not isinstance(original, str):
            raise ValueError("the place is not in the text")
        result += [text[position:start], original]
        position = end
    return "".join([*result, text[position:]])


def _prefix(label: str) -> str:
    """A column's name as a text would announce its value: `patient_name` becomes "patient name: "."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", label[:_MOST_LABEL])
    return re.sub(r"[_\W]+", " ", words).strip() + ": "


def _like(text: str, value: Any) -> Any:
    """The text as a value of the same type, if it can be one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return type(value)(text)
        except ValueError:
            return text
    return text
