"""A task with a champion, a lifecycle file, and a stand-in for the grid: it makes runs without training."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from report_factory import WORDS, Made, make_run, summarization

from harness.api import Run, promote, retrain
from harness.grid import Listener, Request
from harness.lifecycle.retraining import StepResult
from harness.store import RunFolder

TASK = "summarization"
PROMOTED = "2026-11-20T12:00:00+00:00"  # every promotion that names no day, whenever these tests run
DAY = date(2027, 1, 1)


@dataclass
class StandIn:
    """Makes the run that a request asks for. The test examples are always those that the champion was tested on.

    Attributes:
        qualities: of the next runs; the last one stays.
        requests: what was asked for.
        where: where the cells of the last run were to run.
        make: makes a run folder; a test may end the process there.
    """

    qualities: list[float] = field(default_factory=lambda: [0.9])
    requests: list[Request] = field(default_factory=list)
    make: Callable[..., Any] = make_run
    trained: dict[str, int] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)

    def run(self, request: Request, *, runs_dir: Path, listener: Listener, command: str, **where: Any) -> Run:
        self.requests.append(request)
        self.where = where
        assert request.tasks[0].data.path is not None  # type: ignore[union-attr]
        files = sorted(Path(request.tasks[0].data.path.train).parent.iterdir())  # type: ignore[union-attr]
        content = b"".join(file.read_bytes() for file in files)  # another test set is another run, too
        name = f"run-{random.Random(content).randrange(10**8):08}"
        folder = RunFolder(runs_dir / name)
        listener.started(folder, resumed=folder.path.exists())
        if not (folder.path / "run.json").is_file():
            shutil.rmtree(folder.path, ignore_errors=True)
            self.trained[name] = self.trained.get(name, 0) + 1
            quality = self.qualities.pop(0) if len(self.qualities) > 1 else self.qualities[0]
            part = runs_dir / f".{name}"
            shutil.rmtree(part, ignore_errors=True)
            self.make(part, [summarization([Made("fewshot", quality, 1, train_seconds=60)], rows=40)])
            part.rename(folder.path)
        from harness import load_run

        return load_run(folder.path)


@dataclass
class Place:
    """A folder with a task, new data, a lifecycle file, a registry and runs."""

    folder: Path
    values: dict[str, Any]

    def write(self, **changes: Any) -> None:
        """Write the file with changed fields; None removes one."""
        self.values = {key: value for key, value in (self.values | changes).items() if value is not None}
        (self.folder / "lifecycle.yaml").write_text(yaml.safe_dump(self.values), encoding="utf-8")

    def add_rows(self, count: int, name: str = "a.jsonl", **more: Any) -> None:
        file = self.folder / "new" / name
        first = len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0
        rows = [make_row(f"{name}-{number}") | more for number in range(first, first + count)]
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(row) + "\n" for row in rows)

    @property
    def registry(self) -> Path:
        return self.folder / "registry"

    def call(self, today: date = DAY, **options: Any) -> StepResult:
        return retrain(self.folder / "lifecycle.yaml", registry=self.registry, runs_dir=self.folder / "runs", today=today, **options)

    def files(self) -> dict[str, bytes]:
        """Everything that was written, but locks."""
        return {
            str(file.relative_to(self.folder)): file.read_bytes()
            for file in self.folder.rglob("*")
            if file.is_file() and not file.name.startswith(".lock") and not file.name.startswith("registry.sqlite")
        }


def make_row(name: str) -> Mapping[str, Any]:
    draw = random.Random(name)
    words = [f"{word}{draw.randrange(50)}" for word in draw.choices(WORDS, k=14)]
    return {"id": name, "input": " ".join(words), "target": " ".join(words[:4])}


def on_day_of_promotion() -> AbstractContextManager[object]:
    """Inside this context, what is added to a registry has the time `PROMOTED`."""
    return patch("harness.gate.registry.journal._now", lambda: PROMOTED)


@pytest.fixture(autouse=True)
def _clock_of_the_registry() -> Iterator[None]:
    with on_day_of_promotion():
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copied by each test."""
    folder = tmp_path_factory.mktemp("retraining")
    run = make_run(folder / "runs" / "first", [summarization([Made("base", 0.3), Made("fewshot", 0.5, 1, train_seconds=60)], rows=40)])
    with on_day_of_promotion():
        promote(run.path, "fewshot", registry=folder / "registry", new_registry=True, force=True, reason="the first one", fingerprint=False)
    (folder / "new").mkdir()
    (folder / "own.jsonl").write_text("".join(json.dumps(make_row(f"own-{number}")) + "\n" for number in range(60)), encoding="utf-8")
    task = {
        "name": TASK,
        "kind": "summarization",
        "data": {"path": "own.jsonl"},
        "prompt": "{{ input }}",
        "metrics": ["rouge", "length"],
        "primary": "rougeL",
        "margin": 0.01,
    }
    (folder / f"{TASK}.yaml").write_text(yaml.safe_dump(task), encoding="utf-8")
    (folder / "gate.yaml").write_text("rules:\n  - {rule: not_worse, score: rougeL, margin: 0.05}\n", encoding="utf-8")
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Place:
    folder = shutil.copytree(template, tmp_path / "place")
    values = {
        "task": f"{TASK}.yaml",
        "when": {"new_rows": 10, "age_days": 30, "drift": True},
        "data": {"new": "new/*.jsonl"},
        "run": {"strategies": ["fewshot"]},
        "gate": {"policy": "gate.yaml"},
    }
    made = Place(folder, values)
    made.write()
    return made


@pytest.fixture
def grid(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    stand_in = StandIn()
    monkeypatch.setattr("harness.api.retraining_step.run_request", stand_in.run)
    return stand_in
