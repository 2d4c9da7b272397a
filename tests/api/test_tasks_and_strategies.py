"""Tasks and strategies that were built in Python are accepted wherever a name is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.api import open_catalog
from harness.errors import BenchError
from harness.grid import Request, make_request, read_tasks
from harness.grid.request import resolve_strategies
from harness.types import DataSpec, Strategy, Task, TrainSpec

RANK_4 = Strategy(name="rank-4", method="peft", adapter={"peft_type": "LORA", "r": 4}, train=TrainSpec(epochs=2))


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task whose file is relative to the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("visits.csv").write_text("text,label\n" + "".join(f"text {i},kind {i % 2}\n" for i in range(40)), encoding="utf-8")
    return Task(
        name="kinds",
        kind="classification",
        data=DataSpec(path="visits.csv", fields={"input": "text", "target": "label"}),
        prompt="Text: {{ input }}\nKind:",
        metrics=("classification",),
        primary="macro_f1",
    )


def test_task_object_reads_its_files_from_the_working_directory(task: Task) -> None:
    ((read, splits),) = read_tasks(Request(tasks=(task,), strategies=()), open_catalog())
    assert read.name == "kinds" and (len(splits.train), len(splits.validation), len(splits.test)) == (32, 4, 4)


def test_strategy_object_takes_its_epochs_from_the_request_like_any_other() -> None:
    strategies = resolve_strategies(Request(tasks=(), strategies=("lora", RANK_4), epochs=1), open_catalog())
    assert list(strategies) == ["base", "lora", "rank-4"]
    assert strategies["rank-4"].train is not None and strategies["rank-4"].train.epochs == 1


def test_stored_request_returns_the_objects(task: Task) -> None:
    request = make_request({"tasks": (task, task), "strategies": ("lora", RANK_4)})
    assert make_request(json.loads(json.dumps(request.to_json()))) == request
    assert len(read_tasks(request, open_catalog())) == 1, "equal tasks are one task"


def test_unknown_names_in_a_task_object_are_refused_by_field(task: Task) -> None:
    wrong = task.model_copy(update={"metrics": ("clasification",)})
    with pytest.raises(BenchError, match=r"task 'kinds': metrics\[0\]: unknown metric 'clasification'. Did you mean 'classification'"):
        read_tasks(Request(tasks=(wrong,), strategies=()), open_catalog())


def test_prompt_that_is_not_a_template_is_refused() -> None:
    wrong = Strategy(name="mine", method="prompt", prompt="{{ input")
    with pytest.raises(BenchError, match="strategy 'mine': prompt: "):
        resolve_strategies(Request(tasks=(), strategies=(wrong,)), open_catalog())
