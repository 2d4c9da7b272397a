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


@tasks.command()
@click.argument("name", shell_complete=task_names)
@click.pass_obj
def show(catalog: object, name: str) -> None:
    """Print the YAML of a task."""
    from harness.catalog import Catalog

    assert isinstance(catalog, Catalog)
    print_file(catalog.task(name).file)


@tasks.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_obj
def validate(catalog: object, files: tuple[Path, ...]) -> None:
    """Check YAML files of tasks or strategies, and report every problem of every file."""
    from harness.catalog import Catalog

    assert isinstance(catalog, Catalog)
    validate_files(catalog, files)
