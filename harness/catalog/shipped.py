"""Where the shipped tasks, strategies and report templates lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def shipped_folder(name: Literal["tasks", "strategies", "reports"]) -> Path:
    """The folder of that name in the checkout if this is one, else the copy inside the installed wheel.

    The checkout comes first because an editable install leaves a stale copy behind in site-packages.
    """
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    return package / "_shipped" / name
