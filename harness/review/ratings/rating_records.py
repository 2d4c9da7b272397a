"""Recorded ratings: every import is kept, and a rater's latest answer counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import BenchError
from harness.review.packets import Key, Packet, load_packet
from harness.store import PacketFolder, StoredRun, list_packet_folders


@dataclass(frozen=True)
class Rating:
    """One rater's answers to one item.

    Attributes:
        item: its id.
        answers: by question, in the packet's words.
        kinds: the kinds of errors that were marked.
        corrected: the corrected version; None where the rater gave none or left the output unchanged.
        seconds: how long it took, where the page could measure it.
        answered_at: ISO 8601 in UTC, where the file says it.
        person: ids of the person who annotated it in Label Studio, separated by spaces.
    """

    item: str
    rater: str
    answers: Mapping[str, str]
    kinds: tuple[str, ...] = ()
    corrected: str | None = None
    comment: str = ""
    seconds: float | None = None
    answered_at: str | None = None
    person: str | None = None

    def has_same_answer(self, other: Rating) -> bool:
        """Whether both ratings say the same."""
        return self._content == other._content

    def replaces(self, earlier: Rating) -> bool:
        """Whether this rating was given later; where a file does not say when, the later import counts as later."""
        if earlier.answered_at is None or self.answered_at is None:
            return True
        return self.answered_at >= earlier.answered_at

    @property
    def _content(self) -> tuple[object, ...]:
        return dict(self.answers), self.kinds, self.corrected, self.comment


@dataclass(frozen=True)
class Review:
    """A packet with its ratings: the latest of each rater for each item. `replaced` counts the earlier ones."""

    packet: Packet
    key: Key
    ratings: tuple[Rating, ...]
    replaced: int


def load_reviews(run: StoredRun, task: str | None = None) -> list[Review]:
    """The run's packets (of one task) with their ratings, oldest first.

    Raises:
        BenchError: a packet or an import is damaged.
    """
    folders = list_packet_folders(run.path)
    return [load_review(folder) for folder in folders if task is None or folder.read_packet().get("task") == task]


def load_review(folder: PacketFolder) -> Review:
    """One packet with its ratings; raises as `load_reviews` does."""
    packet, key = load_packet(folder)
    ratings = [_parse_rating(folder, value, record) for record in folder.read_imports() for value in record.get("ratings", ())]
    latest = _select_latest(ratings)
    return Review(packet, key, tuple(latest.values()), len(ratings) - len(latest))


def _select_latest(ratings: Iterable[Rating]) -> dict[tuple[str, str], Rating]:
    """The latest rating by item and rater. Ratings are in the order of their imports."""
    latest: dict[tuple[str, str], Rating] = {}
    for rating in ratings:
        earlier = latest.get((rating.item, rating.rater))
        if earlier is None or rating.replaces(earlier):
            latest[rating.item, rating.rater] = rating
    return latest


def _parse_rating(folder: PacketFolder, value: Any, record: Mapping[str, Any]) -> Rating:
    try:
        return Rating(**value | {"kinds": tuple(value["kinds"]), "answers": dict(value["answers"])})
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(f"{folder.path}: the import of {record.get('source')!r} is damaged ({type(error).__name__}: {error})") from None
