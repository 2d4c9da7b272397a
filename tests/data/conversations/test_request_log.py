"""A log of requests and responses: a dataset whose targets are a model's answers, and the outputs of that model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.catalog import Catalog
from harness.data import load_splits
from harness.data.pipeline import read_outputs
from harness.errors import BenchError
from harness.grid.planning import vocabulary
from harness.grid.planning.task_data import load_tasks
from harness.grid.request import make_request, resolve_tasks
from harness.types import Example, Task


def logged(number: int, answer: Any = None, **more: Any) -> dict[str, Any]:
    turns = [{"role": "system", "content": "You answer for a shop."}, {"role": "user", "content": f"Where is parcel {number}?"}]
    message = {"role": "assistant", "content": f"It is in town {number}." if answer is None else answer, "refusal": None}
    response = {"id": "c1", "model": "big-2026", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": {}}
    return {"id": f"r{number}", "request": {"model": "big", "messages": turns, "temperature": 0}, "response": response, **more}


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": row["id"], "messages": row["request"]["messages"], "response": row["response"]}


def batched(row: Mapping[str, Any]) -> dict[str, Any]:
    response = {"status_code": 200, "body": row["response"]}
    return {"custom_id": row["id"], "request": row["request"], "response": response, "error": None}


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("form", [dict, flat, batched])
def test_a_log_is_a_dataset_of_conversations(tmp_path: Path, form: Any) -> None:
    write(tmp_path / "log.jsonl", [form(logged(i)) for i in range(20)])
    task = Task(name="t", kind="generation", data={"path": "log.jsonl"}, prompt="{{ input }}", metrics=("rouge",), primary="rougeL")
    splits = load_splits(task, folder=tmp_path)
    example = next(e for e in splits.train if e.inputs["input"] == splits.train[0].inputs["input"])
    assert splits.layout == "log" and len(splits.train) == 16
    number = example.inputs["input"].split()[-1].rstrip("?")
    assert example.targets == (f"It is in town {number}.",) and example.inputs["earlier_turns"] == "System: You answer for a shop."
    assert example.id == f"r{number}", "the id of a row, or the custom_id of a request of a batch"


def test_scores_on_a_log_are_called_agreement_with_its_model(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", [logged(i) for i in range(20)])
    (tmp_path / "shop.yaml").write_text("name: shop\nkind: generation\ndata: {path: log.jsonl}\nmetrics: [rouge]\nprimary: rougeL\n")
    request = make_request({"tasks": ("shop.yaml",), "strategies": ("base",)})
    entries = resolve_tasks(request, Catalog(vocabulary(), here=tmp_path), tmp_path)
    task, _ = load_tasks(entries, request)["shop"]
    assert task.data.targets_from == "incumbent" and task.report.labels["rougeL"] == "Agreement with incumbent (rougeL)"


@pytest.mark.parametrize("form", [dict, flat, batched])
def test_a_log_holds_the_outputs_of_its_model(tmp_path: Path, form: Any) -> None:
    failed = logged(2) | {"response": {"error": {"message": "overloaded"}}}
    file = write(tmp_path / "log.jsonl", [form(logged(0)), form(logged(1, [{"type": "text", "text": "In parts."}])), form(failed)])
    outputs = read_outputs(file, [Example(f"r{i}", {"input": "x"}, ("y",)) for i in range(3)])
    assert {name: output.text for name, output in outputs.items()} == {"r0": "It is in town 0.", "r1": "In parts."}


def test_a_logged_call_of_a_tool_is_refused_with_its_row(tmp_path: Path) -> None:
    row = logged(0)
    row["response"]["choices"][0]["message"]["tool_calls"] = [{"id": "1"}]
    file = write(tmp_path / "log.jsonl", [row])
    with pytest.raises(BenchError, match=r"log\.jsonl:1: response\.choices\[0\]\.message\[0\] calls a tool"):
        read_outputs(file, [Example("r0", {"input": "x"}, ("y",))])
