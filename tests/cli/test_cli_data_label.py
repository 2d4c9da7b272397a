"""`bench data label`: the file has the rows that are worth a label, and becomes training data."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from finished_runs import Finished

from harness.data import load_splits
from harness.review import read_row_page
from harness.types import Task
from tests.cli.conftest import Call

TEXTS = ["my card has not arrived", "=SUM(1) refund please", "I want my money back", "how do I change my pin", "zebra giraffe"]


@pytest.fixture
def rows(here: Path) -> str:
    lines = [json.dumps({"ticket": i, "text": text, "tags": ["a", "b"]}) for i, text in enumerate(TEXTS)]
    (here / "new.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return "new.jsonl"


def test_chosen_rows_keep_their_columns_and_become_training_data(finished: Finished, call: Call, here: Path, rows: str) -> None:
    ended = call(
        "data", "label", finished.folder, "--task", "labels", "--data", rows, "--n", "3", "--out", "to-label.csv", "--field", "input=text"
    )
    assert (ended.code, ended.out) == (0, "to-label.csv\n"), ended
    assert "3 rows of 5 to label" in ended.err and "Never test on these rows" in ended.err
    with (here / "to-label.csv").open(encoding="utf-8", newline="") as file:
        labelled = list(csv.DictReader(file))
    target = next(name for name in labelled[0] if name not in ("ticket", "text", "tags"))
    assert len(labelled) == 3 and all(row[target] == "" for row in labelled)
    assert {row["text"].removeprefix("'") for row in labelled} <= set(TEXTS)
    assert not any(row["text"].startswith("=") for row in labelled)
    for number, row in enumerate(labelled):
        row[target] = f"kind {number % 2}"
    with (here / "labelled.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(labelled[0]))
        writer.writeheader()
        writer.writerows(labelled)
    task = Task(
        name="t", kind="classification", labels=("kind 0", "kind 1"), prompt="{{ input }}", metrics=("classification",), primary="accuracy",
        data={"path": "labelled.csv", "fields": {"input": "text", "target": target}},
    )  # fmt: skip
    assert len(load_splits(task, folder=here, whole_as_test=True).test) == 3


def test_answers_to_a_page_become_training_data_beside_older_rows(finished: Finished, call: Call, here: Path, rows: str) -> None:
    base = ("data", "label", finished.folder, "--task", "labels", "--field", "input=text")
    ended = call(*base, "--data", rows, "--n", "4", "--out", "to-label.html")
    assert (ended.code, ended.out) == (0, "to-label.html\n"), ended
    assert (here / "to-label.html").stat().st_mode & 0o777 == 0o600
    page = read_row_page(here / "to-label.html")
    assert set(page.labels) == set(finished.run.examples("labels")[0].choices)
    answers = [{"row": row + 1, "label": page.labels[row % 2]} for row in range(3)]
    (here / "to-label.answers.json").write_text(json.dumps({"bench_labels": 1, "page": page.digest, "answers": answers}))
    command = next(line for line in ended.err.splitlines() if "--labelled" in line).split("bench ")[1].split()
    ended = call(*command)
    assert (ended.code, ended.out) == (0, "labelled.jsonl\n"), ended
    assert "3 rows with labels" in ended.err and "Left out: 1 row without an answer." in ended.err
    (here / "old.csv").write_text(f"text,{page.target}\nan older text,{page.labels[0]}\n")
    (here / "test.csv").write_text(f"text,{page.target}\na test text,{page.labels[0]}\n")
    task = Task(
        name="t", kind="classification", labels=page.labels, prompt="{{ input }}", metrics=("classification",), primary="accuracy",
        data={"path": {"train": ["old.csv", "labelled.jsonl"], "test": "test.csv"}, "fields": {"input": "text", "target": page.target}},
    )  # fmt: skip
    splits = load_splits(task, folder=here)
    assert sorted(example.inputs["input"] for example in (*splits.train, *splits.validation)) == sorted(
        ["an older text", *(page.rows[place].inputs["input"] for place in range(3))]
    )
    assert "PAGE.html" in call("data", "label", "--labelled", "to-label.answers.json", "--out", "x.jsonl").err


def test_suggestions_are_written_only_if_asked_for(finished: Finished, call: Call, here: Path, rows: str) -> None:
    base = ("data", "label", finished.folder, "--task", "labels", "--data", rows, "--field", "input=text", "--strategies", "base,lora")
    assert call(*base, "--out", "plain.jsonl").code == 0
    assert call(*base, "--out", "more.jsonl", "--with-suggestions").code == 0
    plain, more = ([json.loads(line) for line in (here / name).read_text().splitlines()] for name in ("plain.jsonl", "more.jsonl"))
    assert {row["ticket"] for row in plain} == {row["ticket"] for row in more} == set(range(5))
    assert not any("suggestion" in name for row in plain for name in row)
    assert all(row["suggestion 1"] and row["suggestion 2"] for row in more)
    assert (here / "plain.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--out", "x.xlsx"), "the name must end in .html, .csv or .jsonl"),
        (("--out", "new.jsonl"), "--out new.jsonl: is the data"),
        (("--out", "there.csv"), "Replace it with --force"),
        (("--out", "x.csv", "--strategies", "base"), "two strategies are compared"),
        (("--out", "x.csv", "--strategies", "base,nothing"), "nothing"),
        (("--out", "x.csv", "--task", "other"), "has no task 'other'"),
    ],
)
def test_wrong_requests_write_nothing(
    finished: Finished, call: Call, here: Path, rows: str, options: tuple[str, ...], message: str
) -> None:
    (here / "there.csv").write_text("mine", encoding="utf-8")
    ended = call("data", "label", finished.folder, "--task", "labels", "--data", rows, "--field", "input=text", *options)
    assert (ended.code, ended.out) == (2, "") and message in ended.err, ended
    assert not (here / "x.csv").exists() and (here / "there.csv").read_text() == "mine"


def test_missing_numbers_and_control_characters_stay_valid_json(finished: Finished, call: Call, here: Path) -> None:
    (here / "new.csv").write_text("text,score\nmy card \x1b[31m has not arrived,1.5\nrefund please,\n", encoding="utf-8")
    base = ("data", "label", finished.folder, "--task", "labels", "--field", "input=text")
    assert call(*base, "--data", "new.csv", "--out", "label.jsonl").code == 0
    content = (here / "label.jsonl").read_text(encoding="utf-8")
    assert "\x1b" not in content and len([json.loads(line) for line in content.splitlines()]) == 2
