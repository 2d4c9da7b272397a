"""`bench view`."""

from __future__ import annotations

import contextlib

import click

from harness.cli.options import runs_dir


@click.command(short_help="Show all runs in the browser, live.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="The port.")
@click.option("--open", "open_", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--registry", envvar="BENCH_REGISTRY", show_envvar=True, help="Folder of the promoted models. Default: registry, if it exists."
)
@runs_dir
def view(port: int, open_: bool, registry: str | None, runs_dir: str) -> None:
    """Serve all runs, leaderboards and reports on this machine alone, read-only, until Ctrl-C. Runs in progress are shown live.

    The address holds a random token: do not share it. The reports contain the texts of test examples.

    \b
    bench view --open
    """
    from harness import api
    from harness.cli.wording import message
    from harness.reporting import describe_progress

    viewer = api.open_viewer(
        runs_dir=runs_dir,
        registry=registry,
        port=port,
        progress=lambda *run: click.echo(message(describe_progress(*run)), err=True),
    )
    click.echo(viewer.url)
    click.echo("Read-only, on this machine alone. Stop with Ctrl-C.", err=True)
    if open_ and click.launch(viewer.url) != 0:
        click.echo("Could not open a browser. Open the address yourself.", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        viewer.serve()
    click.echo("Stopped.", err=True)
