"""`bench tasks validate` and `bench strategies validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.wording import message
from harness.errors import BenchError

if TYPE_CHECKING:
    from harness.catalog import Catalog


def validate_files(catalog: Catalog, files: Sequence[Path]) -> None:
    """Check YAML files of tasks or strategies, and name those that are valid.

    Raises:
        BenchError: with every problem of every file.
    """
    problems: list[str] = []
    for file in files:
        try:
            click.echo(message(f"{file}: '{catalog.check(file).value.name}' is valid"))
        except BenchError as error:
            problems += error.problems
    if problems:
        raise BenchError(problems)
