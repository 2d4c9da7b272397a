"""The page on which a person labels rows: what it holds, and reading it back.

The page holds the rows themselves, so that it and the answers are all that is needed to make training examples.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.bounded_file import read_bounded
from harness.errors import BenchError
from harness.text import visible
from harness.webpage import unpack_content

ANSWERS_FORMAT = 1  # of the file that the page saves
_MOST_BYTES = 2**26  # of a page
_STRANGE = "is not a page of rows to label, or is damaged. Name the page that bench data label wrote"
_MOST_CONTENT = 2**28  # of its rows and texts, unpacked


@dataclass(frozen=True)
class RowToLabel:
    """A row.

    Attributes:
        columns: the row as it was read, by column, in values that JSON has.
        inputs: what the person reads, by name.
        suggestions: answers of models; empty if none are shown.
    """

    columns: Mapping[str, Any]
    inputs: Mapping[str, str]
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class RowPage:
    """The rows of a page.

    Attributes:
        target: the column that takes the labels.
        labels: those of the task; empty if the answer is a text.
    """

    target: str
    labels: tuple[str, ...]
    rows: tuple[RowToLabel, ...]

    @property
    def digest(self) -> str:
        """What the answers repeat: a hash of the target, the labels and the rows."""
        return _hash(self.target, self.labels, [row.columns for row in self.rows])

    def to_content(self) -> dict[str, Any]:
        """The data of the page. Rows are numbered from 1."""
        return {
            "page": self.digest,
            "target": self.target,
            "labels": list(self.labels),
            "shown_labels": [visible(label) for label in self.labels],
            "items": [
                {
                    "id": number,
                    "inputs": [[visible(name), visible(text)] for name, text in row.inputs.items()],
                    "suggestions": [visible(text) for text in row.suggestions],
                    "columns": row.columns,
                }
                for number, row in enumerate(self.rows, 1)
            ],
        }


def read_row_page(path: Path) -> RowPage:
    """Read a page with rows to label, without the suggestions.

    Raises:
        BenchError: the file cannot be read, is no such page, or is damaged.
    """
    page = read_bounded(path, _MOST_BYTES, too_large=_STRANGE)
    try:
        content = unpack_content(page, _MOST_CONTENT)
        target, labels = content["target"], content["labels"]
        rows = tuple(RowToLabel(item["columns"], dict(item["inputs"])) for item in content["items"])
        if not isinstance(target, str) or not all(isinstance(label, str) for label in labels):
            raise ValueError
        if not all(isinstance(row.columns, dict) for row in rows):
            raise ValueError
        result = RowPage(target, tuple(labels), rows)
        if content["page"] != result.digest:
            raise ValueError
        return result
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BenchError(f"{path}: {_STRANGE}") from None


def _hash(*values: Any) -> str:
    text = json.dumps(values, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
