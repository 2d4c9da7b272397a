"""The file named by `--out`."""

from __future__ import annotations

from pathlib import Path

import click


def check_target(path: Path) -> None:
    """Check before the work starts that its result can be written.

    Raises:
        click.BadParameter: the path is a folder, or its folder does not exist.
    """
    if path.is_dir():
        raise click.BadParameter(f"{path} is a folder: name a file", param_hint="--out")
    if not path.parent.is_dir():
        raise click.BadParameter(f"the folder {path.parent} does not exist", param_hint="--out")


def write_target(path: Path, text: str) -> None:
    """Write the text completely, or not at all.

    Raises:
        click.BadParameter: the file cannot be written.
    """
    from harness.store import write_text

    try:
        write_text(path, text, private=(path.parent / "run.json").is_file())  # a page beside the texts that it shows
    except OSError as error:
        raise click.BadParameter(f"cannot write {path}: {error.strerror}", param_hint="--out") from None
