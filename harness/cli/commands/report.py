"""`bench report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.commands.completion import run_names
from harness.cli.options import anonymize_option, runs_dir
from harness.cli.options import volume as volume_option
from harness.cli.out_file import check_target, write_target
from harness.cli.run_choice import choose_run

if TYPE_CHECKING:
    from harness.data.privacy import TextGuard
    from harness.results import RunResults

_FORMATS = ("html", "md", "json", "csv")  # also the file extensions


@click.command(short_help="Write the report of a run as HTML, Markdown, JSON or CSV.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option(
    "--format",
    "format_",
    type=click.Choice(_FORMATS),
    default="html",
    show_default=True,
    help="html: the report; md: the decision, for a pull request; json: all results, for programs; csv: one line per cell.",
)
@click.option("--out", help="Output file; - is standard output. Default: report.html (md, …) in the run's folder.")
@click.option("--without-text", is_flag=True, help="Leave inputs, references and outputs out of the HTML report.")
@anonymize_option
@volume_option
@click.option("--open", "open_", is_flag=True, help="Open the file in the browser.")
@runs_dir
def report(
    run: str, format_: str, out: str | None, without_text: bool, anonymize: bool, open_: bool, volume: int | None, runs_dir: str
) -> None:
    """Write the report of RUN (a folder, a name, or `latest`).

    The HTML report contains texts that patients or customers may have said:
    --without-text leaves them out, --anonymize replaces identifiers of people that patterns find. The other formats never contain them.

    \b
    bench report latest --open
    bench report latest --format md --out -
    """
    from pathlib import Path

    from harness import api
    from harness.cli.work_display import show_work
    from harness.data.privacy import TextGuard
    from harness.reporting.wording.data import anonymize_sentences

    if open_ and out == "-":
        raise click.UsageError("--open needs a file: it cannot be combined with --out -")
    if anonymize and without_text:
        raise click.UsageError("--without-text leaves out what --anonymize replaces: choose one of them")
    chosen = choose_run(run, runs_dir)
    guard = TextGuard(anonymize=anonymize)
    with show_work("Writing the report"):
        loaded = api.load_run(chosen, runs_dir=runs_dir)
        text = _text(loaded.stored, format_, volume, guard, with_text=not without_text)
    if format_ == "html" and not without_text:
        for line in anonymize_sentences.describe_guard(
            guard.counts, skipped=guard.skipped, is_anonymized=anonymize, remedies="--anonymize or --without-text"
        ):
            click.echo(line, err=True)
    if out == "-":
        click.echo(text, nl=False)
        return
    target = Path(out) if out else loaded.path / f"report.{format_}"
    check_target(target)
    write_target(target, text)
    click.echo(str(target))
    if open_ and click.launch(str(target)) != 0:
        click.echo("Could not open a browser. Open the file yourself.", err=True)


def _text(run: RunResults, format_: str, volume: int | None, guard: TextGuard, *, with_text: bool) -> str:
    import json

    from harness.reporting import render, to_csv, to_json, to_markdown

    if format_ == "html":
        return render(run, with_text=with_text, volume=volume, guard=guard)
    if format_ == "md":
        return to_markdown(run, volume=volume)
    if format_ == "csv":
        return to_csv(run)
    return json.dumps(to_json(run, volume=volume), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
