"""What each column of a table contains: its type, repetitions and lengths. Nested values become columns with dotted names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from harness.data.mapping import MAX_LABELS, get_nested
from harness.data.records import Preview

_MAX_DEPTH = 4
_MAX_KEYS = 40  # an object with more keys is a dictionary of rows, not a record
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|\d*\.\d+)([eE][+-]?\d+)?%?")
_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:.*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}( .*)?")
_MAX_ID = 40  # characters
_HEX = re.compile(r"(0x)?[0-9a-f]{8,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")  # scripts without spaces between words

ColumnType: TypeAlias = Literal["text", "number", "boolean", "date", "messages", "empty"]


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """The content of one column.

    Attributes:
        values: by row, the texts of the cell: none if it is empty, several if it is a list.
        is_list: whether any cell is a list.
    """

    name: str
    values: Sequence[tuple[str, ...]]
    type: ColumnType
    is_list: bool

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """One text per row; '' if the cell is empty."""
        return tuple("\n".join(value) for value in self.values)

    @cached_property
    def filled(self) -> int:
        """The number of rows with a value."""
        return sum(1 for text in self.texts if text)

    @property
    def empty(self) -> int:
        """The number of rows without a value."""
        return len(self.values) - self.filled

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each text occurs."""
        return Counter(text for text in self.texts if text)

    @property
    def distinct(self) -> int:
        """The number of distinct texts."""
        return len(self.counts)

    @cached_property
    def words(self) -> tuple[int, ...]:
        """The number of words of each non-empty cell, in ascending order."""
        return tuple(sorted(count_words(text) for text in self.texts if text))

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """The estimated number of tokens of each non-empty cell, in ascending order."""
        return tuple(sorted(estimate_tokens(text) for text in self.texts if text))

    @cached_property
    def item_tokens(self) -> tuple[int, ...]:
        """The estimated number of tokens of each text, with the items of a list counted separately, in ascending order."""
        return tuple(sorted(estimate_tokens(text) for value in self.values for text in value))

    @cached_property
    def median_words(self) -> int:
        """The median of `words`; 0 for an empty column."""
        return quantile(self.words, 0.5)

    @property
    def is_text(self) -> bool:
        """Whether the column contains free text: at least three words in half of its cells."""
        return self.type == "text" and self.median_words >= 3

    @cached_property
    def is_label(self) -> bool:
        """Whether the column can be a label: one short value per row, few distinct values, each repeated. The loader accepts these."""
        if self.type in ("empty", "date", "messages") or self.filled < 4 or any(len(value) > 1 for value in self.values):
            return False
        if not 2 <= self.distinct <= min(MAX_LABELS, self.filled // 2):
            return False
        if self.type == "number":  # measurements also repeat; only a short scale of integers is a label
            return self.distinct <= 20 and all(text.lstrip("+-").isdigit() for text in self.counts)
        return self.median_words <= 6 and max(map(len, self.counts)) <= 100

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return len(self.values) > 0 and self.empty == 0 and self.distinct == len(self.values)

    @cached_property
    def contains_ids(self) -> bool:
        """Whether the values are identifiers: one word, different in every row, most of them by digits only: T-1000, T-1001."""
        if not self.is_unique or self.type not in ("text", "number") or self.is_text:
            return False
        if any(len(text) > _MAX_ID or len(text.split()) > 1 for text in self.counts):
            return False
        if self.type == "number" or all(_HEX.fullmatch(text) for text in self.counts):
            return True
        patterns = {re.sub(r"\d+", "0", text) for text in self.counts}
        return 5 * len(patterns) <= self.distinct


def profile_columns(table: Preview) -> list[ColumnProfile]:
    """The columns of a table in order. Columns of nested objects have dotted names, as in a task's `fields`."""
    names: dict[str, None] = {}
    for column in table.columns:
        names.update(dict.fromkeys(_nested_names(column, [r.values[column] for r in table.records if column in r.values], depth=0)))
    return [_profile_column(name, [get_nested(record.values, name) for record in table.records]) for name in names]


def count_words(text: str) -> int:
    """The number of words. In scripts without spaces, two characters count as one word."""
    unspaced = len(_UNSPACED.findall(text)) if not text.isascii() else 0
    return max(len(text.split()), unspaced // 2) if text.strip() else 0


def estimate_tokens(text: str) -> int:
    """A high estimate of the number of tokens: 1.4 per word, or one per 3.5 ASCII or 1.5 other characters, whichever gives more."""
    non_ascii = 0 if text.isascii() else sum(1 for c in text if ord(c) > 127)
    return math.ceil(max(len(text.split()) * 1.4, (len(text) - non_ascii) / 3.5 + non_ascii / 1.5))


def quantile(ascending: Sequence[int], share: float) -> int:
    """The value below which this share of the values lies; 0 without values."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0


def detect_dates(texts: set[str]) -> bool:
    """Whether all texts are dates."""
    return bool(texts) and all(_DATE.fullmatch(text) for text in texts)


def has_same_texts(column: ColumnProfile, other: ColumnProfile) -> bool:
    """Whether two columns have the same text in at least half of the rows."""
    same = sum(a.casefold() == b.casefold() for a, b in zip(column.texts, other.texts, strict=True) if a)
    return 2 * same >= max(column.filled, 1)


def is_equivalent(column: ColumnProfile, other: ColumnProfile) -> bool:
    """Whether each column determines the other, like a label and its number."""
    pairs = {(a, b) for a, b in zip(column.texts, other.texts, strict=True) if a and b}
    return len(pairs) == column.distinct == other.distinct


def _nested_names(name: str, values: Iterable[Any], depth: int) -> list[str]:
    """The name of the column itself, or the dotted names of the columns in its objects."""
    objects = [o for value in values for o in (value if isinstance(value, list) else [value]) if isinstance(o, Mapping)]
    keys = list(dict.fromkeys(key for o in objects for key in o))
    if not keys or len(keys) > _MAX_KEYS or depth == _MAX_DEPTH or _are_messages(objects):
        return [name]
    return [nested for key in keys for nested in _nested_names(f"{name}.{key}", [o[key] for o in objects if key in o], depth + 1)]


def _are_messages(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the objects are the turns of a chat."""
    return bool(objects) and all({"role", "content"} <= o.keys() or {"from", "value"} <= o.keys() for o in objects)


def _profile_column(name: str, cells: Sequence[Any]) -> ColumnProfile:
    values = [tuple(_texts(cell)) for cell in cells]
    messages = [o for cell in cells if isinstance(cell, list) for o in cell if isinstance(o, Mapping)]
    column_type: ColumnType = "messages" if _are_messages(messages) else _detect_type({text for value in values for text in value})
    return ColumnProfile(name, values, column_type, any(isinstance(cell, list) for cell in cells))


def _texts(cell: Any) -> Iterable[str]:
    if isinstance(cell, list):
        for item in cell:
            yield from _texts(item)
    elif isinstance(cell, bool):
        yield "true" if cell else "false"
    elif isinstance(cell, str | int) or (isinstance(cell, float) and not math.isnan(cell)):
        text = str(cell).strip()
        if text:
            yield text


def _detect_type(texts: set[str]) -> ColumnType:
    if not texts:
        return "empty"
    if {text.casefold() for text in texts} <= {"true", "false"}:
        return "boolean"
    if all(_NUMBER.fullmatch(text) for text in texts):
        return "number"
    return "date" if all(_DATE.fullmatch(text) for text in texts) else "text"
