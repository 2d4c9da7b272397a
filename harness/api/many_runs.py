"""The runs of a folder: what they decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from harness.api.arguments import PathLike
from harness.archive import RunSummary, summarize_runs


def list_runs(runs_dir: PathLike = "runs", *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Iterator[RunSummary]:
    """Every run of a folder, the newest first, with its decisions. A run that cannot be read is part of the list, with the reason.

    Decisions are those of the report. They are kept in the cache folder, so that the next list is quick.

    Args:
        runs_dir: the folder of the runs; one that does not exist has no runs.
        progress: called before a decision is computed that is not stored yet: the run's name, its number from 1, the number of runs.
    """
    return summarize_runs(Path(runs_dir), progress=progress)
