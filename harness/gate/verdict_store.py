"""Verdicts as JSON files in a run's folder."""

from __future__ import annotations

from pathlib import Path

from harness.errors import BenchError, setting
from harness.gate.verdict import FORMAT, Verdict
from harness.store import add_verdict_file, list_verdict_files, read_json, read_verdict_file

_ADVICE = f"Move the file away, run `bench verify` with {setting('forget_missing')}, and run `bench gate` again."


def save_verdict(run: Path, verdict: Verdict) -> Path:
    """Store a verdict in the folder of its run.

    Returns:
        The new file.

    Raises:
        OSError: the folder cannot be written.
        BenchError: there are too many verdicts of the same second.
    """
    return add_verdict_file(run, Verdict, verdict, at=verdict.at)


def load_verdicts(run: Path) -> list[Verdict]:
    """The stored verdicts of a run, oldest first.

    Raises:
        BenchError: a file is damaged, or another version wrote it.
    """
    return [_load_verdict(file) for file in list_verdict_files(run)]


def _load_verdict(file: Path) -> Verdict:
    stored = read_json(file)
    version = stored.get("format", 1) if isinstance(stored, dict) else None  # the first format did not name itself
    if version != FORMAT:
        raise BenchError(f"{file}: holds a verdict in format {version!r}; this version of bench reads format {FORMAT}. {_ADVICE}")
    return read_verdict_file(file, Verdict, advice=_ADVICE)
