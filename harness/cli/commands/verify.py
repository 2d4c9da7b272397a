"""`bench verify`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import run_names
from harness.cli.options import runs_dir
from harness.cli.run_choice import choose_run


@click.command(short_help="Check every file of a run for damage.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--forget-missing", is_flag=True, help="Accept that reviews and verdicts are missing. The loss stays recorded.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
@click.pass_context
def verify(ctx: click.Context, run: str, forget_missing: bool, format_: str, runs_dir: str) -> None:
    """Check every file of RUN (a folder, a name, or `latest`) against the digest that was recorded when it was written.

    Exit codes: 0 all files are intact, 1 a file is damaged, missing or foreign, 2 there is no such run. Digests reveal damage, not forgery.

    \b
    bench verify latest
    bench verify latest --format json
    """
    import json

    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import show_work
    from harness.reporting import describe_verification, verification_to_json

    with show_work("Checking the files"):
        result = api.verify(choose_run(run, runs_dir), forget_missing=forget_missing, runs_dir=runs_dir)
    if format_ == "json":
        click.echo(json.dumps(verification_to_json(result), indent=1, ensure_ascii=False))
    else:
        for line in describe_verification(result):
            click.echo(message(line))
    ctx.exit(0 if result.is_intact else 1)
