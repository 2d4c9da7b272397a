"""A run stores the columns that its task names, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.api import open_catalog
from harness.errors import BenchError
from harness.grid import Request, keep_named_columns, read_tasks

TASK = "name: mine\nkind: classification\ndata: {path: rows.csv, fields: {input: text, target: label}%s}\n"


def stored(folder: Path, more: str = "", extra: str = "", keep: tuple[str, ...] = ()) -> set[str]:
    """The columns that are stored of a file with the columns text, label, ward, age and name."""
    rows = "".join(f"text {i},{'ab'[i % 2]},{'north' if i % 3 else 'south'},{i},name {i}\n" for i in range(60))
    (folder / "rows.csv").write_text(f"text,label,ward,age,name\n{rows}")
    (folder / "mine.yaml").write_text(TASK % more + extra)
    ((task, splits),) = read_tasks(Request(tasks=(str(folder / "mine.yaml"),), strategies=(), keep=keep), open_catalog())
    kept = keep_named_columns(task, splits)
    columns = {name for examples in (kept.train, kept.validation, kept.test) for example in examples for name in example.meta}
    assert [e.id for e in kept.test] == [e.id for e in splits.test] and kept.digest == splits.digest
    return columns


def test_columns_that_nothing_names_are_not_stored(tmp_path: Path) -> None:
    assert stored(tmp_path) == set()


def test_columns_that_the_task_names_are_stored(tmp_path: Path) -> None:
    assert stored(tmp_path, ", keep: [age]") == {"age"}
    assert stored(tmp_path, ", keep: [age]", keep=("name", "age")) == {"age", "name"}
    guardrail = "guardrails: {accuracy: {at_least: 0.5, slice: ward=north}}\n"
    assert stored(tmp_path, extra=guardrail) == {"ward"}


def test_column_to_be_stored_must_exist(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r'mine: keep="wards": no test example has such a column\. Did you mean .ward.'):
        stored(tmp_path, keep=("wards",))
    assert stored(tmp_path, ", keep: [text]") == set(), "it is stored as an input"
