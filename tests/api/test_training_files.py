"""A task's examples as files for other trainers: what they read is what bench shows its own models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.api import export_data
from harness.errors import BenchError

SYSTEM = {"role": "system", "content": "You answer for a shop."}


def chat(i: int) -> list[dict[str, str]]:
    return [SYSTEM, {"role": "user", "content": f"Where is parcel {i}?"}, {"role": "assistant", "content": f"On its way, Zoë {i}."}]


@pytest.fixture
def chats(tmp_path: Path) -> Path:
    (tmp_path / "chats.jsonl").write_text("".join(json.dumps({"messages": chat(i)}) + "\n" for i in range(30)), encoding="utf-8")
    task = tmp_path / "chats.yaml"
    task.write_text("name: chats\nkind: generation\ndata: {path: chats.jsonl}\n", encoding="utf-8")
    return task


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_conversations_come_back_as_they_were(chats: Path, tmp_path: Path) -> None:
    files = export_data(chats, tmp_path / "out", "openai")
    written = [*rows(files.folder / "train.jsonl"), *rows(files.folder / "validation.jsonl")]
    assert {json.dumps(row["messages"]) for row in written} < {json.dumps(chat(i)) for i in range(30)}
    assert sum(files.sizes.values()) == len(written)
    assert not (files.folder / "test.jsonl").exists(), "no trainer learns from what bench tests on"


def test_trl_gets_prompt_and_completion(chats: Path, tmp_path: Path) -> None:
    files = export_data(chats, tmp_path / "out", "trl", with_test=True)
    row = rows(files.folder / "test.jsonl")[0]
    assert [turn["role"] for turn in row["prompt"]] == ["system", "user"]
    assert [turn["role"] for turn in row["completion"]] == ["assistant"]


def test_plain_prompts_stay_plain_for_trl_and_are_pointed_out_elsewhere(tmp_path: Path) -> None:
    pairs = "".join(json.dumps({"prompt": f"Q: {i}\nA:", "completion": f" {i}"}) + "\n" for i in range(30))
    (tmp_path / "pairs.jsonl").write_text(pairs, encoding="utf-8")
    (tmp_path / "pairs.yaml").write_text("name: pairs\nkind: generation\ndata: {path: pairs.jsonl}\n", encoding="utf-8")
    files = export_data(tmp_path / "pairs.yaml", tmp_path / "trl", "trl")
    assert not files.uses_template
    assert all(row["prompt"].startswith("Q: ") and row["prompt"].endswith("\nA:") for row in rows(files.folder / "train.jsonl"))
    assert export_data(tmp_path / "pairs.yaml", tmp_path / "openai", "openai").uses_template


def test_llamafactory_finds_every_file(chats: Path, tmp_path: Path) -> None:
    files = export_data(chats, tmp_path / "out", "llamafactory")
    described = json.loads((files.folder / files.description).read_text(encoding="utf-8"))
    assert described.keys() == {"chats_train", "chats_validation"}
    for entry in described.values():
        assert (files.folder / entry["file_name"]).is_file()
        assert entry["tags"]["system_tag"] == "system"


def test_axolotl_finds_every_file(chats: Path, tmp_path: Path) -> None:
    files = export_data(chats, tmp_path / "out", "axolotl")
    described = yaml.safe_load((files.folder / files.description).read_text(encoding="utf-8"))
    for section in ("datasets", "test_datasets"):
        (entry,) = described[section]
        assert (files.folder / entry["path"]).is_file()
        assert (entry["type"], entry["field_messages"]) == ("chat_template", "messages")


def test_folder_with_files_is_left_alone(chats: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="must be a new or an empty folder"):
        export_data(chats, tmp_path, "openai")


def test_exported_conversations_are_read_again(chats: Path, tmp_path: Path) -> None:
    first = export_data(chats, tmp_path / "first", "openai")
    (tmp_path / "again.yaml").write_text(
        "name: again\nkind: generation\ndata: {train: first/train.jsonl, test: first/validation.jsonl}\n", encoding="utf-8"
    )
    second = export_data(tmp_path / "again.yaml", tmp_path / "second", "openai", with_test=True)
    assert sorted(map(str, rows(second.folder / "test.jsonl"))) == sorted(map(str, rows(first.folder / "validation.jsonl")))
