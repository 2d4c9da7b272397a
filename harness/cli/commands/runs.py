"""`bench runs`."""

from __future__ import annotations

import click

from harness.cli.options import runs_dir


@click.group(invoke_without_command=True, short_help="List the runs with their decisions.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
@click.pass_context
def runs(ctx: click.Context, format_: str, runs_dir: str) -> None:
    """List the runs, the newest first: tasks, strategies, decision, cost, age and size.

    Decisions are those of the report. The first list computes them, later ones read them from the cache.

    \b
    bench runs
    bench runs --format json
    """
    import json
    from datetime import UTC, datetime

    from harness import api
    from harness.cli.wording import message
    from harness.reporting import describe_computing, describe_no_runs, list_run_lines, runs_to_json

    ctx.obj = runs_dir
    if ctx.invoked_subcommand is not None:
        return
    now = datetime.now(UTC)
    summaries = api.list_runs(runs_dir, progress=lambda *run: click.echo(message(describe_computing(*run)), err=True))
    if format_ == "json":
        click.echo(json.dumps(runs_to_json(summaries, now), indent=1, ensure_ascii=False, allow_nan=False))
        return
    is_empty = True
    for line in list_run_lines(summaries, now):
        is_empty = False
        click.echo(message(line))
    if is_empty:
        click.echo(message(describe_no_runs(runs_dir)))
