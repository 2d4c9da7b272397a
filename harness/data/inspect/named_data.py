"""The data files that a user names, and how a task names them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.data.formats import LIST_PREFIX, DatasetSplits, find_files, is_several, open_data
from harness.data.inspect.sibling_splits import find_sibling_splits, group_by_split
from harness.errors import BenchError, setting
from harness.types import FilesSpec, Paths

_MIN_STEM = 3  # letters: less says nothing


@dataclass(frozen=True)
class NamedData:
    """Data files.

    Attributes:
        names: as given; patterns and lists are not expanded.
        files: what they refer to, in order.
        splits: the files by split, if several files are given whose names tell it.
        siblings: the files by split, if one training file is given and files beside it look like its other splits.
        has_splits: whether a single file or folder has its own splits.
        subset: the configuration of a single file or folder, if it was named.
    """

    names: Sequence[str]
    files: Sequence[Path]
    splits: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    siblings: Mapping[str, Path] = field(default_factory=dict)
    has_splits: bool = False
    subset: str | None = None

    @property
    def stem(self) -> str:
        """The name of the file without extensions; of several files, what their names have in common, which may be nothing."""
        stems = [file.name.removesuffix("".join(s for s in file.suffixes[-2:] if len(s) < 9)) for file in self.files]
        if len(stems) == 1:
            return stems[0]
        common = re.sub(r"[\W\d_]+$", "", os.path.commonprefix(stems))  # noqa: RUF071 - of names, not of paths
        return common if len(common) >= _MIN_STEM else ""

    def path(self, folder: Path) -> Paths | FilesSpec:
        """The data as a YAML file in a folder names it."""
        if self.splits:
            by_split = {split: _one_or_several([str(file) for file in files], folder) for split, files in self.splits.items()}
            return FilesSpec.model_validate(by_split)
        return _one_or_several(self.names, folder)


def find_data(names: Sequence[str], subset: str | None = None) -> NamedData:
    """The files that names refer to, and their splits.

    Args:
        subset: the configuration, where a folder or metadata has several.

    Raises:
        BenchError: as `find_files` and `open_data`, and for a configuration of several files.
    """
    files = find_files(tuple(names), Path())
    if len(files) > 1 and subset is not None:
        raise BenchError(f"{setting('subset', subset)} is the configuration of one folder or file, but {len(files)} files are named")
    if len(files) > 1:
        splits = group_by_split(files)
        in_order = [file for members in splits.values() for file in members]
        return NamedData(names, in_order or files, splits)
    siblings = {} if is_several(names[0], Path()) else find_sibling_splits(files[0])
    data = open_data(files[0], subset)
    has_splits = isinstance(data, DatasetSplits) and len(data.splits) > 1
    return NamedData(names, files, siblings={} if has_splits else siblings, has_splits=has_splits, subset=subset)


def relative_name(name: str, folder: Path) -> str:
    """A name as a YAML file in `folder` writes it: paths in a task are relative to its own file."""
    prefix = LIST_PREFIX if name.startswith(LIST_PREFIX) else ""
    file = Path(name.removeprefix(prefix)).expanduser()
    file = file.parent.resolve() / file.name  # the name is kept: it may be a link to a file without an extension
    try:
        path = Path(os.path.relpath(file, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return prefix + file.as_posix()
    return prefix + (f"./{path}" if path.startswith(("~", LIST_PREFIX)) else path)


def _one_or_several(names: Sequence[str], folder: Path) -> Paths:
    relative = tuple(relative_name(name, folder) for name in names)
    return relative[0] if len(relative) == 1 else relative
