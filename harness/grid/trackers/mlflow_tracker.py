"""MLflow: a parent run, a nested run for each cell, and a logged model for each trained one.

The server and the experiment are those of MLflow's own settings: MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from harness.grid.trackers.mlflow_connection import connect_to_mlflow
from harness.grid.trackers.tracked import CellOutcome, CurvePoint, RunOutcome, TrackedCell, TrackedRun

_MAX_BATCH = 1000  # metrics of one request; MLflow's limit
_MAX_VALUE = 6000  # characters of a parameter; MLflow's limit
_ID = "bench.id"
_STATUS = {"finished": "FINISHED", "done": "FINISHED", "interrupted": "KILLED"}


class MLflowTracker:
    """Follows a run with MLflow's client. A resumed run continues in the runs that it has, which carry a tag with its name."""

    name = "MLflow"

    def __init__(self) -> None:
        self._client: Any = None
        self._experiment = ""
        self._run = ""
        self._parent = ""
        self._children: dict[str, str] = {}

    def start(self, run: TrackedRun) -> str:
        """Create the parent run, or continue it; returns the address of its page."""
        self._run = run.name
        self._client, self._experiment, place = connect_to_mlflow()
        self._parent = self._open(run.name, "", run.params, {})
        return f"{place}/#/experiments/{self._experiment}/runs/{self._parent}"

    def start_cell(self, cell: TrackedCell) -> None:
        """Create the nested run of a cell, or continue it."""
        self._children[cell.id] = self._open(cell.label, cell.id, cell.params, {"mlflow.parentRunId": self._parent})

    def log(self, cell: TrackedCell, points: Sequence[CurvePoint]) -> None:
        """Send points of its curve."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, point.step) for point in points for name, value in point.values.items()]
        for first in range(0, len(metrics), _MAX_BATCH):
            self._client.log_batch(self._children[cell.id], metrics=metrics[first : first + _MAX_BATCH])

    def end_cell(self, cell: TrackedCell, outcome: CellOutcome) -> None:
        """Send what was measured, and the trained weights as a logged model."""
        child = self._children.pop(cell.id)
        self._log_metrics(child, outcome.metrics)
        if outcome.error:
            self._client.set_tag(child, "bench.error", outcome.error)
        if outcome.artifact is not None:
            name = re.sub(r"[/:.%\"']", "-", cell.label)
            model = self._client.create_logged_model(self._experiment, name, source_run_id=child, params=_shorten(cell.params))
            self._client.log_model_artifacts(model.model_id, str(outcome.artifact))
            self._client.finalize_logged_model(model.model_id, "READY")
        self._client.set_terminated(child, _STATUS.get(outcome.status, "FAILED"))

    def end(self, outcome: RunOutcome) -> None:
        """Send the totals, the decisions and the report."""
        for child in self._children.values():  # of an interrupted run
            self._client.set_terminated(child, "KILLED")
        self._log_metrics(self._parent, outcome.metrics)
        for name, value in outcome.tags.items():
            self._client.set_tag(self._parent, name, value[:_MAX_VALUE])
        if outcome.report is not None:
            self._client.log_artifact(self._parent, str(outcome.report))
        self._client.set_terminated(self._parent, _STATUS.get(outcome.status, "FAILED"))

    def _open(self, label: str, cell: str, params: Mapping[str, str], tags: Mapping[str, str]) -> str:
        """The id of the run of this cell, or of the parent where `cell` is empty."""
        from mlflow.entities import Param

        key = hashlib.sha256(f"{self._run}/{cell}".encode()).hexdigest()
        known = self._client.search_runs([self._experiment], f"tags.`{_ID}` = '{key}'", max_results=1)
        if known:
            run_id: str = known[0].info.run_id
            self._client.update_run(run_id, status="RUNNING")
            return run_id
        created = self._client.create_run(self._experiment, run_name=label, tags={**tags, _ID: key})
        run_id = created.info.run_id
        self._client.log_batch(run_id, params=[Param(name, value) for name, value in _shorten(params).items()])
        return run_id

    def _log_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        values = [Metric(_allowed(name), value, now, 0) for name, value in metrics.items()]
        for first in range(0, len(values), _MAX_BATCH):
            self._client.log_batch(run_id, metrics=values[first : first + _MAX_BATCH])


def _shorten(params: Mapping[str, str]) -> dict[str, str]:
    return {_allowed(name): value[:_MAX_VALUE] for name, value in params.items()}


def _allowed(name: str) -> str:
    """The name without characters that MLflow refuses in names."""
    return re.sub(r"[^\w\-. /]", "_", name, flags=re.ASCII)
