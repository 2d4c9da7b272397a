"""`bench pack`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import run_names
from harness.cli.options import runs_dir
from harness.cli.run_choice import choose_run


@click.command(short_help="Write a run as one file for mailing.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--out", metavar="FILE", help="The file. Default: NAME.zip in the working directory.")
@click.option("--without-text", is_flag=True, help="Leave out inputs, references, outputs, ids, ratings and trained weights.")
@click.option("--with-key", is_flag=True, help="Include the key that recognizes training inputs: the recipient's gate needs it.")
@click.option("--force", is_flag=True, help="Replace an existing file.")
@runs_dir
def pack(run: str, out: str | None, without_text: bool, with_key: bool, force: bool, runs_dir: str) -> None:
    """Write RUN (a folder, a name, or `latest`) as a ZIP file, and say what is inside.

    The recipient unpacks it and opens report.html. `bench verify` works on the unpacked folder; with texts, so do all other commands.
    A run with a damaged file is not packed.

    \b
    bench pack latest --without-text
    """
    from pathlib import Path

    from harness import api
    from harness.cli.out_file import check_target
    from harness.cli.work_display import show_work
    from harness.reporting import describe_pack

    if with_key and without_text:
        raise click.UsageError("--with-key needs the texts: it cannot be combined with --without-text")
    if out is not None:
        check_target(Path(out))
    with show_work("Packing the run"):
        packed = api.pack(choose_run(run, runs_dir), out, with_text=not without_text, with_key=with_key, force=force, runs_dir=runs_dir)
    click.echo(describe_pack(packed), err=True)
    click.echo(str(packed.archive))
