"""`bench report`."""

from __future__ import annotations

import json

import click

from harness.cli.completion import run_names
from harness.cli.options import runs_dir


@click.command(short_help="Write the report of a run again, or print the run as JSON.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--format", "format_", type=click.Choice(["html", "json"]), default="html", show_default=True)
@click.option("--out", help="Where to write; - is standard output. Without it, report.html in the run's folder.")
@runs_dir
def report(run: str, format_: str, out: str | None, runs_dir: str) -> None:
    """Write the report of RUN (a folder, a name, or `latest`)."""
    from pathlib import Path

    from harness import api
    from harness.reporting import render
    from harness.store.atomic import write_text

    loaded = api.load_run(run, runs_dir=runs_dir)
    text = render(loaded) if format_ == "html" else json.dumps(loaded.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if out == "-":
        click.echo(text, nl=False)
        return
    target = Path(out) if out else loaded.path / f"report.{format_}"
    if target.is_dir():
        raise click.BadParameter(f"{target} is a folder: name a file", param_hint="--out")
    if not target.parent.is_dir():
        raise click.BadParameter(f"there is no folder {target.parent}", param_hint="--out")
    try:
        write_text(target, text)
    except OSError as error:
        raise click.BadParameter(f"{target} cannot be written: {error.strerror}", param_hint="--out") from None
    click.echo(str(target))
