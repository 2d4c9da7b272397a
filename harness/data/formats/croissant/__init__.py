"""Croissant metadata (JSON-LD, versions 0.8 to 1.1) as a way to name local data files: https://docs.mlcommons.org/croissant."""

from harness.data.formats.croissant.described_tables import open_described
from harness.data.formats.croissant.description import Description, is_description, parse_description

__all__ = [
    "Description",
    "is_description",
    "open_described",
    "parse_description",
]
