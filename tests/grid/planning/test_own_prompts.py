"""Rows with whole prompts: the usual instruction of a task is left out, and one that somebody has written stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.api import open_catalog
from harness.grid import Request, read_tasks
from harness.grid.planning.cells import PlannedCell
from harness.grid.planning.prompt_checks import unused_input_warnings
from harness.types import Cell, Splits, Strategy, Task

CHATS = [[{"role": "user", "content": f"Where is parcel {i}?"}, {"role": "assistant", "content": f"On its way, {i}."}] for i in range(12)]


def read(folder: Path, rows: list[dict[str, Any]], task: str = "generation") -> tuple[Task, Splits]:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ((read_task, splits),) = read_tasks(Request(tasks=(task,), strategies=(), data=(str(file),)), open_catalog())
    return read_task, splits


@pytest.mark.parametrize("task", ["generation", "summarization", "qa"])
def test_conversations_need_no_instruction(tmp_path: Path, task: str) -> None:
    read_task, splits = read(tmp_path, [{"messages": chat} for chat in CHATS], task)
    assert (read_task.prompt, read_task.prompt_format) == ("{{ input }}\n", "auto")
    assert any("conversations" in line and "instruction is left out" in line for line in splits.report.warnings)


def test_pairs_are_verbatim(tmp_path: Path) -> None:
    read_task, _ = read(tmp_path, [{"prompt": f"Q: {i}\nA:", "completion": f" {i}"} for i in range(12)])
    assert (read_task.prompt, read_task.prompt_format) == ("{{ input }}", "plain")


def test_pairs_of_turns_go_through_the_chat_template(tmp_path: Path) -> None:
    read_task, _ = read(tmp_path, [{"prompt": chat[:1], "completion": chat[1:]} for chat in CHATS])
    assert (read_task.prompt, read_task.prompt_format) == ("{{ input }}\n", "auto")


def test_prompt_of_ones_own_stays(tmp_path: Path) -> None:
    task = tmp_path / "ours.yaml"
    task.write_text("name: ours\nkind: generation\ndata: {path: rows.jsonl}\nprompt: |\n  Answer politely: {{ input }}\n", encoding="utf-8")
    read_task, splits = read(tmp_path, [{"messages": chat} for chat in CHATS], str(task))
    assert read_task.prompt == "Answer politely: {{ input }}\n"
    assert not any("instruction" in line for line in splits.report.warnings)


def test_columns_with_an_input_and_a_target_keep_the_instruction(tmp_path: Path) -> None:
    read_task, splits = read(tmp_path, [{"input": f"fact {i}", "target": f"text {i}"} for i in range(12)])
    assert (read_task.prompt, splits.layout) == (open_catalog().task("generation").value.prompt, None)


@pytest.mark.parametrize("has_encoder", [False, True])
def test_the_turns_before_the_question_are_missing_for_encoders_alone(tmp_path: Path, has_encoder: bool) -> None:
    """Models that write see them before the prompt."""
    chats = [{"messages": [{"role": "system", "content": "You work at a post office."}, *chat]} for chat in CHATS]
    task, splits = read(tmp_path, chats)
    cell = PlannedCell(Cell("c1", task.name, "base", "tiny", 0, None), Strategy(name="base", method="prompt"))
    warnings = unused_input_warnings([cell], task, splits, has_encoder=has_encoder)
    assert any("earlier_turns" in line for line in warnings) == has_encoder
