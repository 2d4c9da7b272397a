"""`bench predict`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.cell_options import FinishedDisplay, cell_options
from harness.cli.commands.completion import run_names
from harness.cli.options import pairs, runs_dir
from harness.cli.out_file import check_target, write_target
from harness.cli.run_choice import choose_run


@click.command(short_help="Answer new examples with a model of a run.")
@click.argument("run", default="latest", shell_complete=run_names)
@cell_options
@click.option("--data", metavar="FILE", required=True, help="The new examples; they need no target.")
@click.option("--out", default="-", show_default=True, metavar="FILE", help="Output file, .jsonl or .csv; - is standard output.")
@click.option("--input", metavar="COLUMN", help="The column with the model's input.")
@click.option("--id", "id_", metavar="COLUMN", help="The column with the id.")
@click.option(
    "--field", "more", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="The column of any other variable of the prompt."
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
@runs_dir
def predict(run: str, *, data: str, out: str, input: str | None, id_: str | None, more: dict[str, str], force: bool, **cell: Any) -> None:
    """Answer the examples of a file with the model of a finished cell of RUN (a folder, a name, or `latest`).

    Base model, trained weights, prompt and decoding are those of the run.

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
    chosen = choose_run(run, cell["runs_dir"], task=cell["task"])
    with FinishedDisplay() as display:
        table = api.predict(chosen, data=data, fields=fields, listener=display, **cell)
    if table.truncated:
        display.say(f"{table.truncated} of {len(table.examples)} inputs were too long and lost their end: see the column 'truncated'.")
    if target is None:
        click.echo(table.to_jsonl(), nl=False)
        return
    write_target(target, table.text(target))
    click.echo(str(target))


def _check_out(target: Any, data: Any, force: bool) -> None:
    """Check before the work starts that its result can be written."""
    check_target(target)
    problem = None
    if target.suffix.lower() not in (".jsonl", ".ndjson", ".csv"):
        problem = f"{target}: must end in .jsonl or .csv, which selects the format"
    elif target.exists() and data.exists() and target.samefile(data):
        problem = f"{target} holds the examples to answer: name another file"
    elif target.exists() and not force:
        problem = f"{target} already exists: name another file, or replace it with --force"
    if problem is not None:
        raise click.BadParameter(problem, param_hint="--out")
