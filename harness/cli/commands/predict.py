"""`bench predict`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.cell_options import FinishedDisplay, cell_options
from harness.cli.commands.completion import run_names
from harness.cli.options import pairs, runs_dir
from harness.cli.out_file import check_target, write_target


@click.command(short_help="Answer new rows with a model that a run has made.")
@click.argument("run", default="latest", shell_complete=run_names)
@cell_options
@click.option("--data", metavar="FILE", required=True, help="The new rows; a target is not needed.")
@click.option("--out", default="-", show_default=True, metavar="FILE", help="Where to write: .jsonl or .csv; - is standard output.")
@click.option("--input", metavar="COLUMN", help="The column with the model's input.")
@click.option("--id", "id_", metavar="COLUMN", help="The column with the row's id.")
@click.option("--field", "more", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="Any other variable of the prompt.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@runs_dir
def predict(run: str, *, data: str, out: str, input: str | None, id_: str | None, more: dict[str, str], force: bool, **cell: Any) -> None:
    """Answer the rows of a file with the model of a finished cell of RUN (a folder, a name, or `latest`).

    The base model, what the cell has learnt, the prompt and the decoding are those of the run.

    \b
    bench predict latest --strategy lora --data new.csv --out answers.csv
    bench predict latest --strategy lora --seed 1 --data new.jsonl --field input=text | jq .output
    """
    from pathlib import Path

    from harness import api

    target = None if out == "-" else Path(out)
    if target is not None:
        _check_out(target, Path(data), force)
    fields = {role: column for role, column in (("input", input), ("id", id_)) if column} | more
    with FinishedDisplay() as display:
        answers = api.predict(run, data=data, fields=fields, listener=display, **cell)
    if answers.truncated:
        display.say(f"The input of {answers.truncated} of {len(answers.examples)} rows was too long, and its end was cut: see 'truncated'.")
    if target is None:
        click.echo(answers.to_jsonl(), nl=False)
        return
    write_target(target, answers.text(target))
    click.echo(str(target))


def _check_out(target: Any, data: Any, force: bool) -> None:
    """Find out before the work whether its result can be written."""
    check_target(target)
    problem = None
    if target.suffix.lower() not in (".jsonl", ".ndjson", ".csv"):
        problem = f"{target}: the extension says the format: end it in .jsonl or .csv"
    elif target.exists() and data.exists() and target.samefile(data):
        problem = f"{target} holds the rows that are to be answered: name another file"
    elif target.exists() and not force:
        problem = f"{target} is there already: name another file, or say --force"
    if problem is not None:
        raise click.BadParameter(problem, param_hint="--out")
