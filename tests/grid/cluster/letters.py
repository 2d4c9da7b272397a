"""A run of a few seconds: a random model with two layers, which learns to repeat letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tiny_models import save_model

from harness.api import Run, run
from harness.grid.execution import Event
from harness.store import verify_run

TASK = """
name: letters
kind: generation
prompt: "{{ input }}"
data: {path: letters.jsonl, fields: {input: question, target: answer}}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 4}
"""
STRATEGIES = ("full:epochs=1,learning_rate=1e-2",)


class Listening:
    """Keeps the events of a run, and reacts to them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def event(self, event: Event) -> None:
        self.events.append(event)

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def write_letters(here: Path) -> Path:
    """A folder with the task, its data and its model."""
    (here / "input").mkdir()
    save_model(here / "input" / "model", "llama")
    (here / "input" / "letters.yaml").write_text(TASK)
    rows = [{"question": f"repeat {a} {b}", "answer": f"{a} {b}"} for a in "abcdefgh" for b in "rstuvw"]
    (here / "input" / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return here


def run_letters(here: Path, runs: str, strategies: Any = STRATEGIES, **options: Any) -> Run:
    return run(
        str(here / "input" / "letters.yaml"),
        strategies,
        model=str(here / "input" / "model"),
        runs_dir=here / runs,
        dtype="float32",
        serving_seconds=0,
        price=1.0,  # that of the table depends on the number of cores, and nodes have one
        **options,
    )


def losses(run: Run, cell: str) -> list[tuple[Any, ...]]:
    """The training curve without its times."""
    return [
        tuple(point.get(name) for name in ("step", "loss", "validation_loss")) for point in run.stored.folder.cell(cell).training_curve()
    ]


def assert_equal(ours: Run, expected: Run) -> None:
    """Every cell has the same predictions, to the last bit of their scores, and the files of the run are intact."""
    assert [cell.id for cell in ours.stored.cells] == [cell.id for cell in expected.stored.cells]
    assert ours.complete
    for cell in ours.stored.cells:
        assert ours.stored.folder.cell(cell.id).predictions() == expected.stored.folder.cell(cell.id).predictions()
        assert losses(ours, cell.id) == losses(expected, cell.id)
    assert verify_run(ours.stored.folder).is_intact
    assert {path.name for path in ours.path.iterdir()} == {path.name for path in expected.path.iterdir()}
