"""Several tables that are read as one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from harness.data.records import Record, Table, TableRows

_ROW = "{name}: row {line}"


def join_tables(tables: Sequence[Table], name: str) -> Table:
    """The rows of the tables one after the other, numbered from 1; a single table as it is.

    Args:
        name: of the joined table in messages.
    """
    if len(tables) == 1:
        return tables[0]

    def rows() -> TableRows:
        number = 0
        for table in tables:
            for item in table.rows():
                number += 1
                yield Record(number, item.values) if isinstance(item, Record) else item

    def sha256() -> str:
        total = hashlib.sha256()
        for table in tables:
            total.update(bytes.fromhex(table.sha256()))
        return total.hexdigest()

    return Table(name, rows, sha256, _ROW)
