"""Arrow values that Python cannot represent, in Parquet files and in folders that `datasets` saved."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pytest
from file_contents import parquet_of

from harness.data import load_splits

N = 12


STRANGE = {
    "moment": (pa.array([400_000_000_000_000] * N, pa.timestamp("ms")), "14645-06-30 15:06:40.000"),
    "day": (pa.array([5_000_000] * N, pa.date32()), "15659-07-15"),
    "zone": (pa.array([86_400_000] * N, pa.timestamp("ms", tz="Nowhere/Bad")), "1970-01-02 00:00:00.000Z"),
    "list": (pa.array([[5_000_000, 1]] * N, pa.list_(pa.date32())), ["15659-07-15", "1970-01-02"]),
    "object": (pa.array([{"at": 5_000_000}] * N, pa.struct([("at", pa.date32())])), {"at": "15659-07-15"}),
    "map": (pa.array([[("k", 5_000_000)]] * N, pa.map_(pa.string(), pa.date32())), {"k": "15659-07-15"}),
    "dictionary": (pa.array([5_000_000] * N, pa.date32()).dictionary_encode(), "15659-07-15"),
    "long": (pa.array([2**62] * N, pa.duration("s")), str(2**62)),
}


def table(**columns):
    return pa.table({"id": [str(i) for i in range(N)], "input": [f"text {i}" for i in range(N)], "target": ["x"] * N, **columns})


@pytest.mark.parametrize("name", STRANGE)
def test_value_that_python_cannot_represent_becomes_text(load, in_order, name):
    column, text = STRANGE[name]
    assert in_order(load(parquet_of(table(seen=column)), "a.parquet"))[0].meta == {"seen": text}


def test_other_values_of_such_a_column_are_unchanged(load, in_order):
    moments = pa.array([400_000_000_000_000, None, *[86_400_000] * (N - 2)], pa.timestamp("ms"))
    rows = in_order(load(parquet_of(table(at=moments)), "a.parquet"))
    assert [row.meta["at"] for row in rows[:3]] == ["14645-06-30 15:06:40.000", None, "1970-01-02 00:00:00"]


def test_saved_folder_with_such_a_value(tmp_path, make_task, in_order):
    import datasets

    datasets.Dataset(table(day=STRANGE["day"][0])).save_to_disk(str(tmp_path / "saved"))
    assert in_order(load_splits(make_task(path="saved"), folder=tmp_path))[0].meta == {"day": "15659-07-15"}


def test_uuid_as_id_and_group(load):
    names = [uuid.UUID(int=i) for i in range(N)]
    ids = pa.array([name.bytes for name in names], pa.uuid())
    splits = load(parquet_of(table(group=ids).set_column(0, "id", ids)), "a.parquet")
    rows = [*splits.train, *splits.validation, *splits.test]
    assert {row.id for row in rows} == {row.group for row in rows} == {str(name) for name in names}
