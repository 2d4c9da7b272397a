"""`bench import`."""

from __future__ import annotations

import shlex
import sys
from typing import Any

import click

from harness.cli.options import Number, runs_dir
from harness.cli.wording import message


@click.command("import", short_help="Import results of other evaluation tools.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--base", metavar="NAME", help="The system that the others are compared with.")
@click.option("--primary", metavar="SCORE", help="The score that decides. Default: the first that all systems have.")
@click.option("--higher-is-better", multiple=True, metavar="SCORE", help="A score of which no file says which values are better.")
@click.option("--lower-is-better", multiple=True, metavar="SCORE", help="The same, for lower values.")
@click.option("--margin", type=Number(0, min_open=True), help="Δ, the accepted loss on that score, in its unit.")
@runs_dir
def import_(files: tuple[str, ...], **options: Any) -> None:
    """Read results of other evaluation tools as a run like every other: of lm-evaluation-harness (results and samples), Inspect AI
    (.eval and JSON logs), promptfoo (JSON output) and PEFT's method comparison. FILE is a file, or a folder with such files.

    Scores are taken over as the files state them. Where a file has the scores of single examples, systems are compared example by example;
    where it has only totals, the report says what cannot be concluded from them. The last line on standard output is the run's folder.

    \b
    bench import results/small-model results/large-model --base small-model
    bench import logs --margin 0.02
    """
    from harness import api
    from harness.cli.progress import RunDisplay
    from harness.text import one_line

    done = api.import_results(files, command=shlex.join(["bench", *sys.argv[1:]]), **options)
    for name, report in done.stored.plan.data.items():
        for warning in report.warnings:
            click.echo(message(one_line(f"{name}: {warning}")), err=True)
    RunDisplay().summary(done.stored)
    click.echo(str(done.path))
