"""The Python interface: what the command does, as functions."""

from harness.api.reviews import ReviewPacket, review_export, review_harvest, review_import, review_status
from harness.api.runs import (
    FinishedListener,
    LoadedRun,
    compare,
    export,
    foresee,
    load_run,
    open_catalog,
    predict,
    run,
    run_request,
    score,
    stored_request,
)

__all__ = [
    "FinishedListener",
    "LoadedRun",
    "ReviewPacket",
    "compare",
    "export",
    "foresee",
    "load_run",
    "open_catalog",
    "predict",
    "review_export",
    "review_harvest",
    "review_import",
    "review_status",
    "run",
    "run_request",
    "score",
    "stored_request",
]
