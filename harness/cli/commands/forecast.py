"""`bench forecast`."""

from __future__ import annotations

import click


@click.command(short_help="Show forecasts beside what runs took on this machine.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def forecast(format_: str) -> None:
    """Show the forecasts of finished cells beside the memory and time that they took, by device.

    Later forecasts for a device are corrected by these. They are kept in the cache (BENCH_CACHE_DIR), as forecasts.jsonl.

    \b
    bench forecast
    bench forecast --format json
    """
    import json
    from dataclasses import asdict

    from rich.console import Console

    from harness import api
    from harness.cli.requested_width import requested_width
    from harness.reporting import print_ledger

    records = api.list_forecasts()
    if format_ == "json":
        click.echo(json.dumps({"cells": [asdict(record) for record in records]}, indent=1, ensure_ascii=False, allow_nan=False))
        return
    print_ledger(records, Console(highlight=False, emoji=False), requested_width())
