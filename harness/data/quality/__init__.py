"""Checks of the examples: overlap between splits."""

from harness.data.quality.overlap import Checked, remove_overlaps

__all__ = [
    "Checked",
    "remove_overlaps",
]
