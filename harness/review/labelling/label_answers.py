"""The answers that a page of rows to label saves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bounded_file import read_bounded
from harness.data.records import name_hint, quote
from harness.errors import BenchError
from harness.review.labelling.row_page import ANSWERS_FORMAT, RowPage

_MOST_BYTES = 2**26
_STRANGE = "is not a file of answers, or is damaged. Name the file that the page of rows to label saved"


@dataclass(frozen=True)
class LabelAnswers:
    """What a person answered.

    Attributes:
        labels: by the place of the row, from 0.
        unanswerable: rows that cannot be answered.
    """

    labels: Mapping[int, str]
    unanswerable: frozenset[int]


def read_answers(path: Path, page: RowPage) -> LabelAnswers:
    """Read the answers to a page.

    Raises:
        BenchError: the file cannot be read, the page did not save it, it belongs to another page, or an answer does not fit the page.
    """
    values = _read(path)
    if values["page"] != page.digest:
        raise BenchError(f"{path}: has the answers of another page. Name the page that they were given on")
    labels: dict[int, str] = {}
    unanswerable: set[int] = set()
    for answer in values["answers"]:
        number, label, cannot = answer["row"], answer.get("label"), answer.get("unanswerable", False)
        if not 1 <= number <= len(page.rows):
            raise BenchError(f"{path}: answers row {quote(number)}, but the page has {len(page.rows)} rows. Save the answers again")
        if number - 1 in labels or number - 1 in unanswerable:
            raise BenchError(f"{path}: answers row {number} twice. Remove one of the answers")
        if cannot:
            unanswerable.add(number - 1)
        elif page.labels and label not in page.labels:
            raise BenchError(f"{path}: row {number}: the task has no label {quote(label)}.{name_hint(label, page.labels)}")
        elif label.strip():
            labels[number - 1] = label
    return LabelAnswers(labels, frozenset(unanswerable))


def _read(path: Path) -> dict[str, Any]:
    """The file, with values of the types that the page writes."""
    content = read_bounded(path, _MOST_BYTES, too_large=_STRANGE)
    try:
        values: dict[str, Any] = json.loads(content)
        if values["bench_labels"] != ANSWERS_FORMAT or not isinstance(values["page"], str) or not isinstance(values["answers"], list):
            raise ValueError
        if not all(map(_is_answer, values["answers"])):
            raise ValueError
        return values
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BenchError(f"{path}: {_STRANGE}") from None


def _is_answer(answer: Any) -> bool:
    if not isinstance(answer, dict) or type(answer.get("row")) is not int:
        return False
    cannot = answer.get("unanswerable", False)
    return cannot is True if "label" not in answer else cannot is False and isinstance(answer["label"], str)
