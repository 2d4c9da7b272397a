"""Importing returned files: valid rows are recorded, each invalid row is rejected with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import BenchError
from harness.review.rater_files import ReturnedFile, ReturnedRow, quote, read_returned_file
from harness.review.ratings.rating_checks import PacketChecker, RejectedRowError
from harness.review.ratings.rating_records import ImportRecord, Rating, is_imported, save_import
from harness.store import PacketFolder, StoredRun, hash_file, list_packet_folders, settle_added_files


@dataclass(frozen=True)
class ImportSummary:
    """The result of importing one file."""

    source: str
    """The file's name."""
    new: int = 0
    """Ratings of items that the rater had not rated before."""
    replaced: int = 0
    """Ratings that replace an earlier answer."""
    unchanged: int = 0
    """Ratings that were recorded before."""
    outdated: int = 0
    """Ratings that differ from a later answer on record."""
    unanswered: int = 0
    """Rows without an answer."""
    rejected: tuple[str, ...] = ()
    """The reason for each row that cannot be used."""
    already_imported: bool = False
    """Whether a file with this content was imported before."""


def import_files(run: StoredRun, paths: Sequence[Path]) -> list[ImportSummary]:
    """Record the ratings of returned files. Importing a file again changes nothing, unless the record of its import is missing.

    Raises:
        BenchError: the run has no packet, one is damaged, or a file of another import is missing.
    """
    folders = list_packet_folders(run.path, imported_again=[hash_file(path) for path in paths if path.is_file()])
    if not folders:
        raise BenchError(f"{run.path}: no packet was exported from this run. Start with `bench review export`.")
    try:
        settle_added_files(run.path)  # this command may have been killed before, and then finds its file imported
    except OSError as error:
        raise BenchError(f"{run.path}: cannot be written: {error.strerror}") from None
    return [_import_file(run, folders, path) for path in paths]


def _import_file(run: StoredRun, folders: Sequence[PacketFolder], path: Path) -> ImportSummary:
    checkers = {checker.packet.id: checker for checker in (PacketChecker(run, folder) for folder in folders)}
    try:
        file = read_returned_file(path, {id_: checker.packet for id_, checker in checkers.items()})
    except BenchError as error:
        return ImportSummary(path.name, rejected=error.problems)
    imported_before = {id_ for id_, checker in checkers.items() if is_imported(checker.folder, file.sha256)}
    packets = {row.packet for row in file.rows} & checkers.keys()
    if packets and packets <= imported_before:
        return ImportSummary(path.name, already_imported=True)
    ratings, rejected, unanswered = _check_rows(file, checkers, run)
    new = replaced = unchanged = outdated = 0
    for packet, packet_ratings in ratings.items():
        if packet in imported_before:
            unchanged += len(packet_ratings)
            continue
        recorded = {(r.item, r.rater): r for r in checkers[packet].review.ratings}
        changed = []
        for rating in packet_ratings:
            earlier = recorded.get((rating.item, rating.rater))
            if earlier is None:
                new += 1
            elif rating.has_same_answer(earlier):
                unchanged += 1
                continue
            elif rating.replaces(earlier):
                replaced += 1
            else:
                outdated += 1
            changed.append(rating)
        _record_import(checkers[packet].folder, file, changed, rejected)
    return ImportSummary(path.name, new, replaced, unchanged, outdated, unanswered, tuple(rejected))


def _check_rows(
    file: ReturnedFile, checkers: Mapping[str, PacketChecker], run: StoredRun
) -> tuple[dict[str, list[Rating]], list[str], int]:
    """The valid ratings by packet, the reasons for the rejected rows, and the number of unanswered rows."""
    ratings: dict[str, dict[tuple[str, str], Rating]] = {}
    rejected, unanswered = list(file.rejected), 0
    for row in file.rows:
        try:
            checker = checkers.get(row.packet)
            if checker is None:
                raise RejectedRowError(f"packet '{quote(row.packet)}' is not a packet of {run.name} ({', '.join(checkers)})")
            item = checker.find_item(row)
            if row.is_unanswered:
                unanswered += 1
                continue
            rating = checker.check_row(row, item, from_spreadsheet=file.format == "spreadsheet")
            by_item = ratings.setdefault(checker.packet.id, {})
            by_item[rating.item, rating.rater] = _resolve_duplicate(by_item.get((rating.item, rating.rater)), rating, row)
        except RejectedRowError as error:
            rejected.append(f"{row.place}: {error}")
    return {id_: list(by_item.values()) for id_, by_item in ratings.items()}, rejected, unanswered


def _resolve_duplicate(earlier: Rating | None, rating: Rating, row: ReturnedRow) -> Rating:
    """The later of two ratings of the same item in one file."""
    if earlier is None or rating.has_same_answer(earlier):
        return rating
    if earlier.answered_at is None or rating.answered_at is None or earlier.answered_at == rating.answered_at:
        raise RejectedRowError(f"item '{row.item}' appears earlier in this file with another answer")
    return max(earlier, rating, key=lambda r: r.answered_at or "")


def _record_import(folder: PacketFolder, file: ReturnedFile, ratings: Sequence[Rating], rejected: Sequence[str]) -> None:
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    save_import(folder, ImportRecord(file.name, file.sha256, file.format, now, tuple(ratings), tuple(rejected)))
