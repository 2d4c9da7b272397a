"""What a check of the machine found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """What one check found. `needed` says whether `bench run` needs it; `hint` what to do where something is wrong."""

    name: str
    status: Status
    text: str
    hint: str = ""
    needed: bool = False


def amount(size: float) -> str:
    """Bytes as people read them."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
