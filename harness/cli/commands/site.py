"""`bench site`."""

from __future__ import annotations

import click

from harness.cli.options import runs_dir


@click.command(short_help="Write pages over all runs: leaderboards, history, reports.")
@click.argument("out", metavar="FOLDER")
@click.option("--without-text", is_flag=True, help="Leave inputs, references and outputs out of the reports.")
@click.option("--force", is_flag=True, help="Replace an earlier site.")
@click.option(
    "--registry", envvar="BENCH_REGISTRY", show_envvar=True, help="Folder of the promoted models. Default: registry, if it exists."
)
@runs_dir
def site(out: str, without_text: bool, force: bool, registry: str | None, runs_dir: str) -> None:
    """Write a site to a new or empty FOLDER: every run, a leaderboard for each task, the history of the model in service, and the reports.

    The pages work offline, and on any web server. The reports contain texts that patients or customers may have said:
    --without-text leaves them out.

    \b
    bench site site
    bench site site --without-text --force
    """
    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import show_work
    from harness.reporting import describe_progress

    with show_work("Writing the pages"):
        index = api.write_site(
            out,
            runs_dir=runs_dir,
            registry=registry,
            with_text=not without_text,
            force=force,
            progress=lambda *run: click.echo(message(describe_progress(*run)), err=True),
        )
    click.echo(str(index))
