"""Ratings on record: checked against the packet, put beside those that are there, the later answer of a rater before the earlier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.errors import BenchError, did_you_mean
from harness.review.packet import Key, Packet, columns_of, load
from harness.review.reading import Raw, Returned, read_returned, shown
from harness.store import Run
from harness.store.reviews import PacketFolder, packet_folders

_RATER_LIMIT = 80


@dataclass(frozen=True)
class Rating:
    """One rater's answers to one judgement. `answers` are by question, in the words of the packet; `corrected` is None where the
    rater would change nothing, or did not say; `seconds` what it took, where the page could see that."""

    item: str
    rater: str
    answers: Mapping[str, str]
    kinds: tuple[str, ...] = ()
    corrected: str | None = None
    comment: str = ""
    seconds: float | None = None
    answered_at: str | None = None


@dataclass(frozen=True)
class Imported:
    """What became of one file: how many ratings are new, how many replace an earlier answer, how many were known or are older than what is,
    and which rows were refused. `unanswered` are rows without an answer."""

    source: str
    new: int
    replaced: int
    known: int
    unanswered: int
    refused: tuple[str, ...]
    seen_before: bool = False


@dataclass(frozen=True)
class Review:
    """A packet with everything that was answered: the latest ratings, and how many older ones they replace."""

    packet: Packet
    key: Key
    ratings: tuple[Rating, ...]
    superseded: int


def reviews_of(run: Run, task: str | None = None) -> list[Review]:
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


def import_files(run: Run, paths: Sequence[Path]) -> list[Imported]:
    """Put what came back on record: good rows are kept, each bad one is refused with its reason. A file that is on record already changes
    nothing.

    Raises:
        BenchError: the run has no packet.
    """
    folders = packet_folders(run.path)
    if not folders:
        raise BenchError(f"{run.path}: nothing was exported from this run, so nothing can come back. Begin with `bench review export`")
    return [_import(run, folders, path) for path in paths]


def _import(run: Run, folders: Sequence[PacketFolder], path: Path) -> Imported:
    reviews = {review.packet.id: (folder, review) for folder in folders for review in (review_of(folder),)}
    packets = [review.packet for _, review in reviews.values()]
    try:
        returned = read_returned(path, packets)
    except BenchError as error:
        return Imported(path.name, 0, 0, 0, 0, error.problems)
    if any(folder.imported(returned.sha256) for folder, _ in reviews.values()):
        return Imported(path.name, 0, 0, 0, 0, (), seen_before=True)
    good, refused, unanswered = _checked(returned, {packet.id: packet for packet in packets}, run)
    new = replaced = known = 0
    for packet_id, ratings in good.items():
        folder, review = reviews[packet_id]
        before = {(r.item, r.rater): r for r in review.ratings}
        fresh = [r for r in ratings if not _same(before.get((r.item, r.rater)), r)]
        later = sum(_is_later(r, before.get((r.item, r.rater))) for r in fresh)
        added = sum((r.item, r.rater) not in before for r in fresh)
        known += len(ratings) - later
        replaced += later - added
        new += added
        record = {
            "source": returned.name,
            "sha256": returned.sha256,
            "format": returned.format,
            "imported_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "ratings": [asdict(rating) for rating in fresh],
            "refused": list(refused),
        }
        folder.add_import(returned.sha256, record)
    return Imported(path.name, new, replaced, known, unanswered, tuple(refused))


def _checked(returned: Returned, packets: Mapping[str, Packet], run: Run) -> tuple[dict[str, list[Rating]], list[str], int]:
    """The good rows by packet, the reasons of the others, and how many have no answer yet."""
    judgements = {packet.id: {j.id: j for j in packet.judgements} for packet in packets.values()}
    good: dict[str, dict[tuple[str, str], Rating]] = {}
    refused, unanswered = list(returned.refused), 0
    for row in returned.rows:
        packet = packets.get(row.packet)
        if packet is None:
            refused.append(f"{row.place}: the packet '{shown(row.packet)}' is none of {run.name} ({', '.join(packets)})")
            continue
        judgement = judgements[packet.id].get(row.item)
        if judgement is None:
            refused.append(f"{row.place}: the packet {packet.id} has no item '{shown(row.item)}'")
            continue
        if row.empty:
            unanswered += 1
            continue
        problem = _problem(row, packet)
        if problem:
            refused.append(f"{row.place}: {problem}")
            continue
        rating = _as_rating(row, packet, row.rater or judgement.rater)
        own = good.setdefault(packet.id, {})
        if (rating.item, rating.rater) in own and not _same(own[rating.item, rating.rater], rating):
            refused.append(f"{row.place}: the item '{row.item}' stands in this file before, with another answer")
            continue
        own[rating.item, rating.rater] = rating
    return {id_: list(own.values()) for id_, own in good.items()}, refused, unanswered


def _problem(row: Raw, packet: Packet) -> str | None:
    """Why a row cannot be used."""
    columns = columns_of(packet)
    unknown = [name for name, text in row.answers.items() if name not in columns and text]
    if unknown:
        return f"no question is called '{shown(unknown[0])}'.{did_you_mean(unknown[0], columns)}"
    for name, answers in columns.items():
        text = row.answers.get(name, "")
        if not text:
            return f"{name}: is not answered, but something else is"
        if _answer(text, answers) is None:
            return f"{name}: '{shown(text)}' is none of {', '.join(answers)}"
    wrong = [kind for kind in row.kinds if _answer(kind, packet.questions.errors) is None]
    if wrong:
        return f"kinds of errors: '{shown(wrong[0])}' is none of {', '.join(packet.questions.errors)}"
    if len(row.rater) > _RATER_LIMIT:
        return f"rater: the name has {len(row.rater):,} characters; {_RATER_LIMIT} do"
    return None


def _answer(text: str, answers: Sequence[str]) -> str | None:
    """The answer that is meant, in the packet's words."""
    return next((answer for answer in answers if answer.casefold() == text.strip().casefold()), None)


