"""What a reader of another tool's results returns: one value for each system on each task."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.types import Cost, Example, Prediction, ScoreTotal, StoredScore

MAX_TEXT = 200_000  # characters of one input or output that are kept

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._=+-]+")


@dataclass(frozen=True)
class ImportedResult:
    """What one system did on one task.

    Attributes:
        system: the name of the strategy, safe for files and commands; `description` is what the file calls it.
        task: the name of the task, safe, too.
        file, sha256: where it was read.
        tool: the name and version of the tool, as reports show them.
        scores: the first is the primary one.
        labels: the plain names of the scores.
        examples: in the order of the file; empty where the file has only totals.
        repeats: the scored outputs, once for each time that the examples were answered.
        totals: by score, where the file has only totals.
        seed: of the training run; None where none is named.
        warnings: what a reader of the task must know, as sentences.
        trained: whether the system comes from a training run, so that another seed could change the scores.
    """

    system: str
    description: str
    task: str
    file: str
    sha256: str
    tool: str
    scores: tuple[StoredScore, ...]
    labels: Mapping[str, str]
    examples: tuple[Example, ...] = ()
    repeats: tuple[tuple[Prediction, ...], ...] = ()
    totals: Mapping[str, ScoreTotal] = field(default_factory=dict)
    costs: tuple[Cost, ...] = ()
    trainable_parameters: int = 0
    total_parameters: int = 0
    artifact_bytes: int = 0
    seed: int | None = None
    trained: bool = False
    warnings: tuple[str, ...] = ()


def clean_name(text: str, *, fallback: str) -> str:
    """A name from a file, as the names of tasks and strategies may be: letters, digits and ._=+-, at most 80 of them."""
    return _NOT_IN_NAMES.sub("-", text).strip("._=+-")[:80].rstrip("._=+-") or fallback


def cut(text: str) -> str:
    """A text of a file, cut where it is longer than a run keeps."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT]
