"""`bench score`."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from harness.cli.commands.completion import task_names
from harness.cli.options import Number, data_options, plugins, pop_fields, runs_dir, tasks_dir
from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.api import Run


@click.command(short_help="Score external outputs, of any model or vendor.")
@click.option("--task", required=True, shell_complete=task_names, help="A task: a name (see `bench tasks`) or a YAML file.")
@click.option(
    "--predictions", required=True, metavar="FILE",
    help="{\"id\", \"output\"} rows in any format of tasks/README.md, or a .txt file with one output per line, in the order of the data.",
)  # fmt: skip
@click.option("--name", help="Name of the outputs in reports. Default: the name of the file.")
@click.option("--price-per-1k", type=Number(0), help="Price of 1,000 outputs, in USD.")
@data_options
@click.option("--support", metavar="MODEL", help="Also score how far texts are supported by their inputs, by this model.")
@click.option("--trust-remote-code", is_flag=True, help="Allow the script of a metric of the evaluate library.")
@plugins()
@tasks_dir
@runs_dir
def score(
    task: str, predictions: str, name: str | None, price_per_1k: float | None, tasks_dir: tuple[str, ...], runs_dir: str, **options: Any
) -> None:
    """Score outputs of any model, vendor or trainer. Every row of --data is a test example here.

    Missing, duplicate and unknown ids are reported; a missing output counts as wrong, and if most are missing, the exit code is 1. The last
    line on standard output is the run's folder, which can be reported and compared like any other. Within a grid:
    `bench run --strategies lora,outputs:FILE`.

    \b
    bench score --task qa --data test.json --predictions outputs.jsonl --name vendor-model --price-per-1k 1.20
    """
    from harness import api
    from harness.cli.progress import RunDisplay

    fields = pop_fields(options)
    with RunDisplay() as display:
        done = api.score(
            task,
            predictions,
            name=name,
            price_per_1k=price_per_1k,
            runs_dir=runs_dir,
            listener=display,
            command=shlex.join(["bench", *sys.argv[1:]]),
            fields=fields,
            tasks_dirs=tasks_dir,
            **options,
        )
    display.summary(done.stored)
    click.echo(str(done.path))
    if problem := _describe_mostly_missing(done):
        click.echo(message(problem), err=True)
        sys.exit(1)


def _describe_mostly_missing(run: Run) -> str:
    """What is wrong if most test examples have no output; empty otherwise. Such scores are those of a wrong file."""
    notes = [note for result in run.stored.results.values() for note in result.notes if note.code == "outputs_missing"]
    missing, total = (notes[0].numbers["count"], notes[0].numbers["total"]) if notes else (0, 0)
    if 2 * missing <= total:
        return ""
    return f"error: {missing:,} of {total:,} test examples have no output. Check that the ids of the outputs are those of the data."
