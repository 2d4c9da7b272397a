"""Where a run keeps its reviews.

review/<packet>/packet.json    what is asked: examples, questions, raters; no strategy
review/<packet>/key.json       which strategy is behind each output; never sent
review/<packet>/send/          the files for the raters
review/<packet>/imports/       one file per imported file, never changed afterwards
review/<packet>/excluded.json  the raters whose ratings do not count
review/retired.json            test examples that have become training examples

All but the files for the raters carry their own digest, and are listed in added.json.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness.store.added_files import adding, check_added, check_listed
from harness.store.atomic import make_private_folder
from harness.store.json_files import read_json
from harness.store.seals import read_sealed, write_sealed

T = TypeVar("T")
_RETIRED = "review/retired.json"


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
    def exclusions_file(self) -> Path:
        """The raters whose ratings do not count."""
        return self.path / "excluded.json"

    @property
    def send(self) -> Path:
        """The files for the raters."""
        return self.path / "send"

    def get_import_file(self, sha256: str) -> Path:
        """The record of an imported file, by the SHA-256 (hex) of the file's content."""
        return self.path / "imports" / _import_name(sha256)

    def list_import_files(self) -> list[Path]:
        """The records of all imported files."""
        return sorted((self.path / "imports").glob("*.json"))

    def write(self, file: Path, kind: type[T], value: T) -> None:
        """Write a JSON file of the packet, with its digest, and list it.

        Raises:
            OSError: the folder cannot be written.
            BenchError: the list of added files is damaged, or cannot be locked.
        """
        make_private_folder(file.parent)
        with adding(self._run) as files:
            files.announce(file)
            write_sealed(file, kind, value, place=self._place(file))
            files.record(file)

    def read(self, file: Path, kind: type[T], *, advice: str) -> T:
        """Read a JSON file of the packet.

        Raises:
            BenchError: it is missing, damaged, in another file's place, or not the file that was added.
        """
        value = read_sealed(file, kind, place=self._place(file), advice=advice)
        check_listed(self._run, file)
        return value

    @property
    def _run(self) -> Path:
        return self.path.parent.parent

    def _place(self, file: Path) -> str:
        return f"review/{self.path.name}/{file.relative_to(self.path).as_posix()}"


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


@dataclass(frozen=True)
class _RetiredFile:
    examples: tuple[RetiredExample, ...] = ()


def get_packet_folder(run: Path, packet: str) -> PacketFolder:
    """The folder of a packet of a run."""
    return PacketFolder(run / "review" / packet)


def list_packet_folders(run: Path, task: str | None = None, *, imported_again: Collection[str] = ()) -> list[PacketFolder]:
    """The complete packets of a run (of one task), oldest first.

    Args:
        imported_again: the SHA-256 (hex) of files whose import may be missing, because it will be recorded again.

    Raises:
        BenchError: a file of a packet or of an import is missing, or a packet's file is damaged.
    """
    check_added(run, "review/", except_for=tuple(_import_name(sha256) for sha256 in imported_again))
    headers: list[tuple[str, str, PacketFolder]] = []
    for file in (run / "review").glob("*/packet.json"):
        packet: Any = read_json(file)
        header = packet if isinstance(packet, dict) else {}
        if task is None or header.get("task") == task:
            headers.append((str(header.get("created", "")), file.parent.name, PacketFolder(file.parent)))
    return [folder for _, _, folder in sorted(headers, key=lambda header: header[:2])]


def _import_name(sha256: str) -> str:
    return f"{sha256[:24]}.json"


def read_retired_examples(run: Path) -> tuple[RetiredExample, ...]:
    """The test examples that have become training examples.

    Raises:
        BenchError: the file is missing or damaged.
    """
    check_added(run, _RETIRED)
    file = run / _RETIRED
    if not file.is_file():
        return ()
    retired = read_sealed(file, _RetiredFile, place=_RETIRED, advice="Restore it from a backup.")
    check_listed(run, file)
    return retired.examples


def retire_examples(run: Path, examples: Sequence[RetiredExample]) -> None:
    """Add to the test examples that have become training examples. An example that is recorded already keeps its record.

    Raises:
        BenchError: a file is missing or damaged, or the folder cannot be locked.
    """
    file = run / _RETIRED
    make_private_folder(file.parent)
    with adding(run) as files:
        recorded = read_retired_examples(run)
        known = {(each.task, each.example) for each in recorded}
        new = tuple(each for each in examples if (each.task, each.example) not in known)
        if new:
            files.announce(file)
            write_sealed(file, _RetiredFile, _RetiredFile((*recorded, *new)), place=_RETIRED)
            files.record(file)
