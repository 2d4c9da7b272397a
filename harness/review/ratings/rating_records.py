"""Recorded ratings: every import is kept, and a rater's latest answer counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.errors import BenchError
from harness.review.packets import Key, Packet, load_packet
from harness.store import PacketFolder, StoredRun, list_packet_folders
from harness.text import short


@dataclass(frozen=True)
class Rating:
    """One rater's answers to one item."""

    item: str
    """Its id."""
    rater: str
    answers: Mapping[str, str]
    """By question, in the packet's words."""
    kinds: tuple[str, ...] = ()
    """The kinds of errors that were marked."""
    corrected: str | None = None
    """The corrected version; None if the rater gave none or left the output unchanged."""
    comment: str = ""
    seconds: float | None = None
    """How long it took, if the page or Label Studio measured it."""
    answered_at: str | None = None
    """ISO 8601 in UTC, if the file says it."""
    person: str | None = None
    """Ids of the person who annotated it in Label Studio, separated by spaces."""

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
    """A packet with its ratings."""

    packet: Packet
    key: Key
    ratings: tuple[Rating, ...]
    """The latest rating of each item by each rater."""
    replaced: int
    """The number of earlier ratings that they replace."""


@dataclass(frozen=True)
class ImportRecord:
    """The ratings of one imported file that were new or changed. It is kept as it is, also when later answers replace some of them."""

    source: str
    """The file's name."""
    sha256: str
    """Of its content, in hex."""
    format: Literal["html", "spreadsheet", "label-studio"]
    imported_at: str
    """ISO 8601 in UTC."""
    ratings: tuple[Rating, ...]
    rejected: tuple[str, ...]
    """The reasons for its rejected rows."""


def load_reviews(run: StoredRun, task: str | None = None) -> list[Review]:
    """The run's packets (of one task) with their ratings, oldest first.

    Raises:
        BenchError: a packet or an import is damaged.
    """
    return [load_review(run, folder) for folder in list_packet_folders(run.path, task)]


def load_review(run: StoredRun, folder: PacketFolder) -> Review:
    """One packet with its ratings; raises as `load_reviews` does."""
    packet, key = load_packet(folder)
    unknown = sorted(set(key.cells.values()) - {cell.id for cell in run.cells})
    if unknown:
        advice = "Move the packet's folder away and export it again with `bench review export`."
        raise BenchError(f"{folder.key_file}: belongs to another run: {run.path} has no cell '{short(unknown[0], 40)}'. {advice}")
    records = [folder.read(file, ImportRecord, advice="Delete it and import the file again.") for file in folder.list_import_files()]
    ratings = [rating for record in sorted(records, key=lambda record: (record.imported_at, record.source)) for rating in record.ratings]
    latest = _select_latest(ratings)
    return Review(packet, key, tuple(latest.values()), len(ratings) - len(latest))


def save_import(folder: PacketFolder, record: ImportRecord) -> None:
    """Store the record of an imported file."""
    folder.write(folder.get_import_file(record.sha256), ImportRecord, record)


def is_imported(folder: PacketFolder, sha256: str) -> bool:
    """Whether a file with this content was imported before."""
    return folder.get_import_file(sha256).is_file()


def _select_latest(ratings: Iterable[Rating]) -> dict[tuple[str, str], Rating]:
    """The latest rating by item and rater. Ratings are in the order of their imports."""
    latest: dict[tuple[str, str], Rating] = {}
    for rating in ratings:
        earlier = latest.get((rating.item, rating.rater))
        if earlier is None or rating.replaces(earlier):
            latest[rating.item, rating.rater] = rating
    return latest
