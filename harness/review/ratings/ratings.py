"""Ratings on record: the later answer of a rater before the earlier, and both kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import BenchError
from harness.review.packets import Key, Packet, load
from harness.store import PacketFolder, StoredRun, packet_folders


@dataclass(frozen=True)
class Rating:
    """One rater's answers to one judgement. `answers` are by question, in the words of the packet; `corrected` is None where the
    rater would change nothing, or did not say; `seconds` what it took, where the page could see that; `person` is who annotated in Label
    Studio."""

    item: str
    rater: str
    answers: Mapping[str, str]
    kinds: tuple[str, ...] = ()
    corrected: str | None = None
    comment: str = ""
    seconds: float | None = None
    answered_at: str | None = None
    person: str | None = None


@dataclass(frozen=True)
class Review:
    """A packet with everything that was answered: the latest ratings, and how many older ones they replace."""

    packet: Packet
    key: Key
    ratings: tuple[Rating, ...]
    superseded: int


def reviews_of(run: StoredRun, task: str | None = None) -> list[Review]:
    """The packets of a run (of one task) with their ratings, the oldest first.

    Raises:
        BenchError: a packet or an import is damaged.
    """
    folders = packet_folders(run.path)
    return [review_of(folder) for folder in folders if task is None or folder.packet().get("task") == task]


def review_of(folder: PacketFolder) -> Review:
    """One packet with its ratings; raises as `reviews_of` does."""
    packet, key = load(folder)
    every = [_rating(folder, value, record) for record in folder.imports() for value in record.get("ratings", ())]
    latest = _latest(every)
    return Review(packet, key, tuple(latest.values()), len(every) - len(latest))


def same(one: Rating | None, other: Rating) -> bool:
    """Whether nothing that was said differs."""
    return one is not None and _said(one) == _said(other)


def _said(rating: Rating) -> tuple[Any, ...]:
    return dict(rating.answers), rating.kinds, rating.corrected, rating.comment


def _latest(ratings: Iterable[Rating]) -> dict[tuple[str, str], Rating]:
    """Of each rater and judgement the answer that was given last; where a file does not say when, the order of the imports counts."""
    latest: dict[tuple[str, str], Rating] = {}
    for rating in ratings:
        before = latest.get((rating.item, rating.rater))
        if is_later(rating, before):
            latest[rating.item, rating.rater] = rating
    return latest


def is_later(rating: Rating, before: Rating | None) -> bool:
    """Whether it takes the place of what was there."""
    if before is None or before.answered_at is None or rating.answered_at is None:
        return True
    return rating.answered_at >= before.answered_at


def _rating(folder: PacketFolder, value: Any, record: Mapping[str, Any]) -> Rating:
    try:
        return Rating(**value | {"kinds": tuple(value["kinds"]), "answers": dict(value["answers"])})
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(f"{folder.path}: the import of {record.get('source')!r} is damaged ({type(error).__name__}: {error})") from None
