"""`bench import`."""

from __future__ import annotations

import shlex
import sys

import click

from harness.cli.options import Number, runs_dir


@click.command("import", short_help="Import results of other evaluation tools.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--base", metavar="NAME", help="The system that the others are compared with.")
@click.option("--primary", metavar="SCORE", help="The score that decides. Default: the first that all systems have.")
@click.option("--margin", type=Number(0, min_open=True), help="Δ, the accepted loss on that score, in its unit.")
@runs_dir
def import_(files: tuple[str, ...], base: str | None, primary: str | None, margin: float | None, runs_dir: str) -> None:
    """Read results of lm-evaluation-harness as a run like every other. FILE is a file, or a folder with such files.

    Scores are taken over as the files state them. Where a file has the scores of single examples, systems are compared example by example;
    where it has only totals, the report says what cannot be concluded from them. The last line on standard output is the run's folder.

    \b
    bench import results/small-model results/large-model --base small-model
    """
    from harness import api
    from harness.cli.progress import RunDisplay

    done = api.import_results(
        files, base=base, primary=primary, margin=margin, runs_dir=runs_dir, command=shlex.join(["bench", *sys.argv[1:]])
    )
    RunDisplay().summary(done.stored)
    click.echo(str(done.path))
