"""A run as one flat table for a spreadsheet: a line a cell, its scores, seconds, money and memory in columns."""

from __future__ import annotations

import csv
import io
from typing import Any

from harness.reporting.formats.json_export import to_json
from harness.results import RunResults
from harness.text import escape_formula, one_line

_ABOUT = ("task", "model", "strategy", "train_size", "seed", "status", "error")


def to_csv(run: RunResults) -> str:
    """RFC 4180 with a line of names; numbers are not rounded, what was not measured is empty, and no text begins a formula."""
    rows = [_flat(cell) for cell in to_json(run)["cells"]]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or list(_ABOUT)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(cell: dict[str, Any]) -> dict[str, Any]:
    row = {name: _inert(cell[name]) for name in _ABOUT}
    for name, score in cell["scores"].items():
        row |= {_inert(name): score["value"], f"{_inert(name)} low": score["low"], f"{_inert(name)} high": score["high"]}
    row |= {f"{phase} seconds": cost["seconds"] for phase, cost in cell["costs"].items()}
    total = cell["total_cost"]
    row |= {"seconds": total["seconds"], "price": total["price"], "currency": total["currency"]}
    row["peak memory bytes"] = total["peak_allocated"]
    return row | {"trainable parameters": cell["parameters"]["trainable"], "artifact bytes": cell["artifact_bytes"]}


def _inert(value: Any) -> Any:
    """A text in one line that no spreadsheet runs; any other value as it is."""
    return escape_formula(one_line(value, 2000)) if isinstance(value, str) else value
