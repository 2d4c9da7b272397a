"""The real packages, without a network: what each of them stored is read back with its own reader."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE, Made, classification, make_run

from harness.grid import RunOutcome, Tracking, open_trackers
from harness.results import RunResults

REPORT = "<h1>Report</h1>"


@pytest.fixture
def run(tmp_path: Path) -> RunResults:
    cells = [Made("lora", 0.9, seed=0, train_seconds=30.0), Made("full", seed=0, status="failed", error=HOSTILE)]
    return make_run(tmp_path / "runs" / "20260101-000000-intents-0", [classification(cells)])


def send(name: str, run: RunResults, folder: Path, times: int = 1) -> list[tuple[str, str]]:
    """Send a finished run, as when it is resumed; returns what the user is shown."""
    report = folder / "report.html"
    report.write_text(REPORT)
    messages: list[tuple[str, str]] = []
    for _ in range(times):
        with Tracking(open_trackers([name], folder), lambda text, kind: messages.append((text, kind))) as tracking:
            tracking.started(run.folder, resumed=True)
            tracking.finish(RunOutcome("failed", {"cost/seconds": 71.5}, {"decision/intents": "ship: lora"}, report))
    assert [text for text, kind in messages if kind == "problem"] == []
    return messages


def expected(run: RunResults) -> dict[str, float]:
    score = run.by_task["intents"].get_strategy(run.cells[0]).scores["accuracy"]
    assert score.value is not None and score.low is not None
    return {"score/accuracy": score.value, "score/accuracy/low": score.low, "cost/train_seconds": 30.0}


def test_tensorboard_has_a_folder_per_cell(run: RunResults, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    ((message, _),) = send("tensorboard", run, tmp_path)
    assert message == f"TensorBoard: {tmp_path / 'tensorboard'}"
    parent = tmp_path / "tensorboard" / run.name
    names = [f"intents-lora-seed-0-{run.cells[0].id[:8]}", f"intents-full-seed-0-{run.cells[1].id[:8]}"]
    assert sorted(folder.name for folder in parent.iterdir() if folder.is_dir()) == sorted(names)
    lora = EventAccumulator(str(parent / names[0]))
    lora.Reload()
    losses = lora.Scalars("train/loss")
    assert [each.step for each in losses] == list(range(1, 211))
    for name, value in expected(run).items():
        assert lora.Scalars(name)[0].value == pytest.approx(value, rel=1e-6)
    full = EventAccumulator(str(parent / names[1]))
    full.Reload()
    text = full.Tensors("error/text_summary")[0].tensor_proto.string_val[0].decode()
    assert text.startswith("`") and text.endswith("`"), "shown as code, so that it is not read as Markdown"


def test_wandb_writes_one_group_without_a_network(run: RunResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    ((message, _),) = send("wandb", run, tmp_path)
    wandb.teardown()  # as at the end of a process: its service writes the last records
    assert message.startswith(f"Weights & Biases: wandb sync {tmp_path / 'wandb' / 'offline-run-'}")
    runs = {each["name"]: each for each in map(read_offline_run, sorted((tmp_path / "wandb").glob("offline-run-*/*.wandb")))}
    assert set(runs) == {run.name, "intents · lora seed 0", "intents · full seed 0"}
    assert {each["group"] for each in runs.values()} == {run.name}
    lora = runs["intents · lora seed 0"]
    assert [row["_step"] for row in lora["history"] if "train/loss" in row] == list(range(1, 211))
    assert {name: lora["summary"][name] for name in expected(run)} == expected(run)
    assert lora["config"]["adapter.r"] == "16"
    assert runs[run.name]["summary"]["decision/intents"] == "ship: lora"
    assert runs["intents · full seed 0"]["summary"]["error"] == HOSTILE


def read_offline_run(file: Path) -> dict[str, Any]:
    """What is in a file that `wandb sync` would send."""
    from wandb.proto import wandb_internal_pb2

    found: dict[str, Any] = {"config": {}, "summary": {}, "history": []}
    for data in read_log(file.read_bytes()[7:]):  # after the header of the file
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found |= {"name": record.run.display_name, "group": record.run.run_group}
            found["config"] |= {each.key: json.loads(each.value_json) for each in record.run.config.update}
        elif kind == "summary":
            found["summary"] |= {_key(each): json.loads(each.value_json) for each in record.summary.update}
        elif kind == "history":
            found["history"].append({_key(each): json.loads(each.value_json) for each in record.history.item})
    return found


def read_log(content: bytes) -> Iterator[bytes]:
    """The records of a log in LevelDB's format: blocks of 32 KiB, the first of which began with the header of the file."""
    place, parts = 0, b""
    while place + 7 <= len(content):
        room = 2**15 - (place + 7) % 2**15
        if room < 7:  # too short for another head
            place += room
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        parts += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # complete, or the last part
            yield parts
            parts = b""


def _key(item: Any) -> str:
    return str(item.key) or ".".join(item.nested_key)


@pytest.mark.filterwarnings("ignore:The ``noload``")  # SQLAlchemy's, about MLflow's own code
def test_mlflow_has_a_parent_with_a_child_per_cell_also_after_a_resumption(
    run: RunResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    send("mlflow", run, tmp_path, times=2)
    from mlflow import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name("bench")
    runs = {each.info.run_name: each for each in client.search_runs([experiment.experiment_id])}
    assert set(runs) == {run.name, "intents · lora seed 0", "intents · full seed 0"}
    parent, lora, full = (runs[name] for name in (run.name, "intents · lora seed 0", "intents · full seed 0"))
    assert {each.data.tags["mlflow.parentRunId"] for each in (lora, full)} == {parent.info.run_id}
    assert (parent.info.status, lora.info.status, full.info.status) == ("FAILED", "FINISHED", "FAILED")
    assert lora.data.params["adapter.r"] == "16"
    assert {name: lora.data.metrics[name] for name in expected(run)} == expected(run)
    assert len({each.step for each in client.get_metric_history(lora.info.run_id, "train/loss")}) == 210
    assert parent.data.tags["decision/intents"] == "ship: lora"
    assert [each.path for each in client.list_artifacts(parent.info.run_id)] == ["report.html"]
    assert full.data.tags["bench.error"] == HOSTILE
