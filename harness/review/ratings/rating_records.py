"""Recorded ratings: every import is kept, and a rater's latest answer counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
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
    adjudications: tuple[Review, ...] = ()
    """The packets that settle its disagreements, with their ratings, oldest first."""
    excluded: tuple[RaterExclusion, ...] = ()
    """The raters whose ratings do not count."""

    def include_all(self) -> Review:
        """The same review with the ratings of every rater."""
        return replace(self, excluded=())


@dataclass(frozen=True)
class RaterExclusion:
    """The user's decision that a rater's ratings do not count."""

    rater: str
    reason: str
    at: str
    """ISO 8601 in UTC."""


@dataclass(frozen=True)
class _ExclusionFile:
    raters: tuple[RaterExclusion, ...] = ()


@dataclass(frozen=True)
class ImportRecord:
    """The ratings of one imported file that were new or changed. It is kept as it is, also when later answers replace some of them."""

    source: str
    """The file's name."""
    sha256: str
    """Of its content, in hex."""
    format: Literal["html", "spreadsheet", "label-studio", "argilla"]
    imported_at: str
    """ISO 8601 in UTC."""
    ratings: tuple[Rating, ...]
    rejected: tuple[str, ...]
    """The reasons for its rejected rows."""


def load_reviews(run: StoredRun, task: str | None = None) -> list[Review]:
    """The run's packets (of one task) with their ratings, oldest first. Packets that settle disagreements are part of those they settle.

    Raises:
        BenchError: a packet or an import is damaged.
    """
    loaded = {folder.path: load_review(run, folder) for folder in list_packet_folders(run.path, task)}
    reviews = [review for review in loaded.values() if review.packet.adjudicates is None]
    settling: dict[str, list[Review]] = {review.packet.id: [] for review in reviews}
    by_id = {review.packet.id: review for review in reviews}
    for path, review in loaded.items():
        if review.packet.adjudicates is not None:
            _check_adjudication(path, review, by_id.get(review.packet.adjudicates.packet))
            settling[review.packet.adjudicates.packet].append(review)
    return [replace(review, adjudications=tuple(settling[review.packet.id])) for review in reviews]


def _check_adjudication(path: Path, review: Review, first: Review | None) -> None:
    """Check that a packet settles items of another packet of the run."""
    assert review.packet.adjudicates is not None
    if first is None:
        problem = f"settles packet '{short(review.packet.adjudicates.packet, 40)}', which this run does not have"
    elif review.packet.mode != first.packet.mode or review.packet.questions != first.packet.questions or review.key.checks:
        problem = f"asks other questions than packet {first.packet.id}, which it settles"
    elif not _get_units(review) <= _get_units(first) or review.key.cells != first.key.cells:
        problem = f"has items that packet {first.packet.id}, which it settles, does not have"
    else:
        return
    raise BenchError(f"{path}: {problem}. Move the packet's folder away and run `bench review adjudicate` again.")


def _get_units(review: Review) -> set[tuple[str, tuple[str, ...]]]:
    """The examples of a packet with the strategies whose outputs are shown."""
    items = ((item.example, review.key.items.get(item.id)) for item in review.packet.items)
    return {(example, tuple(sorted(key.strategies))) for example, key in items if key is not None}


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
    return Review(packet, key, tuple(latest.values()), len(ratings) - len(latest), excluded=load_exclusions(folder))


def load_exclusions(folder: PacketFolder) -> tuple[RaterExclusion, ...]:
    """The raters of a packet whose ratings do not count.

    Raises:
        BenchError: the file is damaged.
    """
    if not folder.exclusions_file.is_file():
        return ()
    advice = "Restore it from a backup, or delete it and exclude the raters again with `bench review exclude`."
    return folder.read(folder.exclusions_file, _ExclusionFile, advice=advice).raters


def save_exclusions(folder: PacketFolder, excluded: Sequence[RaterExclusion]) -> None:
    """Store which raters' ratings do not count."""
    folder.write(folder.exclusions_file, _ExclusionFile, _ExclusionFile(tuple(excluded)))


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
