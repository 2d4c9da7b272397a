"""Returned rows checked against their packet: each becomes a rating or is rejected with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from harness.errors import did_you_mean
from harness.results import TaskScores
from harness.review.packets import NO_ERROR, ItemTexts, ReviewItem, list_error_kinds, list_questions, load_item_texts, make_guard
from harness.review.rater_files import ReturnedRow, quote
from harness.review.ratings.rating_records import Rating, load_review
from harness.review.ratings.text_restoration import is_unchanged, restore_text
from harness.store import PacketFolder, StoredRun
from harness.text import visible

_COMPARED = 1000  # characters of an output that tell which item it belongs to


class RejectedRowError(Exception):
    """Why a row is rejected."""


class PacketChecker:
    """Checks the rows of one packet."""

    def __init__(self, run: StoredRun, folder: PacketFolder) -> None:
        self._run, self.folder = run, folder
        self.review = load_review(run, folder)
        self.packet = self.review.packet
        self._items = {item.id: item for item in self.packet.items}
        self._answers = {question.name: question.answers for question in list_questions(self.packet)}
        # The ids of the people behind each rater's name in Label Studio. The first person to do a rater's tasks has the rater's name.
        self._people: dict[str, set[str]] = {}
        for rating in self.review.ratings:
            if rating.person is not None:
                self._people.setdefault(rating.rater, set()).update(rating.person.split())

    @cached_property
    def _texts(self) -> Mapping[str, ItemTexts]:
        return {item.id: item for items in load_item_texts(self._run, self.packet, self.review.key).values() for item in items}

    @cached_property
    def _surrogate_texts(self) -> Mapping[str, ItemTexts]:
        """The texts as raters see them in a packet that was exported with surrogates."""
        guard = make_guard(self.review.key, anonymize=True)
        return {item.id: item for items in load_item_texts(self._run, self.packet, self.review.key, guard).values() for item in items}

    @cached_property
    def _labels(self) -> tuple[str, ...]:
        """The labels that an output is chosen from; empty where outputs are free text."""
        return TaskScores(self._run, self._run.plan.tasks[self.packet.task]).labels

    def find_item(self, row: ReturnedRow) -> ReviewItem:
        """The item that a row is about.

        Raises:
            RejectedRowError: the packet has no such item.
        """
        item = self._items.get(row.item)
        if item is None:
            raise RejectedRowError(f"packet {self.packet.id} has no item '{quote(row.item)}'")
        return item

    def check_row(self, row: ReturnedRow, item: ReviewItem, *, from_spreadsheet: bool) -> Rating:
        """The row as a rating.

        Raises:
            RejectedRowError: the row cannot be used.
        """
        if row.problem:
            raise RejectedRowError(row.problem)
        self._check_outputs(row)
        unknown = [name for name, answer in row.answers.items() if name not in self._answers and answer]
        if unknown:
            raise RejectedRowError(f"unknown question '{quote(unknown[0])}'.{did_you_mean(unknown[0], self._answers)}")
        known_kinds = list_error_kinds(self.packet)
        kinds = {_match_answer("kinds of errors", kind, known_kinds) for kind in row.kinds} if known_kinds else set()
        answers = {name: _match_answer(name, row.answers.get(name, ""), options) for name, options in self._answers.items()}
        question, no_error = NO_ERROR
        if kinds and answers.get(question) == no_error:
            raise RejectedRowError(f"{question}: is '{no_error}', but kinds of errors are marked: {', '.join(sorted(kinds))}")
        corrected = self._check_correction(row, from_spreadsheet=from_spreadsheet)
        return Rating(
            item=row.item,
            rater=self._identify_rater(row, item),  # last, so that a rejected row does not register a person
            answers=answers,
            kinds=tuple(kind for kind in known_kinds if kind in kinds),
            corrected=corrected,
            comment=row.comment.strip(),
            seconds=row.seconds,
            answered_at=_parse_time(row.answered_at),
            person=" ".join(row.person) or None,
        )

    @cached_property
    def _shown_outputs(self) -> Mapping[str, Sequence[str]]:
        """The letters of the outputs that raters see, by item."""
        shown = self._surrogate_texts if self.packet.anonymized else self._texts
        return {item: [_take_letters(output) for output in texts.outputs] for item, texts in shown.items()}

    @cached_property
    def _known_outputs(self) -> frozenset[str]:
        return frozenset(letters for outputs in self._shown_outputs.values() for letters in outputs)

    def _check_outputs(self, row: ReturnedRow) -> None:
        """Check that a row shows the outputs of its own item: spreadsheet programs sort a column without the others."""
        if not row.outputs:
            return
        for returned, own in zip(map(_take_letters, row.outputs), self._shown_outputs[row.item], strict=False):
            if returned and returned != own and returned in self._known_outputs:
                raise RejectedRowError(
                    f"shows an output of another item than '{row.item}'. Was a column sorted without the others? Rate in a fresh copy of "
                    "the packet"
                )

    def _identify_rater(self, row: ReturnedRow, item: ReviewItem) -> str:
        """Who gave the rating. An item belongs to one rater, but in Label Studio several people may annotate it: each is a rater."""
        if row.rater.strip() and not _is_same_name(row.rater.strip(), item.rater):
            raise RejectedRowError(f"rater: the item is assigned to {item.rater}, not to '{quote(row.rater)}'")
        if not row.person:
            return item.rater
        candidates = {name: ids for name, ids in self._people.items() if name.partition("/")[0] == item.rater}
        same_person = next((name for name, ids in candidates.items() if ids & set(row.person)), None)
        name = same_person or (item.rater if item.rater not in self._people else f"{item.rater}/{row.person[-1]}")
        self._people.setdefault(name, set()).update(row.person)
        return name

    def _check_correction(self, row: ReturnedRow, *, from_spreadsheet: bool) -> str | None:
        """The corrected version, which is a label where outputs are labels; None where nothing was changed."""
        if not row.corrected.strip():
            return None
        item, surrogates = self._texts[row.item], self._surrogate_texts[row.item]
        shown = [text for each in (item, surrogates) for text in (*each.outputs, *(text for _, text in each.inputs))]
        try:
            text = restore_text(row.corrected, shown, from_spreadsheet=from_spreadsheet)
        except ValueError as error:
            raise RejectedRowError(f"corrected version: {error}") from None
        if not self._labels:
            return None if is_unchanged(text, (*item.outputs, *surrogates.outputs)) else text
        label = next((name for name in self._labels if name.casefold() == text.strip().casefold()), None)
        if label is None:
            raise RejectedRowError(f"corrected version: '{quote(text)}' is not a label.{did_you_mean(text.strip(), self._labels)}")
        return None if label in item.outputs and len(item.outputs) == 1 else label


def _take_letters(text: str) -> str:
    """The beginning of a text as it is shown, without anything that spreadsheet programs change."""
    return "".join(character for character in visible(text[: 2 * _COMPARED]) if character.isalnum())[:_COMPARED]


def _match_answer(question: str, text: str, answers: Sequence[str]) -> str:
    """The answer in the packet's spelling."""
    if not text.strip():
        raise RejectedRowError(f"{question}: is not answered, although other columns are filled in")
    match = next((answer for answer in answers if answer.casefold() == text.strip().casefold()), None)
    if match is None:
        raise RejectedRowError(f"{question}: '{quote(text)}' is not one of {', '.join(answers)}")
    return match


def _is_same_name(one: str, other: str) -> bool:
    """Whether two names are the same; a spreadsheet turns 01 into 1."""
    try:
        return one.casefold() == other.casefold() or float(one) == float(other)
    except ValueError:
        return False


def _parse_time(text: str | None) -> str | None:
    """A time in UTC, in a form that sorts as text; None where it cannot be read."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return None
