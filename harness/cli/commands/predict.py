"""`bench predict`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.cell_options import cell_options, choose_cell
from harness.cli.commands.completion import run_names
from harness.cli.finished_display import FinishedDisplay
from harness.cli.options import new_input_options, runs_dir


@click.command(short_help="Answer new examples with a model of a run, or with the champion.")
@click.argument("run", required=False, shell_complete=run_names)
@cell_options
@click.option("--data", metavar="FILE", required=True, help="The new examples; they need no target. - is standard input, as JSON Lines.")
@click.option("--out", default="-", show_default=True, metavar="FILE", help="Output file, .jsonl or .csv; - is standard output.")
@new_input_options
@click.option("--force", is_flag=True, help="Replace an existing file.")
@runs_dir
def predict(run: str | None, *, data: str, out: str, input: str | None, id_: str | None, more: dict[str, str], **options: Any) -> None:
    """Answer the examples of a file with the model of a finished cell of RUN (a folder, a name, or `latest`, the default), or with the
    champion of a task: the model that `bench promote` put into service.

    Base model, trained weights, prompt and decoding are those of the run. Each row of the output has the columns of the input and the
    answer. With --out, an interrupted command resumes when it is run again. Rows from standard input are answered as they arrive.

    \b
    bench predict latest --strategy lora --data new.csv --out answers.csv
    bench predict latest --strategy lora --data new.jsonl --field input=text --limit 20 | jq .output
    bench predict --champion visits --data - < new.jsonl > answers.jsonl
    """
    import io
    import sys
    from typing import cast

    from harness import api

    fields = {role: column for role, column in (("input", input), ("id", id_)) if column} | more
    force, chosen = options.pop("force"), choose_cell(run, options)
    source = cast(io.BufferedReader, sys.stdin.buffer) if data == "-" else data
    if out != "-":
        with FinishedDisplay(describe_rest=lambda: _describe_kept(out)) as display:
            table = api.predict(chosen, data=source, fields=fields, out=out, force=force, listener=display, **options)
            _say_truncated(display, table.truncated, len(table))
        click.echo(out)
        return
    answered = truncated = 0
    with FinishedDisplay(describe_rest=lambda: f"{answered:,} examples were answered", has_rows=True) as display:
        for row in api.predict_stream(chosen, data=source, fields=fields, listener=display, **options):
            click.echo(row.to_json_line(), nl=False)
            answered, truncated = answered + 1, truncated + row.truncated
        _say_truncated(display, truncated, answered)


def _describe_kept(out: str) -> str:
    from harness.engine.artifacts import find_kept_answers

    kept = find_kept_answers(out)
    return f"the answers so far are in {kept}. Run the same command again to resume" if kept else "nothing was written"


def _say_truncated(display: FinishedDisplay, truncated: int, total: int) -> None:
    if truncated:
        display.say(f"{truncated} of {total} inputs were too long and lost their end: see the column 'truncated'.")
