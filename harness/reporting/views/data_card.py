"""What a data card says about the data of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from harness.data.checks import DataCheck
from harness.reporting.views.recall_view import KindRecall
from harness.types import DataAbout, SplitSpec


@dataclass(frozen=True)
class DataFile:
    """A file of the data.

    Attributes:
        split: "file" if bench splits it.
        size: in bytes.
    """

    name: str
    split: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DataCard:
    """The data of a task: what its author declares, how it is split, and what a check found.

    Attributes:
        files: none for data of the Hub or of a source.
        locked_test: the digest of the locked test set, or None.
        columns: by role.
        recall: of anonymization, by kind, as a person marked it; and the texts that this person read. None where nothing was marked.
        made: the day on which the card was made.
    """

    name: str
    description: str
    version: str
    about: DataAbout
    files: tuple[DataFile, ...]
    split: SplitSpec
    locked_test: str | None
    columns: Mapping[str, str]
    check: DataCheck
    recall: tuple[int, tuple[KindRecall, ...]] | None
    made: date
