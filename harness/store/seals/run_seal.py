"""The seal of a finished run: the digests of all of its files, and one digest over these."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """Files that a packed run does not have."""

    what: str
    """A noun for people: "logs"."""
    files: int
    why: str
    """A clause: "they hold the names of folders"."""


@dataclass(frozen=True)
class PackNote:
    """What was done to a run when it was packed."""

    digest: str | None
    """Of the run that was packed; None if that was not finished."""
    with_text: bool
    """Whether inputs, references and outputs are in it."""
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class RunSeal:
    """What `seal.json` holds."""

    digest: str
    """Of the run: see `combine_hashes`."""
    files: Mapping[str, str]
    """sha256 (hex) by path in the run."""
    signature: str | None
    """Made with the key of the machine that finished the run; None if that has none."""
    packed: PackNote | None = None
    """None for a run that was not packed."""


def combine_hashes(files: Mapping[str, str]) -> str:
    """sha256 (hex) over paths and digests of files, in order."""
    return hashlib.sha256("".join(f"{path}\0{digest}\n" for path, digest in sorted(files.items())).encode()).hexdigest()
