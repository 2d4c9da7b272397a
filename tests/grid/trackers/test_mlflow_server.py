"""A real `mlflow server` with SQLite, in an environment of its own, as a team runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_server import ADDRESS, Server, start_server, stop_server

pytestmark = pytest.mark.soak

RUN = ("run", "--task", "classification", "--strategies", "lora", "--limit", "40", "--epochs", "1", "--track", "mlflow")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = start_server(tmp_path)
    yield server
    stop_server(server)


def test_server_has_the_run_with_curves_scores_report_and_model(server: Server, bench: Any, tmp_path: Path) -> None:
    ended = bench(*RUN, here=tmp_path, env={"MLFLOW_TRACKING_URI": ADDRESS})
    assert ended.code == 0, ended
    assert f"MLflow: {ADDRESS}/#/experiments/" in ended.err
    from mlflow import MlflowClient

    client = MlflowClient(ADDRESS)
    experiment = client.get_experiment_by_name("bench").experiment_id
    runs = {each.info.run_name: each for each in client.search_runs([experiment])}
    name = Path(ended.out.strip()).name
    assert set(runs) == {name, "classification · base", "classification · lora seed 0"}
    lora = runs["classification · lora seed 0"]
    assert len(client.get_metric_history(lora.info.run_id, "train/loss")) == 10
    assert 0 <= lora.data.metrics["score/accuracy/low"] <= lora.data.metrics["score/accuracy/high"] <= 1
    report = Path(client.download_artifacts(runs[name].info.run_id, "report.html", str(tmp_path)))
    assert "classification" in report.read_text()
    (model,) = client.search_logged_models([experiment])
    assert (model.source_run_id, str(model.status)) == (lora.info.run_id, "READY")


def test_server_that_dies_does_not_fail_the_run(server: Server, bench: Any, tmp_path: Path) -> None:
    stop_server(server)
    settings = {"MLFLOW_TRACKING_URI": ADDRESS, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    ended = bench(*RUN, here=tmp_path, env=settings)
    assert ended.code == 0, ended
    assert "warning: MLflow: " in ended.err and "The run continues without it" in ended.err
    assert (tmp_path / ended.out.strip() / "report.html").is_file()
