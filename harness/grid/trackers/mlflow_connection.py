"""The connection to MLflow: server and experiment are those of its own settings, MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME."""

from __future__ import annotations

import os
from typing import Any

_EXPERIMENT = "bench"  # unless MLFLOW_EXPERIMENT_NAME names another


def connect_to_mlflow() -> tuple[Any, str, str]:
    """A client, the id of the experiment, which is created where it does not exist, and the address of the server."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing goes anywhere but to the user's server
    from mlflow import MlflowClient, get_tracking_uri

    client = MlflowClient()
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", _EXPERIMENT)
    experiment = client.get_experiment_by_name(name)
    return client, experiment.experiment_id if experiment is not None else client.create_experiment(name), get_tracking_uri()
