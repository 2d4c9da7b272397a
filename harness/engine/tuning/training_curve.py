"""The file of a training curve: one JSON line per step and per validation."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.store import write_text


class CurveWriter:
    """Appends lines to `training.jsonl`. A training that resumes from a checkpoint drops the lines of later steps."""

    def __init__(self, path: Path | None, keep_until: int = 0) -> None:
        """
        Args:
            path: None: another process writes the file.
            keep_until: the last step whose lines are kept.
        """
        self._file = None
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = [line for line in _lines(path) if line["step"] <= keep_until]
        write_text(path, "".join(json.dumps(line) + "\n" for line in kept))
        self._file = path.open("a", encoding="utf-8")

    def write(self, line: dict[str, Any]) -> None:
        """Append one line and flush it."""
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def __enter__(self) -> CurveWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()


def _lines(path: Path) -> list[dict[str, Any]]:
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:  # the last line of a process that was killed
            continue
    return lines
