"""The folders of the shipped tasks, strategies and report templates."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def shipped_folder(name: Literal["tasks", "strategies", "reports"]) -> Path:
    """The folder in the source checkout if there is one, otherwise the copy in the installed wheel.

    The checkout comes first because an editable install can leave an outdated copy in site-packages.
    """
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    return package / "_shipped" / name
