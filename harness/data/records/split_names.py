"""The names of splits, as files, datasets and columns have them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.types import SplitName

# by split, in order of preference
SPLIT_NAMES: Mapping[SplitName, tuple[str, ...]] = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "dev", "val", "development"),
    "test": ("test", "testing", "eval", "evaluation"),
}
_SPLITS: Mapping[str, SplitName] = {name: split for split, names in SPLIT_NAMES.items() for name in names}


def parse_split(value: object) -> SplitName | None:
    """The split that a text names, in any case; None if it names none."""
    return _SPLITS.get(value.strip().casefold()) if isinstance(value, str) else None
