"""Which run `latest` names."""

from __future__ import annotations

from harness.store import LatestRun, RunFolder
from harness.text import one_line

_MOST_NEWER = 3


def describe_latest_run(latest: LatestRun) -> str:
    """One line: the run, and which newer ones were passed over."""
    shown = [f"{folder.path.name} {why}" for folder, why in latest.newer[:_MOST_NEWER]]
    more = len(latest.newer) - len(shown)
    newer = "; ".join([*shown, *([f"{more} more"] if more else [])])
    return one_line(f"latest: {latest.folder.path.name}" + (f" (newer: {newer})" if newer else ""))


def describe_run_to_resume(folder: RunFolder) -> str:
    """One line."""
    return one_line(f"latest unfinished run: {folder.path.name}")
