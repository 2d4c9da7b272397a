"""Rows of the stream, and those of the reference, in one form; and which of them count."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.types import Example, Prediction


@dataclass(frozen=True)
class WatchedRow:
    """One example with what is known about it.

    Attributes:
        example: its targets are empty where no label is known.
        day: the day of the row, as the ordinal of a date; 0 in the reference.
        key: what tells it from other rows: a hash of its id, its inputs and its date.
        prediction: the output of the model; None where there is none.
        score: the example's primary score; None without an output and a label.
        unsupported: the share of the output that the input does not support; None where that is not measured.
        feedback: what a user thought of the output, the higher the better; None without feedback.
    """

    example: Example
    day: int
    key: str
    prediction: Prediction | None = None
    score: float | None = None
    unsupported: float | None = None
    feedback: float | None = None


@dataclass(frozen=True)
class PartOfRow:
    """One of the parts in which a row may arrive: inputs first, a label perhaps weeks later. Each counts once.

    Attributes:
        signals: what is measured in it.
        prefix: how the names of further signals begin.
    """

    letter: str
    signals: tuple[str, ...]
    prefix: str

    def has(self, signal: str) -> bool:
        """Whether a signal is measured in this part."""
        return signal in self.signals or signal.startswith(self.prefix)

    def is_in(self, row: WatchedRow) -> bool:
        """Whether the row has this part."""
        return {
            "i": True,
            "o": row.prediction is not None,
            "l": bool(row.example.targets),
            "s": row.score is not None,
            "f": row.feedback is not None,
        }[self.letter]


PARTS = (
    PartOfRow("i", ("slice",), "input_"),
    PartOfRow("o", ("answer",), "output_"),
    PartOfRow("l", (), "label"),
    PartOfRow("s", (), "score"),
    PartOfRow("f", (), "feedback"),
)
HASH_DIGITS = 12  # 48 bits: a million rows have 1.8 pairs that are taken for the same row


def short_hash(salt: str, *texts: str) -> str:
    """The first digits of the salted sha256 of texts."""
    return hashlib.sha256("\0".join((salt, *texts)).encode("utf-8", "replace")).hexdigest()[:HASH_DIGITS]


def uniform_hash(salt: str, *texts: str) -> float:
    """A number between 0 and 1 that is as good as random without the salt, and the same in every call."""
    digits = hashlib.sha256("\0".join((salt, "uniform", *texts)).encode("utf-8", "replace")).hexdigest()[:13]
    return (int(digits, 16) + 0.5) / 16**13


def pick_independent(rows: Iterable[WatchedRow], salt: str) -> list[WatchedRow]:
    """One row of each group, drawn at random, and every row without a group; in random order.

    The mean of a group would not do: groups of many rows have less extreme means, so that a change of their size would look like drift.
    """
    chosen: dict[tuple[str, str], tuple[float, WatchedRow]] = {}
    for row in rows:
        group = row.example.group
        unit = ("row", row.key) if group is None else ("group", group)
        place = uniform_hash(salt, "order", row.key)
        if unit not in chosen or place < chosen[unit][0]:
            chosen[unit] = (place, row)
    return [row for _, row in sorted(chosen.values(), key=lambda each: (each[0], each[1].key))]


def name_keys(contents: Sequence[str], salt: str) -> list[str]:
    """A key for each row by its content; of rows that repeat, each has another key, and the same keys in the same file."""
    counts: dict[str, int] = {}
    keys = []
    for content in contents:
        counts[content] = counts.get(content, 0) + 1
        keys.append(short_hash(salt, content, str(counts[content])))
    return keys
