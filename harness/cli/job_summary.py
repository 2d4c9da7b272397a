"""The summary page of a GitHub Actions job."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.gate import Verdict


def append_to_job_summary(verdict: Verdict) -> None:
    """Append a verdict to the file that `GITHUB_STEP_SUMMARY` names; do nothing where it names none.

    A summary that cannot be written is a warning only: the verdict is already recorded, and its look at the test set is spent.
    """
    target = os.environ.get("GITHUB_STEP_SUMMARY")
    if not target:
        return
    from harness.reporting import verdict_to_markdown

    try:
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(verdict_to_markdown(verdict))
    except OSError as error:
        click.echo(message(f"warning: cannot write the job summary to {target} (GITHUB_STEP_SUMMARY): {error.strerror}."), err=True)
