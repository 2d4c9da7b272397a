"""Folders that hold a dataset: saved by `datasets`, one folder for each configuration, or a copy of a repository of the Hub.

A repository names its configurations and their files in the head of its README.md. Without that, its files are assigned to splits by the
first word of their names, in the folder itself or in `data`.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from harness.bounded_file import read_bounded
from harness.catalog import parse_yaml_value
from harness.data.formats.hf_datasets import DatasetSplits, is_saved_folder, read_saved_folder
from harness.data.formats.joined_tables import join_tables
from harness.data.records import Table, join_names, parse_split, quote
from harness.errors import BenchError, did_you_mean, setting

_README = "README.md"
_MAX_README = 2**20  # bytes
_MOST_FILES = 10_000
_HEAD = re.compile(r"---\r?\n(.*?)\r?\n---\s*(?:\r?\n|$)", re.DOTALL)
_FIRST_WORD = re.compile(r"[A-Za-z]+")

_Data = Table | DatasetSplits


def open_dataset_folder(
    folder: Path, subset: str | None, open_file: Callable[[Path], Table], is_data_file: Callable[[Path], bool]
) -> _Data | None:
    """The dataset in a folder; None if there is none.

    Args:
        subset: the configuration.
        open_file: opens a data file.

    Raises:
        BenchError: there are several configurations and none is named, or none has this name; a configuration cannot be read.
    """
    if is_saved_folder(folder):
        refuse_subset(folder.name, subset)
        return read_saved_folder(folder)
    saved = sorted(path for path in folder.iterdir() if path.is_dir() and is_saved_folder(path))
    if saved:
        return read_saved_folder(folder / choose_subset(folder.name, [path.name for path in saved], subset))
    configurations = _read_configurations(folder)
    if configurations:
        default = [name for name, (_, is_default) in configurations.items() if is_default]
        name = choose_subset(folder.name, list(configurations), subset, default=default[0] if len(default) == 1 else None)
        return _open_patterns(folder, name, configurations[name][0], open_file)
    splits = _find_split_files(folder, is_data_file)
    if not splits:
        return None
    refuse_subset(folder.name, subset)
    return DatasetSplits(
        {split: join_tables(list(map(open_file, files)), f"{folder.name}/{split}") for split, files in splits.items()},
        {"folder": folder.name},
    )


def choose_subset(place: str, names: list[str], subset: str | None, *, default: str | None = None) -> str:
    """The configuration to read: the one that is named, the only one, or the default.

    Raises:
        BenchError: there are several and none is named, or none has this name.
    """
    if subset is not None and subset not in names:
        raise BenchError(f"{place}: no configuration {quote(subset)}.{did_you_mean(subset, names)} There are: {join_names(names)}")
    chosen = subset or (names[0] if len(names) == 1 else default)
    if chosen is None:
        raise BenchError(
            f"{place}: has several configurations: {join_names(names)}. Choose one: {setting('subset', names[0])}, or 'subset' in the "
            "task's data"
        )
    return chosen


def refuse_subset(place: str, subset: str | None) -> None:
    """
    Raises:
        BenchError: a configuration is named, but the data has none.
    """
    if subset is not None:
        raise BenchError(f"{place}: has no configurations. Remove {setting('subset', subset)}")


def _read_configurations(folder: Path) -> dict[str, tuple[Any, bool]]:
    """By name, the files of each configuration, and whether it is the default; empty if the folder's README.md names none."""
    readme = folder / _README
    if not readme.is_file():
        return {}
    too_large = f"larger than {_MAX_README >> 20} MiB, so its configurations are not read. Name the data files"
    text = read_bounded(readme, _MAX_README, too_large=too_large, shown=str(readme)).decode("utf-8", "replace")
    head = _HEAD.match(text)
    values = parse_yaml_value(head[1]) if head else None
    entries = values.get("configs") if isinstance(values, Mapping) else None
    configurations: dict[str, tuple[Any, bool]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("config_name"), str) and entry.get("data_files"):
            name = entry["config_name"]
            configurations[name] = (entry["data_files"], entry.get("default") is True or name == "default")
    return configurations


def _open_patterns(folder: Path, name: str, patterns: Any, open_file: Callable[[Path], Table]) -> _Data:
    place = f"{folder.name}/{_README}: configuration {quote(name)}"
    entries = patterns if isinstance(patterns, list) else [patterns]
    by_split: dict[str, list[str]] = {}
    for entry in entries:
        split, paths = (entry.get("split"), entry.get("path")) if isinstance(entry, Mapping) else ("train", entry)
        for path in paths if isinstance(paths, list) else [paths]:
            if not isinstance(split, str) or not isinstance(path, str):
                raise BenchError(f"{place}: 'data_files' must name files by split, found {quote(entry)}")
            by_split.setdefault(split, []).append(path)
    tables = {
        split: join_tables([open_file(file) for file in _match(folder, paths, place)], f"{name}/{split}")
        for split, paths in by_split.items()
    }
    return next(iter(tables.values())) if len(tables) == 1 else DatasetSplits(tables, {"folder": folder.name, "configuration": name})


def _match(folder: Path, patterns: list[str], place: str) -> list[Path]:
    files: set[Path] = set()
    for pattern in patterns:
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts or "\0" in pattern:
            raise BenchError(f"{place}: {quote(pattern)} leaves the folder. Files of a dataset must be in its folder")
        matches = islice(glob.iglob(pattern, root_dir=folder, recursive=True), 2 * _MOST_FILES)
        matching = {path for match in matches if (path := folder / match).is_file() and path.resolve().is_relative_to(folder.resolve())}
        if not matching:
            raise BenchError(f"{place}: no file matches {quote(pattern)} in {folder.resolve()}. Download it there")
        files |= matching
    if len(files) > _MOST_FILES:
        raise BenchError(f"{place}: more than {_MOST_FILES:,} files. Combine them into fewer")
    return sorted(files)


def _find_split_files(folder: Path, is_data_file: Callable[[Path], bool]) -> dict[str, list[Path]]:
    """The data files of each split, by the first word of their names; empty unless there are files of train and of another split."""
    for place in (folder, folder / "data"):
        by_split: dict[str, list[Path]] = {}
        for file in sorted(place.iterdir()) if place.is_dir() else ():
            word = _FIRST_WORD.match(file.name)
            split = parse_split(word[0]) if word and file.is_file() and is_data_file(file) else None
            if split is not None:
                by_split.setdefault(split, []).append(file)
        if "train" in by_split and len(by_split) > 1 and sum(map(len, by_split.values())) <= _MOST_FILES:
            return by_split
    return {}
