"""`bench runs`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click
from click.core import ParameterSource

from harness.cli.options import runs_dir

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class _Age(click.ParamType):  # type: ignore[type-arg]  # generic in some versions of click only
    """A number of hours, days or weeks: 12h, 30d, 8w."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        match = re.fullmatch(r"([0-9]{1,5})([hdw])", str(value))
        if match is None:
            self.fail(f"{value!r} is not an age: write 12h, 30d or 8w", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


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
    from harness.reporting import describe_no_runs, describe_progress, list_run_lines, runs_to_json

    ctx.obj = runs_dir
    if ctx.invoked_subcommand is not None:
        return
    now = datetime.now(UTC)
    summaries = api.list_runs(runs_dir, progress=lambda *run: click.echo(message(describe_progress(*run)), err=True))
    if format_ == "json":
        click.echo(json.dumps(runs_to_json(summaries, now), indent=1, ensure_ascii=False, allow_nan=False))
        return
    is_empty = True
    for line in list_run_lines(summaries, now):
        is_empty = False
        click.echo(message(line))
    if is_empty:
        click.echo(message(describe_no_runs(runs_dir)))


@runs.command(short_help="Delete runs, or only their trained weights, after showing which.")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N finished runs of each task.")
@click.option("--older-than", type=_Age(), metavar="AGE", help="Delete only runs that are older: 12h, 30d, 8w.")
@click.option(
    "--registry", envvar="BENCH_REGISTRY", show_envvar=True, help="Folder of the promoted models. Default: registry, if it exists."
)
@click.option("--weights-only", is_flag=True, help="Delete only trained weights, and keep results, reports and verdicts.")
@click.option("--dry-run", is_flag=True, help="Show what would be deleted, and stop.")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@runs_dir
@click.pass_context
def prune(
    ctx: click.Context,
    keep: int | None,
    older_than: timedelta | None,
    registry: str | None,
    weights_only: bool,
    dry_run: bool,
    yes: bool,
    runs_dir: str,
) -> None:
    """Delete runs. Shows them first, and asks; without a terminal, nothing is deleted unless --yes is given.

    A run stays if it is in use, if the history of the registry names it, if it has review packets, or if it is damaged. With
    --weights-only, results stay and can still be verified, but the models cannot be used any more; runs that are not finished keep theirs.

    \b
    bench runs prune --keep 5 --dry-run
    bench runs prune --keep 5 --weights-only --dry-run
    bench runs prune --older-than 30d --yes
    """
    import sys
    from datetime import UTC, datetime

    from harness import api
    from harness.cli.wording import message
    from harness.reporting import ask_to_delete, describe_deleted, describe_pruning

    if dry_run and yes:
        raise click.UsageError("--dry-run and --yes cannot be combined")
    folder = ctx.obj if ctx.get_parameter_source("runs_dir") is ParameterSource.DEFAULT else runs_dir
    plan = api.select_prunable(folder, keep=keep, older_than=older_than, registry=registry, weights_only=weights_only)
    for line in describe_pruning(plan, datetime.now(UTC)):
        click.echo(message(line))
    if dry_run or not plan.delete:
        click.echo("Nothing was deleted.")
        return
    if not yes and not sys.stdin.isatty():
        click.echo("Nothing was deleted: add --yes to delete without being asked.")
        return
    if not yes and not click.confirm(ask_to_delete(plan)):
        click.echo("Nothing was deleted.")
        return
    for line in describe_deleted(plan, api.prune_runs(plan)):
        click.echo(message(line))
