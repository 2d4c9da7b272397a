"""The result of checking a run's files as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.store import Verification


def verification_to_json(verification: Verification) -> dict[str, Any]:
    """Plain values."""
    return {
        "run": verification.run.name,
        "intact": verification.is_intact,
        "finished": verification.is_finished,
        "made_here": verification.made_here,
        "sha256": verification.digest,
        "files": verification.files,
        "bytes": verification.size,
        "problems": [asdict(problem) for problem in verification.problems],
        "lost": dict(verification.lost),
        "removed_weights": {cell: {"at": note.at, "bytes": note.size} for cell, note in verification.removed.items()},
        "without_digest": list(verification.unchecked),
        "packed": None if verification.packed is None else asdict(verification.packed),
    }
