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
    from harness.api import Run
    from harness.data.privacy import TextGuard
    from harness.results import RunResults

_FILES = {
    "html": "report.html", "md": "report.md", "json": "report.json", "csv": "report.csv",
    "lm-eval": "results-lm-eval.json", "eval-results": "eval-results.yaml",
}  # fmt: skip
_OF_ONE_STRATEGY = ("lm-eval", "eval-results")


@click.command(short_help="Write the report of a run as HTML, Markdown, JSON or CSV.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option(
    "--format",
    "format_",
    type=click.Choice(tuple(_FILES)),
    default="html",
    show_default=True,
    help="html: the report; md: the decision, for a pull request; json: all results, for programs; csv: one line per cell; "
    "lm-eval: results of lm-evaluation-harness; eval-results: YAML for .eval_results/ on the Hub.",
)
@click.option("--strategy", help="With lm-eval and eval-results: the strategy whose scores are written.")
@click.option("--task", help="With these formats: one task. Default: all that have the strategy.")
@click.option("--dataset", metavar="ORG/NAME", help="With eval-results: the benchmark on the Hub. Default: the task's own dataset.")
@click.option("--dataset-task", default="default", show_default=True, help="The task of that benchmark, as its eval.yaml names it.")
@click.option("--out", help="Output file; - is standard output. Default: report.html (md, …) in the run's folder.")
@click.option("--without-text", is_flag=True, help="Leave inputs, references and outputs out of the HTML report.")
@anonymize_option
@volume_option
@click.option("--open", "open_", is_flag=True, help="Open the file in the browser.")
@runs_dir
def report(
    run: str,
    format_: str,
    out: str | None,
    without_text: bool,
    anonymize: bool,
    open_: bool,
    volume: int | None,
    runs_dir: str,
    **of_one_strategy: str | None,
) -> None:
    """Write the report of RUN (a folder, a name, or `latest`).

    The HTML report contains texts that patients or customers may have said:
    --without-text leaves them out, --anonymize replaces identifiers of people that patterns find. The other formats never contain them.

    \b
    bench report latest --open
    bench report latest --format md --out -
    bench report latest --format lm-eval --strategy lora --out results.json
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
    if format_ in _OF_ONE_STRATEGY and not of_one_strategy["strategy"]:
        raise click.UsageError(f"--format {format_} writes the scores of one strategy: name it with --strategy NAME")
    if format_ not in _OF_ONE_STRATEGY and (of_one_strategy["strategy"] or of_one_strategy["task"]):
        raise click.UsageError(f"--strategy and --task are for --format {' and '.join(_OF_ONE_STRATEGY)}")
    chosen = choose_run(run, runs_dir)
    guard = TextGuard(anonymize=anonymize)
    with show_work("Writing the report"):
        loaded = api.load_run(chosen, runs_dir=runs_dir)
        if format_ in _OF_ONE_STRATEGY:
            text = _text_of_strategy(loaded, format_, **of_one_strategy)
        else:
            text = _text(loaded.stored, format_, volume, guard, with_text=not without_text)
    if format_ == "html" and not without_text:
        for line in anonymize_sentences.describe_guard(
            guard.counts, skipped=guard.skipped, is_anonymized=anonymize, remedies="--anonymize or --without-text"
        ):
            click.echo(line, err=True)
    if out == "-":
        click.echo(text, nl=False)
        return
    target = Path(out) if out else loaded.path / _FILES[format_]
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


def _text_of_strategy(run: Run, format_: str, strategy: str | None, task: str | None, dataset: str | None, dataset_task: str | None) -> str:
    """The scores of one strategy for other tools."""
    import json

    import yaml

    from harness import api

    assert strategy is not None  # it was asked for
    if format_ == "lm-eval":
        return json.dumps(api.lm_eval_results(run, strategy, task=task), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    entries = api.hub_eval_results(run, strategy, task=task, dataset=dataset, dataset_task=dataset_task or "default")
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=1000)
