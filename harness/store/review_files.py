"""Where the reviews of a run lie.

review/<packet>/packet.json    what was asked: rows, questions, raters; no strategy
review/<packet>/key.json       which strategy stood where; it is never sent
review/<packet>/send/          the files for the raters
review/<packet>/imports/       a file for each file that came back, never changed afterwards
review/retired.json            test rows that were given to training
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.atomic import write_json
from harness.store.lock import waiting_lock
from harness.store.run_folder import read_json


class PacketFolder:
    """One packet's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def send(self) -> Path:
        """The files for the raters."""
        return self.path / "send"

    def write(self, packet: Mapping[str, Any], key: Mapping[str, Any]) -> None:
        """What was asked, and the key to it; `packet.json` comes last: if it is there, the packet is whole."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.path / "key.json", key)
        write_json(self.path / "packet.json", packet)

    def packet(self) -> dict[str, Any]:
        """What was asked.

        Raises:
            BenchError: when the file is missing or damaged.
        """
        return _table(self.path / "packet.json")

    def key(self) -> dict[str, Any]:
        """Which strategy stood where; raises as `packet` does."""
        return _table(self.path / "key.json")

    def imported(self, sha256: str) -> bool:
        """Whether a file of this content is on record."""
        return self._import(sha256).is_file()

    def add_import(self, sha256: str, record: Mapping[str, Any]) -> None:
        """Put a file's ratings on record, for good."""
        self._import(sha256).parent.mkdir(exist_ok=True)
        write_json(self._import(sha256), record)

    def imports(self) -> list[dict[str, Any]]:
        """All that came back, in the order in which it did."""
        files = sorted((self.path / "imports").glob("*.json"))
        return sorted((_table(file) for file in files), key=lambda record: (record.get("imported_at", ""), record.get("source", "")))

    def _import(self, sha256: str) -> Path:
        return self.path / "imports" / f"{sha256[:24]}.json"


def packet_folder(run: Path, packet: str) -> PacketFolder:
    """The folder of a packet, which need not exist yet."""
    return PacketFolder(run / "review" / packet)


def packet_folders(run: Path) -> list[PacketFolder]:
    """The packets of a run that are whole, the oldest first."""
    found = [PacketFolder(file.parent) for file in (run / "review").glob("*/packet.json")]
    return sorted(found, key=lambda folder: (str(folder.packet().get("created", "")), folder.path.name))


def retired_rows(run: Path) -> list[dict[str, Any]]:
    """The test rows that were given to training, as they were written."""
    file = run / "review" / "retired.json"
    value = read_json(file) if file.is_file() else []
    if not isinstance(value, list):
        raise BenchError(f"{file}: is damaged: it should hold a list")
    return value


def retire_rows(run: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to the test rows that were given to training; those that are there already stay as they are."""
    (run / "review").mkdir(exist_ok=True)
    with waiting_lock(run / "review" / ".lock"):
        before = retired_rows(run)
        known = {(row.get("task"), row.get("example")) for row in before}
        fresh = [row for row in rows if (row["task"], row["example"]) not in known]
        if fresh:
            write_json(run / "review" / "retired.json", [*before, *fresh])


def _table(file: Path) -> dict[str, Any]:
    value = read_json(file)
    if not isinstance(value, dict):
        raise BenchError(f"{file}: is damaged: it should hold an object")
    return value
