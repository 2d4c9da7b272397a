"""The jobs of cells that train together, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from harness.api import load_strategy
from harness.grid.execution.job import Job
from harness.grid.execution.joint_jobs import JointEvents, make_joint_jobs
from harness.store import RunFolder
from harness.types import Cell, LadderPlace

CELLS = [Cell(id=name, task="t", model="m", strategy="lora", train_size=10, seed=seed) for seed, name in enumerate("abcdefg")]
JOB = Job(run="", cell="", model_folder="", device={}, cache_folder="", checkpoint_every=1.0)


def test_only_cells_at_one_place_of_the_memory_ladder_on_one_device_train_together(tmp_path: Path) -> None:
    changes: dict[str, dict[str, Any]] = {cell: {"place": LadderPlace("smaller-micro-batches", 512)} for cell in "bd"}
    changes |= {"c": {"processes": 2}, "g": {"place": LadderPlace("offloaded-optimizer")}}
    models = {"m": SimpleNamespace(shape="decoder")}
    plan: Any = SimpleNamespace(options={"dtype": "float32"}, cells=CELLS, models=models, get_strategy=lambda _: load_strategy("lora"))
    jobs = make_joint_jobs(plan, RunFolder(tmp_path), CELLS, lambda cell: replace(JOB, cell=cell.id, **changes.get(cell.id, {})))
    assert [(job.cell, job.together) for job in jobs] == [("a", ("a", "e", "f")), ("b", ("b", "d"))]
    assert jobs[1].place == LadderPlace("smaller-micro-batches", 512)


def test_each_cell_is_told_that_its_process_died() -> None:
    told: list[Any] = []
    receive = JointEvents([replace(JOB, cell="a", together=("a", "b", "c"))], told.append)
    events: list[dict[str, Any]] = [{"event": "start", "cell": "a"}]
    events += [{"event": "start", "cell": cell, "together": 3} for cell in "abc"]
    events += [{"event": "trained", "cell": "b", "together": 3}, {"event": "exit", "cell": "a", "code": -9}]
    for event in events:
        receive(event)
    assert told[:4] == events[1:5]
    assert [(event["event"], event["cell"]) for event in told[4:]] == [("apart", "a"), ("apart", "c")]
    assert told[4]["reason"] == "the process of the cells that trained together was ended by signal 9 (Killed)"
