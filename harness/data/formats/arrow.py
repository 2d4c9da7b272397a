"""Arrow tables as rows: Parquet files, and what `datasets` keeps. Values become what JSON could hold; class numbers become their names."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from harness.data.formats.jsonl import check_texts
from harness.data.formats.records import BadRow, BadRowError, Record, Rows
from harness.errors import BenchError, first_line

WHERE = "{name}: row {line}"
BATCH = 1000  # rows
Convert = Callable[[Any], Any]


def read_parquet(path: Path, name: str) -> Rows:
    """The rows of a Parquet file, a batch at a time.

    Raises:
        BenchError: it is no Parquet file, or a broken one, or without rows.
    """
    from pyarrow import parquet

    with readable(name, "Parquet"), parquet.ParquetFile(path) as file:
        named = _class_names(file.schema_arrow.metadata)
        # one column after the other: threads would decode a whole row group ahead
        yield from batch_rows(file.iter_batches(batch_size=BATCH, use_threads=False), name, named)


@contextmanager
def readable(name: str, what: str) -> Iterator[None]:
    """Whatever Arrow cannot read in here is an error that names the table.

    Raises:
        BenchError: for every error of Arrow's.
    """
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{name}: cannot be read as {what} ({first_line(error)}). Is it whole?") from None


def batch_rows(batches: Iterable[Any], name: str, named: Mapping[str, Convert]) -> Rows:
    """The rows of Arrow batches or tables, numbered from 1; `named` converts the columns that hold classes.

    Raises:
        BenchError: there are no rows.
    """
    line = 0
    for batch in batches:
        special = [field.name for field in batch.schema if not _as_it_is(field.type)]
        columns = [_python(column) for column in batch.columns]
        for cells in zip(*columns, strict=True):
            line += 1
            values = dict(zip(batch.schema.names, cells, strict=True))
            for column in special:
                values[column] = plain(values[column])
            for column, convert in named.items():
                values[column] = convert(values[column])
            try:
                check_texts(values)
            except BadRowError as error:
                yield BadRow(WHERE.format(name=name, line=line), str(error))
            else:
                yield Record(line, values)
    if not line:
        raise BenchError(f"{name}: there are no rows; it needs rows with inputs and targets")


def class_converter(names: list[str]) -> Convert:
    """From the number of a class, or lists of them, to its name; numbers without a name (-1: not labelled) become None."""

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        return names[value] if isinstance(value, int) and 0 <= value < len(names) else None

    return convert


def plain(value: Any) -> Any:
    """A value as JSON could hold it: dates in ISO 8601, decimals as text, NaN as a missing value, maps as objects. Bytes stay bytes."""
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {str(key): plain(item) for key, item in value}
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, date | time):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, timedelta | UUID) else value


def _python(column: Any) -> list[Any]:
    """The values of a column. What Python has no value for (the year 15659, an unknown time zone) is text."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        # one by one: the others of the column stay as they are in any other file
        return [_python_or_text(scalar) for scalar in column]


def _python_or_text(scalar: Any) -> Any:
    import pyarrow

    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        # an unknown zone says nothing about the instant itself, which is kept in UTC
        known = scalar.cast(_each(scalar.type, lambda kind: pyarrow.timestamp(kind.unit, "UTC") if getattr(kind, "tz", None) else kind))
        return known.cast(_each(scalar.type, lambda kind: pyarrow.string() if pyarrow.types.is_temporal(kind) else kind)).as_py()


def _each(kind: Any, changed: Callable[[Any], Any]) -> Any:
    """An Arrow type with the types inside of it changed."""
    import pyarrow
    from pyarrow import types

    if types.is_dictionary(kind):
        return _each(kind.value_type, changed)
    if types.is_map(kind):
        return pyarrow.map_(_each(kind.key_type, changed), _each(kind.item_type, changed))
    if types.is_struct(kind):
        return pyarrow.struct([field.with_type(_each(field.type, changed)) for field in kind])
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return pyarrow.list_(_each(kind.value_type, changed))
    return changed(kind)


def _as_it_is(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _as_it_is(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_boolean(kind))


def _class_names(metadata: Mapping[bytes, bytes] | None) -> dict[str, Convert]:
    """Columns of classes, from what `datasets` writes into the files that it exports."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        classes = {name: feature["names"] for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}  # none, or not as `datasets` writes it: the numbers stay
    return {name: class_converter(list(names)) for name, names in classes.items()}
