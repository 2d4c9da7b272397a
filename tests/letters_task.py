"""A task of a few short texts, for runs of small models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_TASK = """
name: letters
kind: generation
data: {path: letters.jsonl}
metrics: [rouge]
primary: rougeL
decode: {max_new_tokens: 8}
"""


def write_letters(folder: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write letters.yaml and its rows."""
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "letters.yaml").write_text(_TASK)
