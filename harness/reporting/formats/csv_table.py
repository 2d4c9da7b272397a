"""A run as one flat table for a spreadsheet: a line for each cell, with its scores, seconds, money and memory."""

from __future__ import annotations

import csv
import io
from typing import Any

from harness.reporting.formats.json_export import to_json
from harness.results import RunResults
from harness.text import escape_formula, one_line

_IDENTITY = ("task", "model", "strategy", "train_size", "seed", "status", "error")


def to_csv(run: RunResults) -> str:
    """RFC 4180 with a header line. Numbers are not rounded, and no text starts a formula.

    What was not measured is empty. A score without a value has a further column with the reason.
    """
    rows = [_flatten(cell) for cell in to_json(run)["cells"]]
    columns = list(dict.fromkeys(name for row in rows for name in row)) or list(_IDENTITY)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flatten(cell: dict[str, Any]) -> dict[str, Any]:
    row = {name: _escape(cell[name]) for name in _IDENTITY}
    for name, score in cell["scores"].items():
        row |= {_escape(name): score["value"], f"{_escape(name)} low": score["low"], f"{_escape(name)} high": score["high"]}
        if score["value"] is None:
            row[f"{_escape(name)} missing because"] = _escape(score["reason"])
    row |= {f"{phase} seconds": cost["seconds"] for phase, cost in cell["costs"].items()}
    total = cell["total_cost"]
    row |= {"seconds": total["seconds"], "price": total["price"], "currency": total["currency"]}
    row["peak memory bytes"] = total["peak_allocated"]
    return row | {"trainable parameters": cell["parameters"]["trainable"], "artifact bytes": cell["artifact_bytes"]}


def _escape(value: Any) -> Any:
    """A text on one line that no spreadsheet runs; other values unchanged."""
    return escape_formula(one_line(value, 2000)) if isinstance(value, str) else value
