"""`bench init` on several files, patterns, lists and documents with splits; and the same names for `bench plan`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.api import open_catalog
from harness.data import load_splits
from harness.types import Task


def rows(name: str, count: int = 40) -> list[dict[str, str]]:
    return [{"text": f"please say what is to be done about thing {i} of {name}", "label": ("card", "refund")[i % 2]} for i in range(count)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shards").mkdir()
    for name in ("shards/a.jsonl", "shards/b.jsonl", "train-00.jsonl", "train-01.jsonl", "test.jsonl"):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows(name)))
    (tmp_path / "files.txt").write_text("shards/b.jsonl\nshards/a.jsonl\n")
    document = {split: [list(row.values()) for row in rows(split)] for split in ("train", "dev", "test")}
    (tmp_path / "intents.json").write_text(json.dumps(document))
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("names", "name", "path", "sizes"),
    [
        (["shards/a.jsonl", "shards/b.jsonl"], "shards", ("../shards/a.jsonl", "../shards/b.jsonl"), (64, 8, 8)),
        (["shards/*.jsonl"], "shards", "../shards/*.jsonl", (64, 8, 8)),
        (["@files.txt"], "shards", "@../files.txt", (64, 8, 8)),
        (["test.jsonl", "train-00.jsonl", "train-01.jsonl"], None, None, (72, 8, 40)),
        (["t*.jsonl"], None, None, (72, 8, 40)),
        (["intents.json"], "intents", "../intents.json", (40, 40, 40)),
    ],
)
def test_draft_runs_from_its_own_folder(here: Path, call: Any, names: list[str], name: str | None, path: object, sizes: object) -> None:
    ended = call("init", *names, "--out", "out/task.yaml")
    assert (ended.code, ended.err) == (0, ""), ended
    task = open_catalog().check(Path("out/task.yaml")).value
    assert isinstance(task, Task)
    assert task.name == (name or here.name)
    assert tuple(load_splits(task, folder=Path("out")).report.sizes.values()) == sizes
    if path is not None:
        assert task.data.path == path
    else:
        assert task.data.path.train == ("../train-00.jsonl", "../train-01.jsonl")  # type: ignore[union-attr]
    assert call("plan", "--task", "out/task.yaml").code == 0


def test_lists_and_patterns_name_data_of_a_run(here: Path, call: Any) -> None:
    columns = ("--task", "classification", "--input", "text", "--target", "label")
    for data in (["--data", "@files.txt"], ["--data", "shards/*.jsonl"], ["--train", "train-*.jsonl", "--test", "test.jsonl"]):
        ended = call("plan", *columns, *data)
        assert (ended.code, ended.err) == (0, ""), ended
        assert f"{40 if '--test' in data else 8} test examples" in ended.out


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"prompt": "p", "chosen_response": "a", "rejected_response": "b"},
            "Name it, and the preferred answers: --input COLUMN and --target chosen_response",
        ),
        ({"image": "scans/1.png", "label": "x"}, "name the columns of text: --input COLUMN"),
    ],
)
def test_data_that_cannot_be_used_is_refused_with_the_reason(here: Path, call: Any, row: dict[str, str], message: str) -> None:
    (here / "other.jsonl").write_text("".join(json.dumps(row) + "\n" for _ in range(9)))
    ended = call("init", "other.jsonl")
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
