"""Where a run keeps its reviews.

review/<packet>/packet.json    what is asked: examples, questions, raters; no strategy
review/<packet>/key.json       which strategy is behind each output; never sent
review/<packet>/send/          the files for the raters
review/<packet>/imports/       one file per imported file, never changed afterwards
review/retired.json            test examples that have become training examples
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.store.json_files import read_json, read_value, write_value
from harness.store.lock import file_lock


class PacketFolder:
    """The folder of one packet, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def packet_file(self) -> Path:
        """What is asked. It is written last: if it exists, the packet is complete."""
        return self.path / "packet.json"

    @property
    def key_file(self) -> Path:
        """Which strategy is behind each output."""
        return self.path / "key.json"

    @property
    def send(self) -> Path:
        """The files for the raters."""
        return self.path / "send"

    def get_import_file(self, sha256: str) -> Path:
        """The record of an imported file, by the SHA-256 (hex) of the file's content."""
        return self.path / "imports" / f"{sha256[:24]}.json"

    def list_import_files(self) -> list[Path]:
        """The records of all imported files."""
        return sorted((self.path / "imports").glob("*.json"))


@dataclass(frozen=True)
class RetiredExample:
    """A test example that has become a training example."""

    task: str
    example: str
    """Its id."""
    file: str
    """The name of the training file that it went into."""
    at: str
    """When, in ISO 8601."""


def get_packet_folder(run: Path, packet: str) -> PacketFolder:
    """The folder of a packet of a run."""
    return PacketFolder(run / "review" / packet)


def list_packet_folders(run: Path, task: str | None = None) -> list[PacketFolder]:
    """The complete packets of a run (of one task), oldest first.

    Raises:
        BenchError: a packet's file is damaged.
    """
    headers: list[tuple[str, str, PacketFolder]] = []
    for file in (run / "review").glob("*/packet.json"):
        packet: Any = read_json(file)
        header = packet if isinstance(packet, dict) else {}
        if task is None or header.get("task") == task:
            headers.append((str(header.get("created", "")), file.parent.name, PacketFolder(file.parent)))
    return [folder for _, _, folder in sorted(headers, key=lambda header: header[:2])]


def read_retired_examples(run: Path) -> tuple[RetiredExample, ...]:
    """The test examples that have become training examples.

    Raises:
        BenchError: the file is damaged.
    """
    file = _get_retired_file(run)
    return read_value(file, tuple[RetiredExample, ...]) if file.is_file() else ()


def retire_examples(run: Path, examples: Sequence[RetiredExample]) -> None:
    """Add to the test examples that have become training examples. An example that is recorded already keeps its record."""
    file = _get_retired_file(run)
    file.parent.mkdir(exist_ok=True)
    with file_lock(file.with_name(".lock")):
        recorded = read_retired_examples(run)
        known = {(each.task, each.example) for each in recorded}
        new = tuple(each for each in examples if (each.task, each.example) not in known)
        if new:
            write_value(file, tuple[RetiredExample, ...], (*recorded, *new))


def _get_retired_file(run: Path) -> Path:
    return run / "review" / "retired.json"
