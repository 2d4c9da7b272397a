"""`bench retrain`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.mirror_option import mirror_change, mirror_option
from harness.cli.options import check_executor, executor_options, jobs, registry_dir, runs_dir, strategies_dir, tasks_dir
from harness.cli.out_file import check_target, write_target

if TYPE_CHECKING:
    from harness.lifecycle.retraining import StepResult


@click.command(short_help="Train a model again when it is due, and promote it if it passes the gate.")
@click.argument("lifecycle", metavar="FILE", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Say what a call would do and what it would cost. Nothing is written.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The date of this call. Default: today, in UTC.")
@jobs
@executor_options
@click.option("--model-path", metavar="FOLDER", help="Folder of the champion's base model, if it has to answer new test examples.")
@registry_dir
@mirror_option
@runs_dir
@tasks_dir
@strategies_dir
@click.option("--format", "format_", type=click.Choice(["text", "json", "md", "junit"]), default="text", show_default=True)
@click.option("--out", metavar="FILE", help="Write the chosen format to a file, and the text to the terminal.")
@click.pass_context
def retrain(
    ctx: click.Context,
    /,
    *,
    lifecycle: str,
    today: datetime | None,
    registry: str,
    mirror: str | None,
    tasks_dir: tuple[str, ...],
    strategies_dir: tuple[str, ...],
    format_: str,
    out: str | None,
    **options: Any,
) -> None:
    """Do what FILE, usually lifecycle.yaml, asks for now: nothing, or one retraining.

    Where a trigger fires (drift, age, new labelled rows, complaints), the new data is assembled, the strategies are trained and scored,
    and the gate judges the best one against the champion. It is promoted if it passes. Call this from any scheduler, as often as you
    like: an interrupted call is resumed by the next one, and nothing is promoted twice.

    Exit codes: 0 not due, or promoted; 1 held by the gate, over a limit, or not trained; 3 undecided, or no new data; 4 waiting for
    approval; 2 usage or bad input.

    \b
    bench retrain lifecycle.yaml --dry-run
    bench retrain lifecycle.yaml --format md --out retrain.md
    """
    from harness import api
    from harness.cli.progress import RunDisplay

    check_executor(ctx)
    if out is not None and format_ == "text":
        raise click.UsageError("--out writes md, json or junit: name one with --format")
    if out is not None:
        check_target(Path(out))
    day: date | None = today.date() if today is not None else None
    with RunDisplay(on_cluster=options["executor"] == "ray") as display:
        result = api.retrain(
            lifecycle, registry=registry, today=day, tasks_dirs=tasks_dir, strategies_dirs=strategies_dir, listener=display, **options
        )
    _show(result, format_, Path(out) if out is not None else None)
    if not result.dry_run:  # after every call: the one before may have promoted a model, and failed to mirror it
        mirror_change(result.task, mirror, registry, model_path=options["model_path"])
    ctx.exit(result.exit_code)


def _show(result: StepResult, format_: str, target: Path | None) -> None:
    from rich.console import Console

    from harness.reporting import print_retraining

    if target is not None:
        write_target(target, _format(result, format_))
    if target is None and format_ != "text":
        click.echo(_format(result, format_), nl=False)
        return
    print_retraining(result, Console(highlight=False, emoji=False))


def _format(result: StepResult, format_: str) -> str:
    import json

    from harness.reporting import retraining_to_json, retraining_to_junit, retraining_to_markdown

    if format_ == "md":
        return retraining_to_markdown(result)
    if format_ == "junit":
        return retraining_to_junit(result)
    return json.dumps(retraining_to_json(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
