"""Files that came back, checked row by row and put on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from harness.errors import BenchError, did_you_mean
from harness.results import TaskResults
from harness.review.packets import Item, Judgement, Packet, columns_of, items_of
from harness.review.ratings.ratings import Rating, Review, is_later, review_of, same
from harness.review.ratings.reading import Raw, Returned, read_returned, shown
from harness.review.ratings.restoring import restored, unchanged
from harness.store import PacketFolder, StoredRun, packet_folders

_TABLES = ("csv", "tsv", "xlsx")


@dataclass(frozen=True)
class Imported:
    """What became of one file: how many ratings are new, how many replace an earlier answer, how many were known, how many say something
    else but are older than what is on record, and which rows were refused. `unanswered` are rows without an answer."""

    source: str
    new: int
    replaced: int
    known: int
    older: int
    unanswered: int
    refused: tuple[str, ...]
    seen_before: bool = False


class _RefusedError(Exception):
    """Why a row cannot be used."""


class _Desk:
    """A packet with what it takes to check a row of it."""

    def __init__(self, run: StoredRun, folder: PacketFolder) -> None:
        self._run, self.folder = run, folder
        self.review: Review = review_of(folder)
        self.packet: Packet = self.review.packet
        self.judgements: Mapping[str, Judgement] = {j.id: j for j in self.packet.judgements}
        # who does a rater's tasks in Label Studio, by what they are called here: the first who did stands for the rater
        self.people: dict[str, set[str]] = {}
        for rating in self.review.ratings:
            if rating.person is not None:
                self.people.setdefault(rating.rater, set()).update(rating.person.split())

    @cached_property
    def items(self) -> Mapping[str, Item]:
        """What stood behind each judgement."""
        return {item.id: item for own in items_of(self._run, self.packet, self.review.key).values() for item in own}

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels that an answer is chosen from; none where it is written."""
        return TaskResults(self._run, self._run.plan.tasks[self.packet.task]).labels


def import_files(run: StoredRun, paths: Sequence[Path]) -> list[Imported]:
    """Put what came back on record: good rows are kept, each bad one is refused with its reason. A file that is on record already changes
    nothing.

    Raises:
        BenchError: the run has no packet, or one is damaged.
    """
    folders = packet_folders(run.path)
    if not folders:
        raise BenchError(f"{run.path}: nothing was exported from this run, so nothing can come back. Begin with `bench review export`")
    return [_import(run, folders, path) for path in paths]


def _import(run: StoredRun, folders: Sequence[PacketFolder], path: Path) -> Imported:
    desks = {desk.packet.id: desk for desk in (_Desk(run, folder) for folder in folders)}
    try:
        returned = read_returned(path, [desk.packet for desk in desks.values()])
    except BenchError as error:
        return Imported(path.name, 0, 0, 0, 0, 0, error.problems)
    on_record = {id_ for id_, desk in desks.items() if desk.folder.imported(returned.sha256)}
    named = {row.packet for row in returned.rows} & desks.keys()
    if named and named <= on_record:
        return Imported(path.name, 0, 0, 0, 0, 0, (), seen_before=True)
    good, refused, unanswered = _checked(returned, desks, run)
    new = replaced = known = older = 0
    for packet_id, ratings in good.items():
        if packet_id in on_record:
            known += len(ratings)
            continue
        before = {(r.item, r.rater): r for r in desks[packet_id].review.ratings}
        fresh = [r for r in ratings if not same(before.get((r.item, r.rater)), r)]
        later = sum(is_later(r, before.get((r.item, r.rater))) for r in fresh)
        added = sum((r.item, r.rater) not in before for r in fresh)
        new, replaced = new + added, replaced + later - added
        known, older = known + len(ratings) - len(fresh), older + len(fresh) - later
        record = {
            "source": returned.name,
            "sha256": returned.sha256,
            "format": returned.format,
            "imported_at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "ratings": [asdict(rating) for rating in fresh],
            "refused": list(refused),
        }
        desks[packet_id].folder.add_import(returned.sha256, record)
    return Imported(path.name, new, replaced, known, older, unanswered, tuple(refused))


