"""Registered sources: data that is made or fetched by code instead of being read from the user's file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from harness.data import clinic
from harness.types import DataSpec, Example, Kind, SplitName


class SourceRows(NamedTuple):
    """What a source gives: its version, which changes whenever its rows do, and rows that are split already.

    Each has an id of its own and, for classification, either the labels as `choices` or none (they are then found in the rows).
    """

    version: str
    rows: Iterable[tuple[SplitName, Example]]


Source = Callable[[DataSpec, Kind], SourceRows]


def _clinic(spec: DataSpec, kind: Kind) -> SourceRows:
    return SourceRows(clinic.VERSION, clinic.records(kind, size=spec.size, seed=spec.seed))


SOURCES: Mapping[str, Source] = {"clinic": _clinic}
