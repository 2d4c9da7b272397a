"""Parquet files: values, class names and defects."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import pyarrow as pa
from file_contents import CSV, parquet_of


def test_values_become_what_json_can_represent(load, in_order):
    n = 12
    table = pa.table(
        {
            "id": pa.array(range(n), pa.int16()),
            "input": pa.array([["a", None, f"b{i}"] for i in range(n)], pa.list_(pa.string())),
            "target": pa.array([f"t{i}" for i in range(n)]).dictionary_encode(),
            "day": pa.array([datetime.date(2024, 3, 5)] * n),
            "at": pa.array([datetime.datetime(2024, 3, 5, 14, 30)] * n, pa.timestamp("ms")),
            "price": pa.array([Decimal("1.50")] * n, pa.decimal128(5, 2)),
            "missing": pa.array([float("nan")] * n),
            "map": pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int32())),
        }
    )
    row = in_order(load(parquet_of(table), "a.parquet"))[3]
    assert (row.id, row.inputs, row.targets) == ("3", {"input": "a\nb3"}, ("t3",))
    assert row.meta == {"day": "2024-03-05", "at": "2024-03-05 14:30:00", "price": "1.50", "missing": None, "map": {"k": 1}}


def test_class_numbers_become_names(load):
    features = {"input": {"dtype": "string", "_type": "Value"}, "target": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    table = pa.table({"input": [f"t{i}" for i in range(20)], "target": [i % 2 for i in range(20)]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    assert load(parquet_of(table), "a.parquet", kind="classification").test[0].choices == ("neg", "pos")


def test_defects_are_explained(refused):
    table = pa.table({"input": ["a", None, "b\0", "c"], "target": ["x", "y", "z", "w"]})
    message = refused(parquet_of(table), "a.parquet")
    assert "a.parquet: row 2: input (column 'input') is empty" in message
    assert "a.parquet: row 3: field 'input' contains a NUL" in message
    assert "binary data" in refused(parquet_of(pa.table({"input": [b"\xff"], "target": ["x"]})), "a.parquet")
    assert "a.parquet: cannot be read as Parquet" in refused(parquet_of(table)[:-20], "a.parquet")
    assert "a.parquet: cannot be read as Parquet" in refused(CSV, "a.parquet")
    assert "a.parquet: the table has no rows" in refused(parquet_of(table[:0]), "a.parquet")
