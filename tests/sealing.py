"""Changing files of a run so that their digests still fit: what somebody would do who forges a run, and what tests of readers need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.store import RunFolder


def edit_sealed(file: Path, change: Callable[[Any], None]) -> None:
    """Change a JSON file of a run in place, and seal it and its run again."""
    value = json.loads(file.read_bytes())
    value.pop("sha256", None)
    change(value)
    write_sealed_json(file, value)


def write_sealed_json(file: Path, value: Any) -> None:
    """Write any JSON object as a sealed file of its run."""
    run = next((folder for folder in file.parents if (folder / "run.json").is_file()), file.parent)
    body = json.dumps(value, indent=1, ensure_ascii=False).encode().removesuffix(b"\n}")
    seal = hashlib.sha256(file.relative_to(run).as_posix().encode() + b"\0" + body).hexdigest()
    file.unlink(missing_ok=True)  # it may be linked with another run's
    file.write_bytes(body + f',\n "sha256": "{seal}"\n}}\n'.encode())
    reseal(run)


def reseal(run: Path) -> None:
    """Seal a run again, if it is sealed."""
    folder = RunFolder(run)
    if folder.seal_file.is_file():
        folder.seal()
