"""Rows of Arrow tables, as in Parquet files and `datasets`. Values become what JSON can represent; class numbers become names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from harness.data.records import BadRow, BadRowError, Record, TableRows, check_texts
from harness.errors import BenchError, first_line

ROW_LOCATION = "{name}: row {line}"
BATCH_SIZE = 1000  # rows
Converter: TypeAlias = Callable[[Any], Any]


@contextmanager
def arrow_errors(name: str, format_name: str) -> Iterator[None]:
    """Turn errors of Arrow into a `BenchError` that names the table.

    Raises:
        BenchError: Arrow cannot read the table.
    """
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BenchError(f"{name}: cannot be read as {format_name} ({first_line(error)}). Check that it is complete") from None


def build_arrow_rows(batches: Iterable[Any], name: str, converters: Mapping[str, Converter]) -> TableRows:
    """The rows of Arrow batches or tables, numbered from 1.

    Args:
        converters: by column, for columns of class numbers.

    Raises:
        BenchError: there are no rows.
    """
    line = 0
    for batch in batches:
        converted = [field.name for field in batch.schema if not _is_plain_type(field.type)]
        columns = [_to_python(column) for column in batch.columns]
        for cells in zip(*columns, strict=True):
            line += 1
            values = dict(zip(batch.schema.names, cells, strict=True))
            for column in converted:
                values[column] = to_json_value(values[column])
            for column, convert in converters.items():
                values[column] = convert(values[column])
            try:
                check_texts(values)
            except BadRowError as error:
                yield BadRow(ROW_LOCATION.format(name=name, line=line), str(error))
            else:
                yield Record(line, values)
    if not line:
        raise BenchError(f"{name}: the table has no rows. It needs rows with inputs and targets")


def class_converter(names: list[str]) -> Converter:
    """A converter from class numbers, or lists of them, to class names. Numbers without a name (-1: unlabeled) become None."""

    def convert(value: Any) -> Any:
        if isinstance(value, list):
            return [convert(item) for item in value]
        return names[value] if isinstance(value, int) and 0 <= value < len(names) else None

    return convert


def to_json_value(value: Any) -> Any:
    """A value as JSON could hold it: ISO 8601 dates, decimals as text, NaN as None, maps as objects. Bytes stay bytes."""
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) and len(item) == 2 for item in value):
            return {str(key): to_json_value(item) for key, item in value}
        return [to_json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json_value(item) for key, item in value.items()}
    return _scalar_to_json(value)


def _scalar_to_json(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, date | time):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, timedelta | UUID) else value


def _to_python(column: Any) -> list[Any]:
    """The values of a column. Values that Python cannot represent (the year 15659, an unknown time zone) become text."""
    try:
        return list(column.to_pylist())
    except (OverflowError, ValueError):
        # one by one, so that the column's other values are converted as in any other file
        return [_scalar_to_python(scalar) for scalar in column]


def _scalar_to_python(scalar: Any) -> Any:
    import pyarrow

    try:
        return scalar.as_py()
    except (OverflowError, ValueError):
        # an unknown time zone does not change the instant, which is kept in UTC
        utc = scalar.cast(_map_type(scalar.type, lambda kind: pyarrow.timestamp(kind.unit, "UTC") if getattr(kind, "tz", None) else kind))
        return utc.cast(_map_type(scalar.type, lambda kind: pyarrow.string() if pyarrow.types.is_temporal(kind) else kind)).as_py()


def _map_type(kind: Any, replace: Callable[[Any], Any]) -> Any:
    """An Arrow type with `replace` applied to the types at its leaves."""
    import pyarrow
    from pyarrow import types

    if types.is_dictionary(kind):
        return _map_type(kind.value_type, replace)
    if types.is_map(kind):
        return pyarrow.map_(_map_type(kind.key_type, replace), _map_type(kind.item_type, replace))
    if types.is_struct(kind):
        return pyarrow.struct([field.with_type(_map_type(field.type, replace)) for field in kind])
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return pyarrow.list_(_map_type(kind.value_type, replace))
    return replace(kind)


def _is_plain_type(kind: Any) -> bool:
    """Whether Python's values of an Arrow type need no conversion."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_plain_type(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_boolean(kind))
