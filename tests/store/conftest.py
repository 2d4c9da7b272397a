"""A small run, written through the store itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.store import ModelInfo, RunFolder, RunPlan, create_run
from harness.types import Cell, CellNote, CellResult, Cost, DataReport, Example, Prediction, Splits, Strategy, Task, TrainingSummary

BASE = Cell("b0", "notes", "tiny", "base", 0, None)
LORA = Cell("l0", "notes", "tiny", "lora", 2, 0)


def example(name: str, text: str = "text") -> Example:
    return Example(name, {"input": text}, (f"target of {name}",), group="patient 1", meta={"row": 3})


@pytest.fixture
def plan() -> RunPlan:
    adapter = {"peft_type": "LORA", "r": 16}
    sizes = {"train": 2, "test": 1}
    return RunPlan(
        digest="feed" * 16,
        created="2026-03-01T10:20:30+0100",
        command="bench run --task notes",
        tasks={
            "notes": Task(
                name="notes", kind="summarization", data={"path": "a.csv"}, prompt="{{ input }}\n", metrics=("rouge",), primary="rougeL"
            )
        },
        strategies={
            "base": Strategy(name="base", method="prompt"),
            "lora": Strategy(name="lora", method="peft", adapter=adapter, train={"learning_rate": {"50M": 1e-3, "inf": 1e-4}}),
        },
        models={"tiny": ModelInfo("tiny", "shipped", "abc", None)},
        cells=(BASE, LORA),
        data={"notes": DataReport({"file": "a.csv"}, sizes, sizes, skipped=("a.csv:3: empty",), skipped_rows=1)},
        data_digests={"notes": "d" * 64},
        environment={"python": "3.11"},
        options={"limit": None, "price": {"per_hour": 0.1}},
    )


@pytest.fixture
def result() -> CellResult:
    training = TrainingSummary(10, 1.0, 1e-3, 8, 1.25, None, True, False, 16, 320)
    cost = Cost("train", 1.5, "cpu", 10**9, None, 320, None, 0.01)
    return CellResult(
        LORA, "done", (cost,), {"torch": "2"}, None, 5, 50, 7, training, 1, (CellNote("prompts_truncated", {"count": 1, "total": 2}),)
    )


@pytest.fixture
def make_run(tmp_path: Path, plan: RunPlan) -> Callable[..., RunFolder]:
    """Create a run in `tmp_path/runs` in which the given cells are done."""

    def create(*done: Cell, created: str = plan.created, digest: str = plan.digest, runs: str = "runs") -> RunFolder:
        this_plan = replace(plan, created=created, digest=digest)
        folder = create_run(tmp_path / runs, this_plan)
        folder.write_plan(this_plan)
        splits = Splits((example("t1"), example("t2")), (example("v1"),), (example("e1"),), this_plan.data["notes"], "d")
        folder.write_data("notes", splits, dict.fromkeys(("t1", "t2", "v1", "e1"), "x"))
        for cell in done:
            folder.cell(cell.id).write_result(CellResult(cell, "done"), [Prediction("e1", "out", scores={"rougeL": 0.5})])
        if len(done) == len(this_plan.cells):
            folder.remove_working_files()
            folder.seal()
        return folder

    return create
