"""`bench export`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.cell_options import FinishedDisplay, cell_options
from harness.cli.commands.completion import run_names
from harness.cli.options import runs_dir


@click.command(short_help="Write an adapter or a model as a folder that other programs load.")
@click.argument("run", default="latest", shell_complete=run_names)
@cell_options
@click.option("--out", metavar="FOLDER", required=True, help="A new or an empty folder.")
@click.option("--merge", is_flag=True, help="Make one model of the adapter and its base.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
    help="The numbers of a whole model; auto: those that the cell computed in.",
)
@click.option("--force", is_flag=True, help="Replace a former export.")
@runs_dir
def export(run: str, **options: Any) -> None:
    """Write what a finished cell of RUN (a folder, a name, or `latest`) has learnt, with a model card.

    Without --merge, the adapter in PEFT's format; with it, or for a strategy that tunes all weights, a whole model for transformers, vLLM
    and llama.cpp's converter. A whole model is loaded once more and compared with what was measured.

    \b
    bench export latest --strategy lora --out adapter
    bench export latest --strategy qlora --merge --dtype bfloat16 --out model
    """
    from harness import api

    with FinishedDisplay() as display:
        exported = api.export(run, listener=display, **options)
    for note in exported.notes:
        display.say(note)
    click.echo(str(exported.folder))
