"""`bench tasks`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.commands.completion import task_names
from harness.cli.listing import print_entries, print_file
from harness.cli.options import plugins, tasks_dir
from harness.cli.yaml_files import validate_files


@click.group(invoke_without_command=True, short_help="List, show and validate tasks.")
@plugins(is_passed_on=False)
@tasks_dir
@click.pass_context
def tasks(ctx: click.Context, tasks_dir: tuple[str, ...]) -> None:
    """List the available tasks."""
    from harness.api import open_catalog

    ctx.obj = open_catalog(tasks_dir)
    if ctx.invoked_subcommand is None:
        entries, problems = ctx.obj.tasks()
        print_entries([(e.value.name, e.value.kind, e.value.primary, e.value.description) for e in entries], problems)


@tasks.command("show")
@click.argument("name", shell_complete=task_names)
@click.pass_obj
def show(catalog: object, name: str) -> None:
    """Print the YAML of a task."""
    from harness.catalog import Catalog

    assert isinstance(catalog, Catalog)
    print_file(catalog.task(name).file)


@tasks.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_obj
def validate(catalog: object, files: tuple[Path, ...]) -> None:
    """Check YAML files of tasks or strategies, and report every problem of every file."""
    from harness.catalog import Catalog

    assert isinstance(catalog, Catalog)
    validate_files(catalog, files)


@tasks.command(short_help="Lock the test set of a task.")
@click.argument("task", shell_complete=task_names)
@click.option("--force", is_flag=True, help="Lock the present test set although another one is locked.")
@click.pass_context
def lock(ctx: click.Context, task: str, force: bool) -> None:
    """Write the digest of a task's test set into its YAML file.

    From then on, runs refuse another test set, and training on these examples.

    \b
    bench tasks lock visits.yaml
    """
    from harness.api import lock_test_set
    from harness.cli.wording import message
    from harness.cli.work_display import show_work
    from harness.text import plural

    assert ctx.parent is not None
    with show_work("Reading the test set"):
        locked = lock_test_set(task, tasks_dirs=ctx.parent.params["tasks_dir"], force=force)
    click.echo(message(f"{locked.file}: locked {plural(locked.examples, 'test example')}, digest {locked.digest[:12]}…"))
