"""`bench data export`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import task_names
from harness.cli.options import tasks_dir


@click.command(short_help="Write the training examples for another trainer.")
@click.argument("task", shell_complete=task_names)
@click.option(
    "--format", "form", type=click.Choice(["openai", "trl", "llamafactory", "axolotl"]), required=True, help="The trainer that reads them."
)
@click.option("--out", metavar="FOLDER", help="A new or empty folder. Default: NAME-FORMAT, with the name of the task.")
@click.option("--with-test", is_flag=True, help="Write the test examples, too. Never train on them.")
@tasks_dir
def export(task: str, form: str, out: str | None, with_test: bool, tasks_dir: tuple[str, ...]) -> None:
    """Write the training and validation examples of TASK, with its prompt, for another trainer.

    Train elsewhere, and compare the result here: bench scores its outputs on the test examples, which stay behind.

    \b
    bench data export visits.yaml --format trl
    bench data export visits.yaml --format llamafactory --out visits-for-llamafactory
    """
    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import show_work
    from harness.reporting.wording import training_file_sentences

    folder = out or f"{api.load_task(task, tasks_dirs=tasks_dir).name}-{form}"
    with show_work("Reading the data"):
        files = api.export_data(task, folder, form, with_test=with_test, tasks_dirs=tasks_dir)  # type: ignore[arg-type]
    for sentence in training_file_sentences.describe(files.sizes, files.description, form, uses_template=files.uses_template):
        click.echo(message(sentence), err=True)
    click.echo(folder)
