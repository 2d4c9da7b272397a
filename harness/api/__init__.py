"""The Python interface: what the command does, as functions."""

from harness.api.gates import NotPassedError, draft_policy, gate, history, promote, rollback, verify_registry
from harness.api.reviews import review_export, review_harvest, review_import, review_status
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
    "NotPassedError",
    "compare",
    "draft_policy",
    "export",
    "foresee",
    "gate",
    "history",
    "load_run",
    "open_catalog",
    "predict",
    "promote",
    "review_export",
    "review_harvest",
    "review_import",
    "review_status",
    "rollback",
    "run",
    "run_request",
    "score",
    "stored_request",
    "verify_registry",
]
