"""The words that new texts have more often than the reference, with the rows that show them. Descriptive: no alarm rests on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.lifecycle.watch.text_values import hash_words, read_inputs
from harness.lifecycle.watch.watched_rows import WatchedRow
from harness.statistics import compare_shares

SHOWN_WORDS, SHOWN_EXAMPLES = 10, 3
_LEAST_TEXTS = 3
_LEAST_Z = 3.3  # p = 0.001, two-sided
_EXCERPT = 160  # characters


@dataclass(frozen=True)
class MovedWord:
    """A word that moved.

    Attributes:
        place: in the inputs, or in the outputs.
        before, now: the share of the texts that have it, in the reference and among the new rows.
        n: the new texts.
        z: of the difference of the two shares, in standard errors.
        examples: ids of rows that have it, with the text around it.
    """

    word: str
    place: Literal["inputs", "outputs"]
    before: float
    now: float
    n: int
    z: float
    examples: tuple[tuple[str, str], ...] = ()


def find_moved_words(
    rows: Sequence[WatchedRow], shares: Mapping[str, float], reference: int, place: Literal["inputs", "outputs"]
) -> list[MovedWord]:
    """The words that have become more frequent, those whose share grew most in standard errors first.

    The reference has hashed words: a word that shares its bucket with a frequent one looks less new than it is.

    Args:
        rows: independent new rows.
        shares: by hashed word, the share of the `reference` texts that have it.
    """
    readable = [(row.example.id, text) for row in rows if (text := _read(row, place)) is not None]
    ids, texts = [id_ for id_, _ in readable], [text for _, text in readable]
    if not texts or not reference:
        return []
    words = [hash_words(text) for text in texts]
    counts = Counter((bucket, word) for text in words for bucket, word in text.items())
    moved = []
    for (bucket, word), count in counts.items():
        before, now = shares.get(bucket, 0.0), count / len(texts)
        z = compare_shares(before * reference, reference, count, len(texts))
        if count >= _LEAST_TEXTS and z >= _LEAST_Z:
            moved.append(MovedWord(word, place, before, now, len(texts), z))
    moved.sort(key=lambda each: (-each.z, each.word))
    return [
        MovedWord(each.word, place, each.before, each.now, each.n, each.z, tuple(_show(each.word, ids, texts, words)))
        for each in moved[:SHOWN_WORDS]
    ]


def _read(row: WatchedRow, place: Literal["inputs", "outputs"]) -> str | None:
    if place == "inputs":
        return read_inputs(row.example)
    return None if row.prediction is None else row.prediction.output


def _show(word: str, ids: Sequence[str], texts: Sequence[str], words: Sequence[Mapping[str, str]]) -> list[tuple[str, str]]:
    shown: list[tuple[str, str]] = []
    for id_, text, own in zip(ids, texts, words, strict=True):
        if word in own.values() and len(shown) < SHOWN_EXAMPLES:
            place = max(0, text.casefold().find(word))
            start = max(0, place - _EXCERPT // 2)
            shown.append((id_, ("…" if start else "") + text[start : start + _EXCERPT]))
    return shown
