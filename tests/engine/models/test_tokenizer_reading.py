"""The tokenizer of a folder is read once in a process, however many callers want it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from in_process import cells_in_process

from harness import run
from harness.engine.models import load_skeleton, resolve_model, tokenizer_reading
from harness.engine.models.tokenizer_reading import read_tokenizer

TEXTS = ["Ms. Rossi takes 50 mg.", "", "naïve \u200b <|im_end|> 日本"]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that are read from now on."""
    folders: list[Path] = []
    read = tokenizer_reading._read
    monkeypatch.setattr(tokenizer_reading, "_read", lambda folder, **options: folders.append(folder) or read(folder, **options))
    tokenizer_reading._read_once.cache_clear()
    return folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with a tokenizer."""
    shutil.copytree(resolve_model("tiny").folder, tmp_path / "model")
    return tmp_path / "model"


def test_two_callers_have_equal_tokenizers_and_each_sets_its_own_attributes(folder: Path, tmp_path: Path, reads: list[Path]) -> None:
    first, second = read_tokenizer(folder), read_tokenizer(folder)
    assert reads == [folder]
    assert first(TEXTS)["input_ids"] == second(TEXTS)["input_ids"]
    template, token = second.chat_template, second.eos_token
    first.name_or_path, first.chat_template, first.eos_token = "another", "{{ 1 }}", first.pad_token
    for other in (second, read_tokenizer(folder)):
        assert (other.name_or_path, other.chat_template, other.eos_token) == (str(folder), template, token)
    second.save_pretrained(tmp_path / "stored")
    assert tokenizer_reading._read(tmp_path / "stored", trust_remote_code=False)(TEXTS)["input_ids"] == second(TEXTS)["input_ids"]


def test_padding_for_one_caller_is_not_left_for_another(folder: Path, reads: list[Path]) -> None:
    first, second = read_tokenizer(folder), read_tokenizer(folder)
    first(TEXTS, padding="max_length", max_length=64, truncation=True)
    assert [len(ids) for ids in second(TEXTS)["input_ids"]] != [64, 64, 64]


def test_a_folder_that_was_changed_is_read_again(folder: Path, reads: list[Path]) -> None:
    read_tokenizer(folder)
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(settings | {"model_max_length": 77}), encoding="utf-8")
    assert read_tokenizer(folder).model_max_length == 77
    assert reads == [folder, folder]


@pytest.mark.parametrize("kept", ["time", "size"])
def test_a_file_that_was_changed_is_noticed_by_its_size_or_its_time(folder: Path, kept: str, reads: list[Path]) -> None:
    read_tokenizer(folder)
    file = folder / "tokenizer_config.json"
    before = file.stat()
    file.write_text(file.read_text(encoding="utf-8") + ("\n" if kept == "time" else ""), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + (kept == "size")))
    read_tokenizer(folder)
    assert reads == [folder, folder]


def test_a_template_beside_the_others_is_noticed(folder: Path, reads: list[Path]) -> None:
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tool.jinja").write_text("one")
    read_tokenizer(folder)
    (folder / "additional_chat_templates" / "tool.jinja").write_text("two!")
    read_tokenizer(folder)
    assert reads == [folder, folder]


def test_a_tokenizer_that_may_run_code_is_not_kept(folder: Path, reads: list[Path]) -> None:
    for _ in range(2):
        read_tokenizer(folder, trust_remote_code=True)
    assert reads == [folder, folder]


def test_a_folder_that_cannot_be_read_is_read_again_when_it_can(folder: Path, reads: list[Path]) -> None:
    content = (folder / "tokenizer.json").read_bytes()
    (folder / "tokenizer.json").write_bytes(content[:100])
    with pytest.raises(Exception, match=r".+"):
        read_tokenizer(folder)
    (folder / "tokenizer.json").write_bytes(content)
    assert read_tokenizer(folder)(TEXTS)["input_ids"] == load_skeleton(resolve_model("tiny")).tokenizer(TEXTS)["input_ids"]


def test_a_run_reads_the_tokenizer_once_for_its_plan_and_all_its_cells(folder: Path, tmp_path: Path, reads: list[Path]) -> None:
    with cells_in_process():
        done = run("classification", ["lora", "ia3"], model=folder, limit=8, epochs=1, runs_dir=tmp_path / "runs")
    assert [done.stored.results[cell.id].status for cell in done.cells] == ["done"] * 3
    assert reads == [folder]
