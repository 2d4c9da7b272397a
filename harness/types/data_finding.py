"""What a check of data found: the kind of finding, how serious it is, and the rows that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# "spoils": a result on these data would be wrong; "warns": a person should decide; "notes": good to know.
Severity = Literal["spoils", "warns", "notes"]
FindingCode = Literal[
    "leaks",
    "near_leaks",
    "duplicates",
    "near_duplicates",
    "conflicts",
    "several_references",
    "empty",
    "unusable",
    "unseen_classes",
    "small_classes",
    "untested_classes",
    "dominant_class",
    "label_suspects",
    "repeated_targets",
    "placeholder_targets",
    "unsupported_targets",
    "damaged_encoding",
    "lost_characters",
    "control_characters",
    "shared_groups",
    "divided_groups",
    "cut_prompts",
    "other_languages",
    "long_texts",
    "unlike_others",
    "ordered_by_time",
]


@dataclass(frozen=True, slots=True)
class RowName:
    """How a row is named: by its split, its id, and where it was read."""

    split: str
    id: str
    """As in the file, or computed."""
    location: str = ""
    """File and line, such as `visits.csv:17`; empty for rows of a source."""


@dataclass(frozen=True, slots=True)
class FlaggedRow:
    """A row that a finding is about. Its texts come from the data and are hostile."""

    row: RowName
    excerpt: str = ""
    """The start of the text in question."""
    value: str = ""
    """What was found in the row, such as its label."""
    expected: str = ""
    """What would be expected instead, such as the label of similar rows."""
    other: RowName | None = None
    """The row that it resembles or contradicts."""
    other_excerpt: str = ""
    """The start of that row's text."""
    score: float | None = None
    """How similar, how likely, or how far: the finding's code says what."""


@dataclass(frozen=True)
class DataFinding:
    """One thing that is wrong with data, or worth knowing."""

    code: FindingCode
    severity: Severity
    count: int
    """Rows, classes or columns, all of them."""
    of: int
    """How many were checked; `count` of `of`."""
    rows: tuple[FlaggedRow, ...] = ()
    """The first of the rows."""
    splits: Mapping[str, int] = field(default_factory=dict)
    """`count` by split, or by pair of splits such as "train/test"."""
    values: Mapping[str, int] = field(default_factory=dict)
    """What the finding is about beside rows, with counts: classes, columns, languages, targets."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """Numbers that the sentences of the finding need, such as the context in tokens."""
