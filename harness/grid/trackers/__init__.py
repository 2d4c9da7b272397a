"""Experiment trackers that follow a run: MLflow, Weights & Biases, TensorBoard. Nothing is sent unless the user names a tracker."""

from harness.grid.trackers.available import TRACKERS, open_trackers
from harness.grid.trackers.mlflow_connection import connect_to_mlflow
from harness.grid.trackers.tracked import CellOutcome, CurvePoint, RunOutcome, TrackedCell, TrackedRun, Tracker
from harness.grid.trackers.tracking import Tracking

__all__ = [
    "TRACKERS",
    "CellOutcome",
    "CurvePoint",
    "RunOutcome",
    "TrackedCell",
    "TrackedRun",
    "Tracker",
    "Tracking",
    "connect_to_mlflow",
    "open_trackers",
]
