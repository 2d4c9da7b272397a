"""Where a run keeps its reviews.

review/<packet>/packet.json    what is asked: examples, questions, raters; no strategy
review/<packet>/key.json       which strategy is behind each output; never sent
review/<packet>/send/          the files for the raters
review/<packet>/imports/       one file per imported file, never changed afterwards
review/retired.json            test examples that have become training examples
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.store.json_files import read_json, write_json
from harness.store.lock import file_lock


class PacketFolder:
    """The folder of one packet, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def packet_file(self) -> Path:
        """What is asked."""
        return self.path / "packet.json"

    @property
    def key_file(self) -> Path:
        """Which strategy is behind each output."""
        return self.path / "key.json"

    @property
    def send(self) -> Path:
        """The files for the raters."""
        return self.path / "send"

    @property
    def is_complete(self) -> bool:
        """Whether a packet was written into the folder."""
        return self.packet_file.is_file()

    def write(self, packet: Mapping[str, Any], key: Mapping[str, Any]) -> None:
        """Write packet and key. The packet comes last: if it exists, the folder is complete."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_json(self.key_file, key)
        write_json(self.packet_file, packet)

    def read_packet(self) -> dict[str, Any]:
        """What is asked.

        Raises:
            BenchError: the file is missing or damaged.
        """
        return _read_object(self.packet_file)

    def read_key(self) -> dict[str, Any]:
        """Which strategy is behind each output; raises as `read_packet` does."""
        return _read_object(self.key_file)

    def has_import(self, sha256: str) -> bool:
        """Whether a file with this content was imported."""
        return self._get_import_file(sha256).is_file()

    def add_import(self, sha256: str, record: Mapping[str, Any]) -> None:
        """Record the ratings of a file permanently."""
        self._get_import_file(sha256).parent.mkdir(exist_ok=True)
        write_json(self._get_import_file(sha256), record)

    def read_imports(self) -> list[dict[str, Any]]:
        """All imports, oldest first."""
        records = [_read_object(file) for file in sorted((self.path / "imports").glob("*.json"))]
        return sorted(records, key=lambda record: (record.get("imported_at", ""), record.get("source", "")))

    def _get_import_file(self, sha256: str) -> Path:
        return self.path / "imports" / f"{sha256[:24]}.json"


def get_packet_folder(run: Path, packet: str) -> PacketFolder:
    """The folder of a packet of a run."""
    return PacketFolder(run / "review" / packet)


def list_packet_folders(run: Path) -> list[PacketFolder]:
    """The complete packets of a run, oldest first."""
    folders = [PacketFolder(file.parent) for file in (run / "review").glob("*/packet.json")]
    return sorted(folders, key=lambda folder: (str(folder.read_packet().get("created", "")), folder.path.name))


def read_retired_examples(run: Path) -> list[dict[str, Any]]:
    """The test examples that have become training examples, as `retire_examples` recorded them.

    Raises:
        BenchError: the file is damaged.
    """
    file = run / "review" / "retired.json"
    value = read_json(file) if file.is_file() else []
    if not isinstance(value, list):
        raise BenchError(f"{file}: is damaged: it must contain a list, not {type(value).__name__}.")
    return value


def retire_examples(run: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Add to the test examples that have become training examples. Existing records are not changed.

    Args:
        records: each with "task" and "example".
    """
    (run / "review").mkdir(exist_ok=True)
    with file_lock(run / "review" / ".lock"):
        existing = read_retired_examples(run)
        known = {(record.get("task"), record.get("example")) for record in existing}
        new = [record for record in records if (record["task"], record["example"]) not in known]
        if new:
            write_json(run / "review" / "retired.json", [*existing, *new])


def _read_object(file: Path) -> dict[str, Any]:
    value = read_json(file)
    if not isinstance(value, dict):
        raise BenchError(f"{file}: is damaged: it must contain an object, not {type(value).__name__}.")
    return value
