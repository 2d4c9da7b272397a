"""The run that a command works on. `latest` becomes a name before the work starts, and a line on standard error shows it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from harness.cli.wording import message


def choose_run(run: str, runs_dir: str, *, task: str | None = None) -> str:
    """The run as it was named; for `latest`, the folder of the newest finished run (of the task).

    Raises:
        BenchError: no run is finished.
    """
    from harness.reporting import describe_latest_run
    from harness.store import LATEST, find_latest_run

    folder = Path(runs_dir)
    if run != LATEST or os.path.isfile(Path(LATEST) / "run.json") or os.path.isfile(folder / LATEST / "run.json"):
        return run
    latest = find_latest_run(folder, task=task)
    click.echo(message(describe_latest_run(latest)), err=True)
    return str(latest.folder.path)


def choose_run_to_resume(run: str, runs_dir: str) -> str:
    """The run as it was named; for `latest`, the folder of the newest run that is not finished.

    Raises:
        BenchError: there is no such run.
    """
    from harness.reporting import describe_run_to_resume
    from harness.store import LATEST, find_run_to_resume

    folder = find_run_to_resume(Path(runs_dir), run)
    if run == LATEST:
        click.echo(message(describe_run_to_resume(folder)), err=True)
    return str(folder.path)
