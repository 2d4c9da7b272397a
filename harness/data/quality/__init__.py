"""Checks of the splits: rows that occur in more than one."""

from harness.data.quality.overlap import CleanedSplits, remove_overlaps

__all__ = [
    "CleanedSplits",
    "remove_overlaps",
]
