"""Complaints of users as review packets, and the ratings as decisions about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY, history, open_champion
from harness.errors import BenchError, did_you_mean, setting
from harness.review import FORMATS, ExportedPacket, parse_raters

if TYPE_CHECKING:
    from harness.lifecycle.feedback import ReviewedComplaints


def export_complaint_review(
    task: str, *, raters: str | int = 1, formats: Sequence[str] = ("html",), out: PathLike | None = None, registry: PathLike = REGISTRY
) -> ExportedPacket:
    """Write the open complaints as a packet for each rater, who marks the errors of the outputs and may correct them.

    Args:
        raters: how many, or their names separated by commas.
        formats: any of "html", "xlsx", "csv", "label-studio" and "argilla".
        out: folder of the raters' files; by default in the registry.

    Raises:
        BenchError: nothing was promoted for this task; no open complaint with its inputs and output; a damaged log.
    """
    from harness.lifecycle.feedback import FeedbackStore, export_complaints

    unknown = next((each for each in formats if each not in FORMATS), None)
    if unknown is not None:
        raise BenchError(f"{setting('formats', unknown)}: unknown.{did_you_mean(unknown, FORMATS)}")
    champion = open_champion(task, registry)
    store = FeedbackStore(Path(registry), task)
    chosen = [each for each in FORMATS if each in formats]
    target = None if out is None else Path(out)
    return export_complaints(store.folder, champion, store.read().complaints, parse_raters(str(raters)), chosen, target)


def import_complaint_review(
    task: str, files: Sequence[PathLike], *, registry: PathLike = REGISTRY, today: date | None = None
) -> ReviewedComplaints:
    """Record what raters sent back. Complaints that all raters of their packet have answered are confirmed where at least half of them see
    an error, and dismissed otherwise. Importing a file again changes nothing.

    Args:
        today: the day of the decisions; by default that of this machine, in UTC.

    Raises:
        BenchError: nothing was promoted for this task; no packet was exported; a damaged log or packet.
    """
    from harness.lifecycle.feedback import FeedbackStore, LogPart, import_complaint_ratings

    history(task, registry=registry)
    store = FeedbackStore(Path(registry), task)
    reviewed = import_complaint_ratings(store.folder, [Path(file) for file in files], store.read().complaints)
    if reviewed.decisions:
        part = LogPart(0, (today or datetime.now(UTC).date()).isoformat(), "", decisions=reviewed.decisions)
        store.add(lambda log, hash_user: part)
    return reviewed
