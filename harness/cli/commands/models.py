"""`bench models`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from harness.cli.listing import print_entries
from harness.cli.wording import message, with_options

if TYPE_CHECKING:
    from harness.engine.models import KnownModel


@click.command(short_help="List the models that are available here.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def models(form: str) -> None:
    """List the models on this machine: those with a short name, converted GGUF files, and models in the local cache of the Hub.

    --model also accepts a folder, a .gguf file, or any org/name on the Hub.
    """
    from harness.engine.models import converted_models, hub_models, named_models

    (converted, converted_problems), (cached, cache_problems) = converted_models(), hub_models()
    named, problems = named_models(), [*converted_problems, *cache_problems]
    if form == "json":
        sections = {"named": named, "converted": converted, "hub": cached}
        listed = {section: [asdict(model) for model in models] for section, models in sections.items()}
        click.echo(json.dumps({**listed, "problems": [with_options(problem) for problem in problems]}, indent=1))
        return
    print_entries([_row(model) for model in (*named, *converted, *cached)], [])
    if not converted and not converted_problems:
        click.echo("No GGUF model has been converted yet.")
    if not cached and not cache_problems:
        click.echo("The local cache of the Hub has no models.")
    for problem in problems:
        click.echo(f"warning: {message(problem)}", err=True)


def _row(model: KnownModel) -> tuple[str, ...]:
    place = f"{model.place}, {model.revision[:8]}" if model.revision else model.place
    note = model.note if model.usable else f"not usable: {model.note}"
    return (
        model.name,
        _format_parameters(model.parameters),
        model.shape or "-",
        _format_size(model.size),
        " · ".join(filter(None, (place, note))),
    )


def _format_parameters(parameters: int | None) -> str:
    if parameters is None:
        return "-"
    thousands = f"{parameters / 1e3:.0f}K"
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.0f}M" if parameters >= 1e6 else thousands


def _format_size(size: int | None) -> str:
    if size is None:
        return "-"
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
