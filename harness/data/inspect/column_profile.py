"""What each column of a table holds: its type, how often values repeat, how long they are. Nested values become columns with dots."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from harness.data.mapping import get_nested
from harness.data.records import Preview

MOST_LABELS = 500  # more distinct values than the loader takes for labels
_DEEPEST = 4
_MOST_KEYS = 40  # an object with more keys than this is a dictionary of rows, not a record
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|\d*\.\d+)([eE][+-]?\d+)?%?")
_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:.*)?|\d{1,2}[./]\d{1,2}[./]\d{2,4}( .*)?")
_DENSE = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")  # scripts without spaces between words

Type = Literal["text", "number", "boolean", "date", "messages", "empty"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column. `values` has one entry a row: the texts of the cell, none where it is empty, several where it is a list."""

    name: str
    values: Sequence[tuple[str, ...]]
    type: Type
    is_list: bool

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """One text a row; '' where the cell is empty."""
        return tuple("\n".join(value) for value in self.values)

    @cached_property
    def filled(self) -> int:
        """Rows where the cell holds something."""
        return sum(1 for text in self.texts if text)

    @property
    def empty(self) -> int:
        """Rows where it holds nothing."""
        return len(self.values) - self.filled

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each text occurs, the most frequent first when listed with `most_common`."""
        return Counter(text for text in self.texts if text)

    @property
    def distinct(self) -> int:
        """How many different texts there are."""
        return len(self.counts)

    @cached_property
    def words(self) -> tuple[int, ...]:
        """Words of each cell that is not empty, in ascending order."""
        return tuple(sorted(count_words(text) for text in self.texts if text))

    @cached_property
    def tokens(self) -> tuple[int, ...]:
        """Estimated tokens of each cell that is not empty, in ascending order."""
        return tuple(sorted(estimated_tokens(text) for text in self.texts if text))

    @cached_property
    def item_tokens(self) -> tuple[int, ...]:
        """Estimated tokens of each single text, the items of a list apart, in ascending order."""
        return tuple(sorted(estimated_tokens(text) for value in self.values for text in value))

    @cached_property
    def median_words(self) -> int:
        """The median of `words`; 0 for an empty column."""
        return quantile(self.words, 0.5)

    @property
    def is_text(self) -> bool:
        """Whether it holds free text: words, most of them different from row to row."""
        return self.type == "text" and self.median_words >= 3

    @cached_property
    def is_label(self) -> bool:
        """Whether it can be a label: one short value a row, few different ones, each repeated (what the loader accepts as labels)."""
        if self.type in ("empty", "date", "messages") or self.filled < 4 or any(len(value) > 1 for value in self.values):
            return False
        if not 2 <= self.distinct <= min(MOST_LABELS, self.filled // 2):
            return False
        if self.type == "number":  # measurements repeat, too: only a short scale of whole numbers is a label
            return self.distinct <= 20 and all(text.lstrip("+-").isdigit() for text in self.counts)
        return self.median_words <= 6 and max(map(len, self.counts)) <= 100

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value and no two the same."""
        return len(self.values) > 0 and self.empty == 0 and self.distinct == len(self.values)


def profile(table: Preview) -> list[Column]:
    """The columns of a table in their order; those of nested objects are named with dots, as a task's `fields` names them."""
    names: dict[str, None] = {}
    for column in table.columns:
        names.update(dict.fromkeys(_paths(column, [r.values[column] for r in table.records if column in r.values], depth=0)))
    return [_column(name, [get_nested(record.values, name) for record in table.records]) for name in names]


def count_words(text: str) -> int:
    """Words between spaces; in scripts without spaces, two characters count as one."""
    dense = len(_DENSE.findall(text)) if not text.isascii() else 0
    return max(len(text.split()), dense // 2) if text.strip() else 0


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has, without a tokenizer, on the high side: 1.4 a word, or 3.5 ASCII or 1.5 other characters a token."""
    foreign = 0 if text.isascii() else sum(1 for c in text if ord(c) > 127)
    return math.ceil(max(len(text.split()) * 1.4, (len(text) - foreign) / 3.5 + foreign / 1.5))


def quantile(ascending: Sequence[int], share: float) -> int:
    """The value below which that share of them lies; 0 where there are none."""
    return ascending[min(len(ascending) - 1, int(share * len(ascending)))] if ascending else 0


def _paths(name: str, values: Iterable[Any], depth: int) -> list[str]:
    """The column itself, or the columns inside its objects."""
    objects = [o for value in values for o in (value if isinstance(value, list) else [value]) if isinstance(o, Mapping)]
    keys = list(dict.fromkeys(key for o in objects for key in o))
    if not keys or len(keys) > _MOST_KEYS or depth == _DEEPEST or _are_messages(objects):
        return [name]
    return [path for key in keys for path in _paths(f"{name}.{key}", [o[key] for o in objects if key in o], depth + 1)]


def _are_messages(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether these are the turns of a chat."""
    return bool(objects) and all({"role", "content"} <= o.keys() or {"from", "value"} <= o.keys() for o in objects)


def _column(name: str, cells: Sequence[Any]) -> Column:
    values = [tuple(_texts(cell)) for cell in cells]
    messages = [o for cell in cells if isinstance(cell, list) for o in cell if isinstance(o, Mapping)]
    kind: Type = "messages" if _are_messages(messages) else _type({text for value in values for text in value})
    return Column(name, values, kind, any(isinstance(cell, list) for cell in cells))


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


def _type(texts: set[str]) -> Type:
    if not texts:
        return "empty"
    if {text.casefold() for text in texts} <= {"true", "false"}:
        return "boolean"
    if all(_NUMBER.fullmatch(text) for text in texts):
        return "number"
    return "date" if all(_DATE.fullmatch(text) for text in texts) else "text"
