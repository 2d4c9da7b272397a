"""`bench watch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli.commands.completion import task_names
from harness.cli.finished_display import FinishedDisplay
from harness.cli.options import pairs, registry_dir
from harness.cli.out_file import check_target, write_target

if TYPE_CHECKING:
    from harness.lifecycle.watch import WatchResult


@click.command(short_help="Compare new data with what the model in service was tested on.")
@click.argument("task", shell_complete=task_names)
@click.option("--data", metavar="FILE", required=True, help="The new rows, with the columns of the task. Labels are optional.")
@click.option("--date", "date_column", metavar="COLUMN", help="The column with the date of each row. Default: date; without it, today.")
@click.option("--output", metavar="COLUMN", help="The column with what the model wrote. Default: output, if there is one.")
@click.option("--feedback", metavar="COLUMN", help="The column with the feedback of users. Default: accepted, feedback or rating.")
@click.option("--predict", "answer", is_flag=True, help="Let the model in service answer the rows that have no output.")
@click.option("--input", "input_", metavar="COLUMN", help="The column with the model's input.")
@click.option("--target", metavar="COLUMN", help="The column with the label or reference.")
@click.option("--id", "id_", metavar="COLUMN", help="The column with the id.")
@click.option("--group", metavar="COLUMN", help="The column with the group: a patient, a conversation.")
@click.option("--field", "more", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="The column of any other input.")
@click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name.")
@click.option("--without-text", is_flag=True, help="Leave words and examples of the new rows out: they may be what patients said.")
@registry_dir
@click.option("--format", "format_", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("--out", metavar="FILE", help="The file to write: the page or the JSON of --format.")
@click.pass_context
def watch(
    ctx: click.Context,
    /,
    *,
    task: str,
    data: str,
    input_: str | None,
    target: str | None,
    id_: str | None,
    group: str | None,
    more: dict[str, str],
    without_text: bool,
    format_: str,
    out: str | None,
    **options: Any,
) -> None:
    """Has the data of TASK changed since its model was promoted? Call it as often as you like, with the rows that came since.

    New rows are compared with the test examples of the model in service: length, vocabulary, language, identifiers, classes, outputs,
    feedback, and with labels the score. What was seen is remembered beside the model in the registry, and rows that were seen before do
    not count again. However often you look, the chance of a false alarm is at most 5%.

    Exit codes: 0 stable, 1 drifted, 3 not enough data, 2 usage or bad input.

    \b
    bench watch visits --data new.jsonl
    bench watch visits --data new.jsonl --format html --out watch.html
    """
    from harness import api

    if out is not None and format_ == "text":
        raise click.UsageError("--out needs --format html or --format json")
    target_file = Path(out or "watch.html") if out is not None or format_ == "html" else None
    if target_file is not None:
        check_target(target_file)
    roles = (("input", input_), ("target", target), ("id", id_), ("group", group))
    fields = {role: column for role, column in roles if column} | more
    with FinishedDisplay(describe_rest=lambda: "nothing was remembered") as display:
        result = api.watch(task, data, fields=fields, listener=display, **options)
    _show(result.without_text() if without_text else result, format_, target_file)
    ctx.exit(result.exit_code)


def _show(result: WatchResult, format_: str, target: Path | None) -> None:
    import json

    from rich.console import Console

    from harness.reporting import print_watch, render_watch, watch_to_json

    if format_ == "text":
        print_watch(result, Console(highlight=False, emoji=False))
        return
    if format_ == "html":
        text = render_watch(result)
    else:
        text = json.dumps(watch_to_json(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if target is None:
        click.echo(text, nl=False)
        return
    write_target(target, text)
    click.echo(str(target))
