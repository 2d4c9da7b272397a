"""Files as a stranger may send them: a JSON file of a run changed by hand, with everything that marks it as undamaged renewed."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store import RunFolder


def edit_json(file: Path, change: Callable[[Any], Any]) -> None:
    """Change a JSON file in place; `change` gets its value, and may return another one. A file with a digest gets a new digest."""
    value = json.loads(file.read_text(encoding="utf-8"))
    is_sealed = isinstance(value, dict) and value.pop("seal", None) is not None
    changed = change(value)
    new = value if changed is None or is_sealed else changed
    file.unlink()  # it may share its content with another run (hard link)
    if is_sealed:
        write_sealed_json(file, new)
    else:
        file.write_text(json.dumps(new), encoding="utf-8")


def write_sealed_json(file: Path, value: Any) -> None:
    """Write any JSON object with the digest that a file in this place of a run has."""
    run = file.parent if file.name == "run.json" else next(folder for folder in file.parents if (folder / "run.json").is_file())
    body = json.dumps(value, indent=1, ensure_ascii=False).encode().removesuffix(b"\n}")
    seal = hashlib.sha256(file.relative_to(run).as_posix().encode() + b"\0" + body).hexdigest()
    file.write_bytes(body + f',\n "seal": "{seal}"\n}}\n'.encode())
    _renew_list(run, file)
    folder = RunFolder(run)
    if folder.seal_file.is_file():
        with contextlib.suppress(BenchError):  # the change may be one that no run survives
            folder.seal()


def _renew_list(run: Path, file: Path) -> None:
    """Record the present content of a review, a verdict or an approval, as if it had been added like this."""
    place, added = file.relative_to(run).as_posix(), run / "added.json"
    if place.startswith(("review/", "gates/", "approvals/")) and added.is_file():
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        edit_json(added, lambda value: value["files"].update({place: digest}))


def renew_digest(file: Path) -> None:
    """Record the present content of a file of a cell, as if the cell had written it."""
    cell = next(folder for folder in file.parents if (folder / "cell.json").is_file())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    edit_json(cell / "cell.json", lambda result: result["files"].update({file.relative_to(cell).as_posix(): digest}))
