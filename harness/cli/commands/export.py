"""`bench export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.cell_options import cell_options, choose_cell
from harness.cli.commands.completion import run_names
from harness.cli.finished_display import FinishedDisplay
from harness.cli.options import anonymize_option, runs_dir

if TYPE_CHECKING:
    from harness.engine.artifacts import Exported


@click.command(short_help="Write an adapter or a model to a folder that other programs can load.")
@click.argument("run", required=False, shell_complete=run_names)
@cell_options
@click.option("--out", metavar="FOLDER", required=True, help="A new or empty folder.")
@click.option("--merge", is_flag=True, help="Merge the adapter into its base model.")
@click.option(
    "--format",
    type=click.Choice(["safetensors", "gguf"]),
    default="safetensors",
    show_default=True,
    help="gguf: a whole model for llama.cpp. Needs llama.cpp's converter.",
)
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
    help="Number format of a whole model; auto: the one that the cell computed in.",
)
@click.option(
    "--with-base/--without-base", default=None, help="Write the base model beside an adapter. Default: if it is not on the Hub, up to 2 GB."
)
@click.option("--force", is_flag=True, help="Replace an earlier export.")
@anonymize_option
@runs_dir
def export(run: str | None, **options: Any) -> None:
    """Write the trained weights of a finished cell of RUN (a folder, a name, or `latest`, the default), or of the
    champion of a task, with a model card whose code runs as it is.

    Without --merge: the adapter in PEFT's format, and its base model if that is not on the Hub. With --merge, or after full
    fine-tuning: a whole model for transformers and vLLM, or for llama.cpp with --format gguf. A whole model is loaded again, and its
    outputs are compared with the measured ones.

    \b
    bench export latest --strategy lora --out adapter
    bench export latest --strategy qlora --merge --dtype bfloat16 --out model
    """
    from harness import api

    chosen = choose_cell(run, options)
    with FinishedDisplay() as display:
        exported = api.export(chosen, listener=display, **options)
    show_export(exported, display, is_anonymized=options["anonymize"])
    click.echo(str(exported.folder))


def show_export(exported: Exported, display: FinishedDisplay, *, is_anonymized: bool = False) -> None:
    """Show what was done and checked, and whether the prompt contains identifiers of people."""
    from harness.data.privacy import count_identifiers
    from harness.reporting.wording.data import anonymize_sentences

    for note in exported.notes:
        display.say(note)
    prompt = exported.finished.strategy.prompt or exported.finished.task.prompt
    counts = count_identifiers([prompt, *exported.finished.example.choices])
    for line in anonymize_sentences.describe_prompt(counts, is_anonymized=is_anonymized):
        display.say(line)