def _checked(returned: Returned, desks: Mapping[str, _Desk], run: StoredRun) -> tuple[dict[str, list[Rating]], list[str], int]:
    """The good rows by packet, the reasons of the others, and how many have no answer yet."""
    good: dict[str, dict[tuple[str, str], Rating]] = {}
    refused, unanswered = list(returned.refused), 0
    for row in returned.rows:
        try:
            desk = desks.get(row.packet)
            if desk is None:
                raise _RefusedError(f"the packet '{shown(row.packet)}' is none of {run.name} ({', '.join(desks)})")
            judgement = desk.judgements.get(row.item)
            if judgement is None:
                raise _RefusedError(f"the packet {desk.packet.id} has no item '{shown(row.item)}'")
            if row.empty:
                unanswered += 1
                continue
            rating = _rating(row, desk, judgement, table=returned.format in _TABLES)
            own = good.setdefault(desk.packet.id, {})
            before = own.get((rating.item, rating.rater))
            if before is not None and not same(before, rating):
                if before.answered_at is None or rating.answered_at is None or before.answered_at == rating.answered_at:
                    raise _RefusedError(f"the item '{row.item}' stands in this file before, with another answer")
                rating = max(before, rating, key=lambda r: r.answered_at or "")
            own[rating.item, rating.rater] = rating
        except _RefusedError as error:
            refused.append(f"{row.place}: {error}")
    return {id_: list(own.values()) for id_, own in good.items()}, refused, unanswered


def _rating(row: Raw, desk: _Desk, judgement: Judgement, *, table: bool) -> Rating:
    packet = desk.packet
    if row.problem:
        raise _RefusedError(row.problem)
    columns = columns_of(packet)
    unknown = [name for name, text in row.answers.items() if name not in columns and text]
    if unknown:
        raise _RefusedError(f"no question is called '{shown(unknown[0])}'.{did_you_mean(unknown[0], columns)}")
    kinds = {_answer("kinds of errors", kind, packet.questions.errors) for kind in row.kinds} if packet.mode == "errors" else set()
    answers = {name: _answer(name, row.answers.get(name, ""), known) for name, known in columns.items()}
    corrected = _corrected(row, desk, table=table)
    return Rating(
        item=row.item,
        rater=_rater(row, desk, judgement),  # last: a row that is refused makes nobody a rater
        answers=answers,
        kinds=tuple(kind for kind in packet.questions.errors if kind in kinds),
        corrected=corrected,
        comment=row.comment.strip(),
        seconds=row.seconds,
        answered_at=_time(row.answered_at),
        person=" ".join(row.person) or None,
    )


def _answer(name: str, text: str, answers: Sequence[str]) -> str:
    """The answer that is meant, in the packet's words."""
    if not text.strip():
        raise _RefusedError(f"{name}: is not answered, but something else is")
    found = next((answer for answer in answers if answer.casefold() == text.strip().casefold()), None)
    if found is None:
        raise _RefusedError(f"{name}: '{shown(text)}' is none of {', '.join(answers)}")
    return found


def _rater(row: Raw, desk: _Desk, judgement: Judgement) -> str:
    """Whose judgement it is. A judgement belongs to one rater; in Label Studio several people may do the same tasks, and each is one."""
    if row.rater.strip() and not _same_name(row.rater.strip(), judgement.rater):
        raise _RefusedError(f"rater: the judgement is that of {judgement.rater}, and the row names '{shown(row.rater)}'")
    if not row.person:
        return judgement.rater
    ours = {name: ids for name, ids in desk.people.items() if name.partition("/")[0] == judgement.rater}
    known = next((name for name, ids in ours.items() if ids & set(row.person)), None)
    name = known or (judgement.rater if judgement.rater not in desk.people else f"{judgement.rater}/{row.person[-1]}")
    desk.people.setdefault(name, set()).update(row.person)
    return name


def _same_name(one: str, other: str) -> bool:
    """Whether two names are the same; a spreadsheet makes 1 of 01."""
    try:
        return one.casefold() == other.casefold() or float(one) == float(other)
    except ValueError:
        return False


def _corrected(row: Raw, desk: _Desk, *, table: bool) -> str | None:
    """The text as it should be; None where nothing was changed. Where answers are chosen, it is one of the labels."""
    if not row.corrected.strip():
        return None
    item = desk.items[row.item]
    try:
        text = restored(row.corrected, [*item.outputs, *(given for _, given in item.inputs)], table=table)
    except ValueError as error:
        raise _RefusedError(f"corrected text: {error}") from None
    if not desk.labels:
        return None if unchanged(text, item.outputs) else text
    label = next((name for name in desk.labels if name.casefold() == text.strip().casefold()), None)
    if label is None:
        raise _RefusedError(f"corrected text: '{shown(text)}' is none of the labels.{did_you_mean(text.strip(), desk.labels)}")
    return None if label in item.outputs and len(item.outputs) == 1 else label


def _time(text: str | None) -> str | None:
    """A time in UTC that texts can be sorted by; None where it is none."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return None
