"""What the tests of `bench predict` and `bench export` say of a finished run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.api import LoadedRun
from harness.results.finished_cell import find_cell

TASKS = {
    "labels": "kind: classification",
    "notes": "kind: summarization\ndecode: {max_new_tokens: 12}",
}


@dataclass(frozen=True)
class Finished:
    """The run, and its test rows as files of new rows by task."""

    run: LoadedRun
    data: dict[str, Path]

    @property
    def folder(self) -> str:
        return str(self.run.path)

    def cell(self, strategy: str, task: str = "notes", model: str | None = None) -> Path:
        return find_cell(self.run, strategy, task=task, model=model).files.path

    def outputs(self, strategy: str, task: str = "notes", model: str | None = None) -> list[str]:
        return [p.output for p in self.run.predictions(self.cell(strategy, task, model).name)]


def edit(file: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file; it may be linked with another run's."""
    value = json.loads(file.read_text())
    change(value)
    file.unlink()
    file.write_text(json.dumps(value))
