"""`bench models`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from harness.cli.listing import print_entries
from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.engine.models import KnownModel


@click.command(short_help="List the models that can be named here.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def models(form: str) -> None:
    """List what --model can name: our own names, GGUF files that were converted, what is in the local cache of the Hub.

    A folder, a .gguf file and any org/name on the Hub can be named as well.
    """
    from harness.engine.models import converted_models, hub_models, named_models

    (converted, damage), (cached, more_damage) = converted_models(), hub_models()
    named, problems = named_models(), [*damage, *more_damage]
    if form == "json":
        sections = {"named": named, "converted": converted, "hub": cached}
        found = {section: [asdict(model) for model in models] for section, models in sections.items()}
        click.echo(json.dumps({**found, "problems": problems}, indent=1))
        return
    print_entries([_row(model) for model in (*named, *converted, *cached)], [])
    if not converted and not damage:
        click.echo("No GGUF model has been converted yet.")
    if not cached and not more_damage:
        click.echo("The local cache of the Hub holds no model.")
    for problem in problems:
        click.echo(f"warning: {message(problem)}", err=True)


def _row(model: KnownModel) -> tuple[str, ...]:
    place = f"{model.place}, {model.revision[:8]}" if model.revision else model.place
    note = model.note if model.usable else f"not usable: {model.note}"
    return model.name, _amount(model.parameters), model.shape or "-", _size(model.size), " · ".join(filter(None, (place, note)))


def _amount(parameters: int | None) -> str:
    if parameters is None:
        return "-"
    thousands = f"{parameters / 1e3:.0f}K"
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M" if parameters >= 1e6 else thousands


def _size(size: int | None) -> str:
    if size is None:
        return "-"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
