"""Cells on their way to another machine and back, in parts of their files.

A machine that cannot see the run folder gets the files that one cell needs, and sends back those that the cell has written. They are
checked beside the run, and then take the place of the cell's folder at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from harness.errors import BenchError
from harness.store.atomic import PRIVATE_FILE, make_private_folder
from harness.store.foreign_paths import resolve_inside
from harness.store.run_folder import RunFolder
from harness.store.seals import walk_files

PART_BYTES = 16 * 2**20
FilePart: TypeAlias = tuple[str, bytes]
"""The path of a file in its folder, with slashes, and the next bytes of its content."""


def read_parts(root: Path, names: Iterable[str]) -> Iterator[FilePart]:
    """Files below `root`, in parts: those with these names, and all below the folders with these names. What is absent is left out."""
    for name in names:
        path = root / name
        files = [name] if path.is_file() else sorted(f"{name}/{inner}" for inner, _ in walk_files(path))
        for file in files:
            with (root / file).open("rb") as stream:
                content = stream.read(PART_BYTES)
                yield file, content
                while content := stream.read(PART_BYTES):
                    yield file, content


class PartWriter:
    """Writes files that arrive in parts, one after the other."""

    def __init__(self, root: Path, under: Sequence[str] = ()) -> None:
        """
        Args:
            under: the folders in `root` in which files may be; empty: anywhere in it.
        """
        self._root, self._under = root, tuple(f"{name}/" for name in under)
        self._name = ""
        self._stream: BinaryIO | None = None
        make_private_folder(root)

    def write(self, part: Any) -> None:
        """Write the next part.

        Raises:
            BenchError: it is not a part of a file, or its path is outside the folder.
        """
        match part:
            case (str() as name, bytes() as content):
                if name != self._name:
                    self._open(name)
                assert self._stream is not None
                self._stream.write(content)
            case _:
                raise BenchError(f"{self._root}: received {type(part).__name__} instead of a part of a file. Run the command again.")

    def close(self) -> None:
        """End the last file."""
        if self._stream is not None:
            self._stream.close()
        self._name, self._stream = "", None

    def _open(self, name: str) -> None:
        self.close()
        path = resolve_inside(self._root, name)
        if self._under and not name.startswith(self._under):
            raise BenchError(f"{self._root}: the path {name[:80]!r} is not one of this cell. Run the command again.")
        make_private_folder(path.parent)
        path.touch(PRIVATE_FILE, exist_ok=False)
        self._name, self._stream = name, path.open("wb")


def read_cell_inputs(folder: RunFolder, cell_id: str) -> Iterator[FilePart]:
    """What a cell needs of its run: the plan, the data of its task, and what earlier attempts and parts of its trial have left."""
    plan = folder.plan()
    cell = next(cell for cell in plan.all_cells if cell.id == cell_id)
    previous = plan.trials[cell_id].previous if cell_id in plan.trials else None
    names = ["run.json", "data/salt.key", f"data/{cell.task}.parquet", f"work/{cell.task}.parquet", f"cells/{cell_id}"]
    names += [f"trials/{each}" for each in (cell_id, previous) if each is not None]
    return read_parts(folder.path, names)


def read_cell_results(folder: RunFolder, cell_id: str) -> Iterator[FilePart]:
    """What a cell has written."""
    return read_parts(folder.path, _written_by(cell_id))


class ReceivedCell:
    """A cell that another machine has run. Its files arrive in the run's working folder."""

    def __init__(self, folder: RunFolder, cell_id: str) -> None:
        self._folder, self._id = folder, cell_id
        self._staged = RunFolder(folder.path / "work" / f"received-{cell_id}")
        shutil.rmtree(self._staged.path, ignore_errors=True)  # of a process that was killed
        make_private_folder(self._staged.path.parent)
        self._writer = PartWriter(self._staged.path, _written_by(cell_id))

    def write(self, part: Any) -> None:
        """Write the next part; raises as `PartWriter.write` does."""
        self._writer.write(part)

    def accept(self) -> None:
        """Check the files, and put them into the run in place of what it has of this cell.

        Raises:
            BenchError: the result is missing or damaged.
        """
        self._writer.close()
        cell = self._staged.cell(self._id)
        if not cell.is_finished():
            raise BenchError(f"{cell.result_file}: is missing: the cell was not received completely. Run the command again.")
        if problems := cell.list_damage():
            raise BenchError(problems)
        cell.result()
        for name in _written_by(self._id):
            source, target = self._staged.path / name, self._folder.path / name
            shutil.rmtree(target, ignore_errors=True)
            if source.is_dir():
                make_private_folder(target.parent)
                source.rename(target)
        self.discard()

    def discard(self) -> None:
        """Delete what has arrived."""
        self._writer.close()
        shutil.rmtree(self._staged.path, ignore_errors=True)


def _written_by(cell_id: str) -> tuple[str, str]:
    return f"cells/{cell_id}", f"trials/{cell_id}"
