"""The group `bench data`."""

from __future__ import annotations

import click

from harness.cli.commands.data.anonymize import anonymize
from harness.cli.commands.data.card import card
from harness.cli.commands.data.check import check
from harness.cli.commands.data.enough import enough
from harness.cli.commands.data.export import export
from harness.cli.commands.data.label import label


@click.group(short_help="Check, anonymize and describe data.", commands=[check, enough, anonymize, label, export, card])
def data() -> None:
    """Check, anonymize and describe data files."""
