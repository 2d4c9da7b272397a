"""`bench data card`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import task_names
from harness.cli.options import tasks_dir


@click.command(short_help="Write a data card: a page, and Croissant metadata.")
@click.argument("task", shell_complete=task_names)
@click.option("--out", metavar="FOLDER", help="The folder of the card. Default: NAME-card, with the name of the task.")
@tasks_dir
def card(task: str, out: str | None, tasks_dir: tuple[str, ...]) -> None:
    """Write what a reader must know about the data of TASK: its source and licence, how it is split, and what a check found.

    What only people know comes from `about` under `data` in the task's YAML file.

    \b
    bench data card visits.yaml --out visits-card
    """
    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import StageProgress
    from harness.reporting.wording import card_sentences

    folder = out or f"{api.load_task(task, tasks_dirs=tasks_dir).name}-card"
    with StageProgress() as progress:
        written = api.write_data_card(task, folder, progress=progress.show, tasks_dirs=tasks_dir)
    click.echo(message(card_sentences.summarize(written)), err=True)
    click.echo(message(card_sentences.describe_written(folder)), err=True)
    click.echo(folder)
