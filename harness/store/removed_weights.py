"""The note about trained weights that were removed from a cell to free disk space. The results stay, and the run stays verifiable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REMOVED = "removed.json"
ARTIFACT = "artifact/"  # only these files may be missing: a note, which may be a stranger's, excuses nothing else


@dataclass(frozen=True)
class RemovedWeights:
    """What `removed.json` of a cell holds."""

    at: str
    """When they were removed, in ISO 8601."""
    size: int
    """Of all removed files, in bytes."""
    files: Mapping[str, str]
    """sha256 (hex) of each file, by path in the cell's folder: files that are restored from a backup are checked against it."""