def _as_rating(row: Raw, packet: Packet, rater: str) -> Rating:
    answers = {name: str(_answer(row.answers[name], known)) for name, known in columns_of(packet).items()}
    kinds = {_answer(kind, packet.questions.errors) for kind in row.kinds} if packet.mode == "errors" else set()
    return Rating(
        item=row.item,
        rater=rater,
        answers=answers,
        kinds=tuple(kind for kind in packet.questions.errors if kind in kinds),
        corrected=row.corrected if row.corrected.strip() else None,
        comment=row.comment.strip(),
        seconds=row.seconds,
        answered_at=_time(row.answered_at),
    )


def _same(one: Rating | None, other: Rating) -> bool:
    """Whether nothing that was said differs."""
    return one is not None and _said(one) == _said(other)


def _said(rating: Rating) -> tuple[Any, ...]:
    return dict(rating.answers), rating.kinds, rating.corrected, rating.comment


def _time(text: str | None) -> str | None:
    """A time in UTC that texts can be sorted by; None where it is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return None


def _latest(ratings: Iterable[Rating]) -> dict[tuple[str, str], Rating]:
    """Of each rater and judgement the answer that was given last; where a file does not say when, the order of the imports counts."""
    latest: dict[tuple[str, str], Rating] = {}
    for rating in ratings:
        before = latest.get((rating.item, rating.rater))
        if _is_later(rating, before):
            latest[rating.item, rating.rater] = rating
    return latest


def _is_later(rating: Rating, before: Rating | None) -> bool:
    """Whether it takes the place of what was there."""
    if before is None or before.answered_at is None or rating.answered_at is None:
        return True
    return rating.answered_at >= before.answered_at


def _rating(folder: PacketFolder, value: Any, record: Mapping[str, Any]) -> Rating:
    try:
        return Rating(**value | {"kinds": tuple(value["kinds"]), "answers": dict(value["answers"])})
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(f"{folder.path}: the import of {record.get('source')!r} is damaged ({type(error).__name__}: {error})") from None
