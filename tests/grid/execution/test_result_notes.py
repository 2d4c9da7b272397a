"""Notes on a cell's result, from its prompts, its training and external outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.engine.prompts import EncodedPrompt
from harness.grid.execution.result_notes import notes_on_external_outputs, notes_on_prompts, notes_on_training
from harness.types import Cell, CellNote, CellResult, DataSpec, Example, Prediction, Task, TrainingSummary

CELL = Cell("c", "t", "m", "lora", 10, 0)


def trained(**changes: Any) -> CellResult:
    usual = {
        "steps": 9, "epochs": 3.0, "learning_rate": 1e-4, "best_step": 6, "best_validation_loss": 0.5, "final_validation_loss": 0.6,
        "stopped_early": False, "overfitting": False, "examples": 10, "target_tokens": 100,
    }  # fmt: skip
    return CellResult(CELL, "done", training=TrainingSummary(**usual | changes))


def test_cut_prompts_and_omitted_shots_are_counted() -> None:
    prompts = [EncodedPrompt([1], False, 4), EncodedPrompt([1], False, 2), EncodedPrompt([1], True, 0)]
    assert notes_on_prompts(prompts, 4) == [
        CellNote("prompts_truncated", {"count": 1, "total": 3}),
        CellNote("shots_omitted", {"count": 2, "total": 3, "shots": 4, "fewest": 0}),
    ]
    assert notes_on_prompts(prompts[:1], 4) == []


@pytest.mark.parametrize(
    ("changes", "notes"),
    [
        ({}, []),
        ({"truncated": 2}, [CellNote("training_examples_truncated", {"count": 2, "total": 10})]),
        (
            {"overfitting": True, "stopped_early": True},
            [CellNote("overfitting", {"best_step": 6}), CellNote("stopped_early", {"step": 9, "best_step": 6})],
        ),
        ({"best_validation_loss": None}, [CellNote("no_validation_examples")]),
    ],
)
def test_notes_describe_the_training(changes: dict[str, Any], notes: list[CellNote]) -> None:
    assert notes_on_training(trained(**changes)) == notes
    assert notes_on_training(CellResult(CELL, "done")) == []


def test_notes_show_external_outputs_that_cannot_be_scored() -> None:
    data = DataSpec(path="x.csv")
    task = Task(name="t", kind="classification", data=data, prompt="{{ input }}", metrics=("probabilities",), primary="auroc")
    examples = [Example(str(i), {"input": "x"}, ("a",), ("a", "b")) for i in range(6)]
    predictions = [Prediction("0", "a", "a", (-0.1, -2.0)), Prediction("1", "neither", None)]
    assert notes_on_external_outputs(task, Path("folder/answers.jsonl"), examples, predictions) == [
        CellNote("external_outputs", texts=("answers.jsonl",)),
        CellNote("outputs_missing", {"count": 4, "total": 6}, ("2", "3", "4")),
        CellNote("outputs_without_label", {"count": 1, "total": 2}, ("neither",)),
        CellNote("label_probabilities_missing"),
    ]
