"""A locked test set: the digest is in the task's file, and nothing may change the set or train on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness import BenchError
from harness.api import lock_test_set, open_catalog
from harness.catalog import set_data_field
from harness.grid import Request, read_tasks

TASK = """\
# The visits of our wards.
name: visits
kind: summarization
data:
  path: {path}   # {{by hand}}
  fields: {{input: dialogue, target: note}}

prompt: "Summarize: {{{{ input }}}}"
"""


def write_rows(file: Path, numbers: range, note: str = "note") -> None:
    rows = "".join(f"I have had pain number {i},{note} {i}\n" for i in numbers)
    file.write_text(f"dialogue,note\n{rows}", encoding="utf-8")


def load(task: str = "visits.yaml", **request: object) -> int:
    """The number of test examples of the task in a run."""
    request = {"tasks": (task,), "strategies": ("lora",), **request}
    ((_, splits),) = read_tasks(Request(**request), open_catalog())  # type: ignore[arg-type]
    return len(splits.test)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a task that is split by bench, and one with given splits."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "visits.csv", range(100))
    write_rows(tmp_path / "train.csv", range(80))
    write_rows(tmp_path / "test.csv", range(80, 100))
    (tmp_path / "visits.yaml").write_text(TASK.format(path="visits.csv"), encoding="utf-8")
    (tmp_path / "given.yaml").write_text(TASK.format(path="{train: train.csv, test: test.csv}").replace("name: visits", "name: given"))
    return tmp_path


def test_the_digest_is_written_into_the_task_and_nothing_else_changes(here: Path) -> None:
    before = (here / "visits.yaml").read_text(encoding="utf-8").splitlines()
    locked = lock_test_set("visits.yaml")
    after = (here / "visits.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line not in before] == [after[4]]
    assert after[4].startswith(f"  locked_test: {locked.digest}  # 10 test examples, locked ")
    assert load() == locked.examples == 10


def test_rows_in_another_order_are_the_same_test_set(here: Path) -> None:
    lock_test_set("visits.yaml")
    head, *rows = (here / "visits.csv").read_text(encoding="utf-8").splitlines()
    (here / "visits.csv").write_text("\n".join([head, *reversed(rows)]), encoding="utf-8")
    assert load() == 10


def test_a_sample_of_the_test_set_is_allowed(here: Path) -> None:
    lock_test_set("visits.yaml")
    assert load(limit=4) == 4


@pytest.mark.parametrize("change", ["another seed", "another row", "another target", "other data"])
def test_another_test_set_is_refused(here: Path, change: str) -> None:
    lock_test_set("visits.yaml")
    request: dict[str, object] = {}
    if change == "another seed":
        task = (here / "visits.yaml").read_text(encoding="utf-8")
        (here / "visits.yaml").write_text(task.replace("data:\n", "data:\n  split: {seed: 5}\n"), encoding="utf-8")
    elif change == "another row":
        write_rows(here / "visits.csv", range(130))
    elif change == "another target":
        write_rows(here / "visits.csv", range(100), "other note")
    else:
        request = {"train": ("train.csv",), "test": ("test.csv",)}
    with pytest.raises(BenchError, match=r"not the one that was locked.*`bench tasks lock` with force=True"):
        load(**request)


def test_a_locked_set_is_locked_again_only_by_force(here: Path) -> None:
    first = lock_test_set("visits.yaml")
    write_rows(here / "visits.csv", range(200))
    with pytest.raises(BenchError, match="locked already"):
        lock_test_set("visits.yaml")
    assert lock_test_set("visits.yaml", force=True).digest != first.digest
    assert (here / "visits.yaml").read_text(encoding="utf-8").count("locked_test") == 1
    assert load() == 20


def test_given_training_rows_with_test_inputs_are_refused(here: Path) -> None:
    """Without a lock, they would be removed from training."""
    lock_test_set("given.yaml")
    write_rows(here / "train.csv", range(83))
    with pytest.raises(BenchError, match="3 examples of 'train' have the inputs of locked test examples"):
        load("given.yaml")


def test_a_test_set_that_leaks_into_training_cannot_be_locked(here: Path) -> None:
    write_rows(here / "train.csv", range(83))
    before = (here / "given.yaml").read_bytes()
    with pytest.raises(BenchError, match="3 examples of 'train' have the inputs of locked test examples"):
        lock_test_set("given.yaml")
    assert (here / "given.yaml").read_bytes() == before


@pytest.mark.parametrize("copied", [False, True])
def test_another_task_does_not_train_on_the_locked_file(here: Path, copied: bool) -> None:
    (here / "tasks").mkdir()
    task = (here / "given.yaml").read_text(encoding="utf-8").replace("train.csv", "../train.csv").replace("test.csv", "../test.csv")
    (here / "tasks" / "given.yaml").write_text(task, encoding="utf-8")
    lock_test_set("given")
    name = "more.csv" if copied else "test.csv"
    (here / name).write_bytes((here / "test.csv").read_bytes())
    (here / "other.yaml").write_text(TASK.format(path=name).replace("name: visits", "name: other"), encoding="utf-8")
    with pytest.raises(BenchError, match=f"other: {name} holds the locked test set of the task 'given'"):
        load("other.yaml")


def test_training_on_the_locked_file_by_an_option_is_refused(here: Path) -> None:
    lock_test_set("given.yaml")
    with pytest.raises(BenchError, match=r"data\.locked_test"):
        load("given.yaml", train=("test.csv",), test=("train.csv",))


def test_generated_data_has_nothing_to_lock(here: Path) -> None:
    with pytest.raises(BenchError, match="generates its examples"):
        lock_test_set("summarization")


@pytest.mark.parametrize(
    "text",
    ["name: a\ndata: {path: a.csv}\n", "name: a\ndata:\n", "name: a\ndata: &x\n  path: a\nother: *x\n", "name: a\n'data':\n  path: a\n"],
)
def test_yaml_that_cannot_be_edited_safely_is_left_alone(text: str) -> None:
    assert set_data_field(text, "locked_test", "ab", "today") is None


@pytest.mark.parametrize(
    "text",
    [
        "data:\r\n    path: a.csv\r\nname: é\r\n",
        "name: a\ndata:   # here\n\n\n  # first\n  path: a.csv",
        "data:\n  locked_test: cd\n  path: x\nname: b",
    ],
)
def test_edited_yaml_keeps_everything_else(text: str) -> None:
    edited = set_data_field(text, "locked_test", "ab", "today")
    assert edited is not None
    assert yaml.safe_load(edited) == {**yaml.safe_load(text), "data": {**yaml.safe_load(text)["data"], "locked_test": "ab"}}
    assert ("\r\n" in edited) == ("\r\n" in text) and not edited.replace("\r\n", "").count("\r")


def test_a_locked_flow_mapping_gets_a_line_to_add(here: Path) -> None:
    (here / "flow.yaml").write_text("name: flow\nkind: summarization\ndata: {path: visits.csv, fields: {input: dialogue, target: note}}\n")
    with pytest.raises(BenchError, match=r"Add this line to 'data': locked_test: [0-9a-f]{64}"):
        lock_test_set("flow.yaml")
