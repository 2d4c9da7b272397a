"""`bench shadow`."""

from __future__ import annotations

from typing import Any, cast

import click

from harness.cli.finished_display import FinishedDisplay
from harness.cli.options import new_input_options, registry_dir, split_names


@click.command(short_help="Answer the same inputs with the champion and the models in shadow mode.")
@click.argument("task")
@click.option("--data", metavar="FILE", required=True, help="The inputs; they need no target.")
@click.option("--out", metavar="FOLDER", required=True, help="A new folder; that of an interrupted command is completed.")
@click.option(
    "--stages",
    multiple=True,
    callback=split_names,
    default=("champion", "shadow"),
    show_default="champion,shadow",
    help="Whose models answer: champion, challenger, shadow, candidate, retired.",
)
@new_input_options
@click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name.")
@click.option("--trust-remote-code", is_flag=True, help="Allow Python code that comes with the model.")
@click.option("--force", is_flag=True, help="Replace the outputs of another command in the folder.")
@registry_dir
def shadow(
    task: str, *, data: str, out: str, stages: tuple[str, ...], input: str | None, id_: str | None, more: dict[str, str], **options: Any
) -> None:
    """Answer the inputs of a file with the champion of TASK and with each of its models in shadow mode, whose outputs are only kept.

    The folder holds one file of outputs per model: champion.jsonl, shadow-STRATEGY.jsonl. Each row has the columns of the input, its id,
    and the output; `bench score` and `bench run --strategies outputs:FILE` take these files. If the command is interrupted, run it again.

    \b
    bench shadow visits --data new.jsonl --out answers
    """
    from harness import api
    from harness.gate import Stage
    from harness.reporting.wording import shadow_sentences

    fields = {role: column for role, column in (("input", input), ("id", id_)) if column} | more
    with FinishedDisplay(describe_rest=lambda: f"the answers so far are in {out}. Run the same command again to resume") as display:
        answers = api.shadow(task, data, out, stages=cast(tuple[Stage, ...], stages), fields=fields, listener=display, **options)
    for line in shadow_sentences.describe_answers(answers[0].name, [(each.name, each.rows, each.same) for each in answers]):
        click.echo(line, err=True)
    for each in answers:
        click.echo(str(each.file))
