"""The file that `--out` names."""

from __future__ import annotations

from pathlib import Path

import click


def check_target(path: Path) -> None:
    """Find out before the work whether its result can be written there.

    Raises:
        click.BadParameter: it is a folder, or in one that is not there.
    """
    if path.is_dir():
        raise click.BadParameter(f"{path} is a folder: name a file", param_hint="--out")
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.parent}", param_hint="--out")


def write_target(path: Path, text: str) -> None:
    """The text into the file, whole or not at all.

    Raises:
        click.BadParameter: it cannot be written.
    """
    from harness.store import write_text

    try:
        write_text(path, text)
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--out") from None
