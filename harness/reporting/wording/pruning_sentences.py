"""Which runs are deleted, as a whole or their trained weights, which stay, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from harness.archive import PrunedRun, PruningPlan, WhyKept
from harness.reporting.wording import numbers
from harness.reporting.wording.runs_list import describe_age
from harness.text import one_line, plural

_REASONS: Mapping[WhyKept, str] = {
    "in_use": "another process is using it",
    "promoted": "the history of the registry names it",
    "reviewed": "it has review packets, which cannot be made again",
    "damaged": "it is damaged or in another format, so its age and its reviews are not known; `bench verify` says what is wrong",
    "is_link": "it is a link to another folder",
    "unfinished": "it is not finished; run the same command again to finish it",
}


def describe_pruning(plan: PruningPlan, now: datetime) -> list[str]:
    """What would be deleted, and what was selected but stays."""
    lines = []
    for run in plan.delete:
        state = "" if run.finished else ", not finished"
        what = "delete the trained weights" if plan.weights_only else "delete"
        lines.append(one_line(f"{what}: {run.folder.path.name} ({describe_age(run.created, now)} old, {numbers.size(run.size)}{state})"))
    lines += [one_line(f"keep: {run.folder.path.name}: {_REASONS[run.kept]}") for run in plan.keep if run.kept]
    lines.append(f"{plural(plan.unselected, 'run')} not selected.")
    if plan.freed != sum(run.size for run in plan.delete):
        lines.append(f"{numbers.size(plan.freed)} of disk space would be free: other runs share the rest.")
    return lines


def ask_to_delete(plan: PruningPlan) -> str:
    """The question before the deletion."""
    what = "the trained weights of " if plan.weights_only else ""
    return f"Delete {what}{_count(plan.delete)}? This cannot be undone."


def describe_deleted(plan: PruningPlan, deleted: Sequence[PrunedRun]) -> list[str]:
    """What was deleted, and which runs stayed because they are in use by now."""
    stayed = [run.folder.path.name for run in plan.delete if run not in deleted]
    lines = [f"Deleted {'the trained weights of ' if plan.weights_only else ''}{_count(deleted)}."]
    if plan.weights_only and deleted:
        lines.append("Their results, reports and verdicts stay, and `bench verify` accepts them. Their models cannot be used any more.")
    return lines + [one_line(f"keep: {name}: {_REASONS['in_use']}") for name in stayed]


def _count(runs: Sequence[PrunedRun]) -> str:
    return f"{plural(len(runs), 'run')} ({numbers.size(sum(run.size for run in runs))})"
