"""The data files that names refer to. A name is a file, a pattern such as `shards/*.jsonl`, or `@files.txt`: a text file that lists files
and patterns, one per line, relative to itself.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from harness.bounded_file import read_bounded
from harness.data.records import quote
from harness.errors import BenchError
from harness.types import Paths

LIST_PREFIX = "@"
MAX_FILES = 10_000
MAX_LIST_SIZE = 2**20  # bytes
_PATTERN = re.compile(r"[*?[]")


def find_files(names: Paths, folder: Path) -> list[Path]:
    """The files that names refer to, in the order given. Those of a pattern are sorted by path; folders are not among them.

    Files need not exist, unless a list names them. A name with `*`, `?` or `[` that exists is that file, and `./@notes.csv` is a file whose
    name starts with `@`.

    Args:
        folder: what relative names are relative to.

    Raises:
        BenchError: a pattern matches no file; a list is missing, empty, too large, not UTF-8, or names a missing file, itself or another
            list; a file is named twice; or there are too many files.
    """
    places: dict[str, str] = {}  # by file, where it is named
    files: list[Path] = []
    for place, path in _expand(names, folder):
        real_path = os.path.realpath(path)
        if real_path in places:
            raise BenchError(f"{place}: names {quote(str(path))}, which {places[real_path]} names already. Its rows would count twice")
        if len(files) == MAX_FILES:
            raise BenchError(f"{place}: more than {MAX_FILES:,} files. Combine them into fewer")
        places[real_path] = place
        files.append(path)
    return files


def is_several(name: str, folder: Path) -> bool:
    """Whether a name is a pattern or a list, rather than one file or folder."""
    return name.startswith(LIST_PREFIX) or _is_pattern(name, folder)


def join_name(folder: Path, name: str) -> str:
    """A name that refers to the same files from any folder. Links are kept."""
    prefix = LIST_PREFIX if name.startswith(LIST_PREFIX) else ""
    return prefix + os.path.abspath(folder / os.path.expanduser(name.removeprefix(LIST_PREFIX) if prefix else name))


def _expand(names: Paths, folder: Path) -> Iterator[tuple[str, Path]]:
    """Each file with the name or the line of a list that names it."""
    for name in (names,) if isinstance(names, str) else names:
        if name.startswith(LIST_PREFIX):
            yield from _read_list(folder / os.path.expanduser(name.removeprefix(LIST_PREFIX)))
        else:
            for path in _find(name, folder):
                yield quote(name), path


def _find(name: str, folder: Path) -> list[Path]:
    if not _is_pattern(name, folder):
        return [folder / os.path.expanduser(name)]
    matches = glob.iglob(os.path.expanduser(name), root_dir=folder, recursive=True)
    paths = sorted({folder / match for match in islice(matches, 2 * MAX_FILES)})
    files = [path for path in paths if path.is_file()]
    if not files:
        what = "only folders match" if paths else "no file matches"
        raise BenchError(f"{name}: {what} this pattern in {folder.resolve()}. A pattern may use *, ? and [a-z], and ** for folders")
    return files


def _is_pattern(name: str, folder: Path) -> bool:
    return bool(_PATTERN.search(name)) and not os.path.lexists(folder / os.path.expanduser(name))


def _read_list(path: Path) -> Iterator[tuple[str, Path]]:
    count = 0
    for number, line in enumerate(_list_text(path).split("\n"), 1):
        name = line.strip()
        if not name or name.startswith("#"):
            continue
        place = f"{path.name}:{number}"
        if name.startswith(LIST_PREFIX):
            raise BenchError(f"{place}: names another list, {quote(name)}. A list names data files only; name further lists beside it")
        if "\0" in name:
            raise BenchError(f"{place}: the name contains a NUL character. Write one file per line, as text")
        try:
            files = _find(name, path.parent)
        except BenchError as error:
            raise BenchError([f"{place}: {problem}" for problem in error.problems]) from None
        for file in files:
            if not os.path.exists(file):
                raise BenchError(
                    f"{place}: {quote(name)}: no such file in {path.parent.resolve()}. Paths of a list are relative to the list"
                )
            if os.path.realpath(file) == os.path.realpath(path):
                raise BenchError(f"{place}: {quote(name)} names the list itself. Remove the line, or use a pattern such as *.csv")
            count += 1
            yield place, file
    if not count:
        raise BenchError(f"{path.name}: the list names no file. Write one data file per line")


def _list_text(path: Path) -> str:
    """The text of a list.

    Raises:
        BenchError: no such file, too large, or not UTF-8.
    """
    if not os.path.isfile(path):
        raise BenchError(f"@{path}: no such file. After @, name a text file that lists data files, one per line")
    too_large = f"larger than {MAX_LIST_SIZE >> 20} MiB. After @, name a list of data files; name data without the @"
    content = read_bounded(path, MAX_LIST_SIZE, too_large=too_large, shown=f"@{path}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BenchError(f"{path.name}:{line}: not UTF-8. A list of data files is a text file, with one file per line") from None
