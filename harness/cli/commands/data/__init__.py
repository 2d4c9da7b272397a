"""`bench data`: one module for each subcommand, imported when it is called."""

from __future__ import annotations

import click

from harness.cli.lazy_group import LazyGroup

_COMMANDS = {
    "check": ("harness.cli.commands.data.check:check", "Find duplicates, leaks, contradictions and damaged text."),
    "enough": ("harness.cli.commands.data.enough:enough", "Show what more labelled examples would bring, and what they would cost."),
    "anonymize": ("harness.cli.commands.data.anonymize:anonymize", "Replace identifiers of people in the texts of a file."),
    "label": ("harness.cli.commands.data.label:label", "Choose the unlabelled rows that are most worth a label."),
    "export": ("harness.cli.commands.data.export:export", "Write the training examples for another trainer."),
    "card": ("harness.cli.commands.data.card:card", "Write a data card: a page, and Croissant metadata."),
}


@click.group(cls=LazyGroup, commands_by_name=_COMMANDS, short_help="Check, anonymize and describe data.")
def data() -> None:
    """Check, anonymize and describe data files."""
