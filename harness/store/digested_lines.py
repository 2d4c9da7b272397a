"""A text file that grows line by line and survives kills: a line that is incomplete or damaged is not read."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from harness.store.atomic import PRIVATE_FILE


class DigestedLines:
    """Lines of text without line breaks, such as JSON, each behind its digest. Only the user can read the file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> list[str]:
        """The intact lines, in order; none where there is no file."""
        if not self._file.is_file():
            return []
        lines = (line.partition(" ") for line in self._file.read_text(encoding="utf-8", errors="replace").split("\n"))
        return [text for digest, _, text in lines if digest == _digest(text)]

    def append(self, lines: Sequence[str]) -> None:
        """Add lines. A killed process may have left half a line, which does not spoil the next one."""
        text = "\n" + "".join(f"{_digest(line)} {line}\n" for line in lines)
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE_FILE)
        with os.fdopen(handle, "ab") as file:
            file.write(text.encode())


def _digest(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]
