"""`bench strategies`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.commands.completion import strategy_names
from harness.cli.listing import print_entries, print_file
from harness.cli.options import strategies_dir
from harness.cli.yaml_files import validate_files


@click.group(invoke_without_command=True, short_help="List, show and validate strategies.")
@strategies_dir
@click.pass_context
def strategies(ctx: click.Context, strategies_dir: tuple[str, ...]) -> None:
    """List the available strategies."""
    from harness.api import open_catalog

    ctx.obj = open_catalog((), strategies_dir)
    if ctx.invoked_subcommand is None:
        entries, problems = ctx.obj.strategies()
        print_entries([(e.value.name, e.value.method, e.value.description) for e in entries], problems)


@strategies.command("show")
@click.argument("name", shell_complete=strategy_names)
@click.pass_obj
def show(catalog: object, name: str) -> None:
    """Print the YAML of a strategy."""
    from harness.catalog import Catalog

    assert isinstance(catalog, Catalog)
    print_file(catalog.strategy(name).file)


@strategies.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_obj
def validate(catalog: object, files: tuple[Path, ...]) -> None:
    """Check YAML files of strategies or tasks, and report every problem of every file."""
    from harness.catalog import Catalog

    assert isinstance(catalog, Catalog)
    validate_files(catalog, files)
