"""The folder for files that can be made again: models converted from GGUF, and the key that shows which runs were made here."""

from __future__ import annotations

from pathlib import Path


class _Choice:
    folder: Path | None = None


def default_cache_folder() -> Path:
    """The user's cache folder."""
    return Path.home() / ".cache" / "finetune-bench"


def cache_folder() -> Path:
    """The cache folder: the one that was chosen for this process, else the default."""
    return _Choice.folder or default_cache_folder()


def use_cache_folder(folder: str | Path | None) -> None:
    """Choose the cache folder of this process; None chooses the default."""
    _Choice.folder = None if folder is None else Path(folder)
