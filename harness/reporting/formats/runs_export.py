"""A list of runs as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from harness.archive import RunProgress, RunSummary
from harness.reporting.wording import progress_sentences
from harness.store import to_jsonable


def runs_to_json(summaries: Iterable[RunSummary], now: datetime) -> dict[str, Any]:
    """`{"runs": [...]}`, the newest first: every field of a `RunSummary`, with `age_seconds` (null where the date is not known)."""
    runs: dict[str, Any] = to_jsonable({"runs": [{**asdict(each), "age_seconds": _age(each.created, now)} for each in summaries]})
    return runs


def runs_in_progress_to_json(runs: Iterable[RunProgress]) -> dict[str, Any]:
    """What the script of the viewer's page shows, in words."""
    return {
        "runs": [progress_sentences.describe_run_progress(run) for run in runs],
        "columns": list(progress_sentences.COLUMNS),
        "empty": progress_sentences.NO_RUNS,
    }


def _age(created: str, now: datetime) -> float | None:
    try:
        return (now - datetime.fromisoformat(created)).total_seconds()
    except (ValueError, TypeError):
        return None
