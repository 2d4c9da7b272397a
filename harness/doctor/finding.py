"""The result of a check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """One result of a check."""

    name: str
    """The name of the check."""
    status: Status
    text: str
    """What was found, in one line."""
    hint: str = ""
    """What to do, if something is wrong."""
    needed: bool = False
    """Whether `bench run` needs what was checked."""


def format_bytes(size: float) -> str:
    """A number of bytes for people: "1.2 GB", "35 MB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
