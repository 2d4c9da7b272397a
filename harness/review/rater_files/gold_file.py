"""Gold items: a file of the user with texts and the right answers, in the columns of a packet's spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.data.formats import open_table
from harness.data.records import BadRow
from harness.errors import BenchError, did_you_mean
from harness.review.packets import CheckItem, ReviewQuestion
from harness.review.rater_files.file_columns import INPUT_PREFIX, OUTPUT, REFERENCE
from harness.review.rater_files.returned_rows import quote, to_text

_MAX_ITEMS = 1_000
_MAX_CHARACTERS = 200_000
_SEPARATOR = "|"  # between several right answers


def read_gold_file(
    path: Path, questions: Sequence[ReviewQuestion], inputs: Sequence[str], *, outputs: int, with_reference: bool
) -> tuple[CheckItem, ...]:
    """The items of a gold file.

    Each row has the task's inputs (`input: NAME`, or NAME), the outputs (`output`, or `output A` and `output B`), and the right answer in
    the column of each question that has one; several right answers are separated by "|".

    Args:
        inputs: the names of the task's inputs.
        outputs: 2 for pairs, otherwise 1.
        with_reference: whether the packet shows references, so that each row needs one.

    Raises:
        BenchError: the file cannot be read, or a row is not as described.
    """
    table = open_table(path)
    names = [OUTPUT] if outputs == 1 else [f"{OUTPUT} A", f"{OUTPUT} B"]
    items: list[CheckItem] = []
    for record in table.rows():
        if isinstance(record, BadRow):
            raise BenchError(str(record))
        place = table.location(record.line)
        if len(items) == _MAX_ITEMS:
            raise BenchError(f"{path.name}: has more than {_MAX_ITEMS:,} gold items.")
        values = {str(name).strip().casefold(): to_text(value) for name, value in record.values.items()}
        items.append(
            CheckItem(
                kind="gold",
                inputs={name: _read_text(values, (f"{INPUT_PREFIX}{name}", name), place) for name in inputs},
                references=(_read_text(values, (REFERENCE,), place),) if with_reference else (),
                outputs=tuple(_read_text(values, (name,), place) for name in names),
                accepted=_read_answers(values, questions, place),
            )
        )
    if not items:
        raise BenchError(f"{path.name}: has no rows, so there are no gold items.")
    return tuple(items)


def _read_text(values: Mapping[str, str], columns: Sequence[str], place: str) -> str:
    for column in columns:
        if (text := values.get(column.casefold())) is not None:
            if len(text) > _MAX_CHARACTERS:
                raise BenchError(f"{place}: '{column}' has {len(text):,} characters; at most {_MAX_CHARACTERS:,} are allowed.")
            return text
    raise BenchError(f"{place}: has no column '{columns[-1]}'.{did_you_mean(columns[-1], map(quote, values))}")


def _read_answers(values: Mapping[str, str], questions: Sequence[ReviewQuestion], place: str) -> dict[str, tuple[str, ...]]:
    """The right answers by question, in the packet's spelling."""
    accepted = {}
    for question in questions:
        given = [answer.strip() for answer in values.get(question.name.casefold(), "").split(_SEPARATOR) if answer.strip()]
        spelling = {answer.casefold(): answer for answer in question.answers}
        unknown = [answer for answer in given if answer.casefold() not in spelling]
        if unknown:
            raise BenchError(f"{place}: {question.name}: '{quote(unknown[0])}' is not one of {', '.join(question.answers)}.")
        if given:
            accepted[question.name] = tuple(spelling[answer.casefold()] for answer in given)
    if not accepted:
        columns = ", ".join(f"'{question.name}'" for question in questions)
        raise BenchError(f"{place}: has no right answer. Write it into the column {columns}.")
    return accepted
