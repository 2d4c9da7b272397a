"""Text that was damaged on its way: decoded with the wrong encoding ("Ã©" for "é"), characters lost (U+FFFD), control characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.data.checks.checked_rows import MOST_ROWS, CheckedRows
from harness.types import DataFinding, Example, FindingCode

_LOST = "\ufffd"
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_C1 = re.compile("[\x80-\x9f]")  # what Windows-1252 read as Latin-1 leaves behind; ftfy repairs it
_AROUND = 30  # characters shown before and after the damage
_MOST_REPAIRED = 1_000_000  # characters of a text: longer ones are judged by their start


def find_damaged_text(rows: CheckedRows) -> list[DataFinding]:
    """Rows with wrongly decoded text, lost characters or control characters in their inputs or targets."""
    damage: dict[FindingCode, dict[int, tuple[str, str]]] = {"damaged_encoding": {}, "lost_characters": {}, "control_characters": {}}
    for row, example in enumerate(rows.examples):
        for text in _texts(example):
            if text.isascii():
                if (control := CONTROL.search(text)) is not None:
                    damage["control_characters"].setdefault(row, (_cut_out(text, control.start()), ""))
                continue
            if (place := text.find(_LOST)) >= 0:
                damage["lost_characters"].setdefault(row, (_cut_out(text, place), ""))
            if (control := CONTROL.search(text)) is not None:
                damage["control_characters"].setdefault(row, (_cut_out(text, control.start()), ""))
            if row not in damage["damaged_encoding"] and (repaired := repair(text)) != text:
                damage["damaged_encoding"][row] = _first_difference(text, repaired)
    return [
        DataFinding(
            code,
            "warns",
            len(damaged),
            len(rows),
            rows=tuple(rows.flag(row, value=value, expected=expected) for row, (value, expected) in list(damaged.items())[:MOST_ROWS]),
            splits=rows.count_by_split(damaged),
        )
        for code, damaged in damage.items()
        if damaged
    ]


def repair(text: str) -> str:
    """The text with what was decoded with the wrong encoding restored, and otherwise unchanged."""
    from ftfy import fix_encoding
    from ftfy.badness import is_bad

    head = text[:_MOST_REPAIRED]
    return text if not is_bad(head) and not _C1.search(head) else fix_encoding(head) + text[_MOST_REPAIRED:]


def _texts(example: Example) -> Iterator[str]:
    yield from example.inputs.values()
    yield from example.targets


def _cut_out(text: str, place: int) -> str:
    return text[max(0, place - _AROUND) : place + _AROUND]


def _first_difference(text: str, repaired: str) -> tuple[str, str]:
    place = next((i for i, (one, other) in enumerate(zip(text, repaired, strict=False)) if one != other), 0)
    return _cut_out(text, place), _cut_out(repaired, place)
