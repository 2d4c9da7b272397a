"""`bench compare`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import Number, runs_dir, split_names, split_specs


@click.command(short_help="Compare two strategies of a run, or one strategy in two runs.")
@click.argument("runs", nargs=-1, required=True, shell_complete=run_names)
@click.option(
    "--strategies",
    multiple=True,
    callback=split_specs,
    shell_complete=cell_names,
    help="A,B: B is held against A; one name does for two runs. Default: the best against each other, or all that both runs have.",
)
@click.option("--task", shell_complete=cell_names, help="The task. Default: every one that the runs have.")
@click.option("--model", multiple=True, callback=split_names, help="The base model, where a run has several; two for A and B.")
@click.option(
    "--train-size", multiple=True, callback=split_names, help="The number of training rows, where a run has several; two for A and B."
)
@click.option("--by", metavar="COLUMN", help="Slices of the rows: a column of the data, 'length' or 'class'.")
@click.option(
    "--margin", type=Number(min=0, min_open=True), help="What loss would be accepted, in the score's unit. Default: the task's own."
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@runs_dir
def compare(
    runs: tuple[str, ...],
    strategies: tuple[str, ...],
    task: str | None,
    model: tuple[str, ...],
    train_size: tuple[str, ...],
    by: str | None,
    margin: float | None,
    format_: str,
    runs_dir: str,
) -> None:
    """Compare on the same test rows: differences with intervals, what changed, and what it is worth.

    RUNS is one run (a folder, a name, or `latest`), or two: A's first, then B's.
    """
    import json

    from rich.console import Console

    from harness import api
    from harness.reporting import comparison_to_json, print_comparison, print_summary

    if len(runs) > 2:
        raise click.UsageError(f"one run or two can be compared, not {len(runs)}")
    views = api.compare(
        *runs, strategies=strategies, task=task, models=model, train_sizes=_sizes(train_size), by=by, margin=margin, runs_dir=runs_dir
    )
    by_task = {view.task: [v for v in views if v.task == view.task] for view in views}
    if margin is not None and len(by_task) > 1:
        raise click.UsageError("--margin is in the unit of one score, and there are several tasks: name one with --task")
    if format_ == "json":
        click.echo(json.dumps(comparison_to_json(views), indent=1, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False, emoji=False)
    if by is not None and any(len(own) > 1 for own in by_task.values()):
        raise click.UsageError("--by is for two strategies: name them with --strategies A,B")
    for number, own in enumerate(by_task.values()):
        if number:
            click.echo()
        if len(own) > 1 and len({(v.a.run, v.a.label) for v in own}) == 1:
            print_summary(own, console)
            continue
        for view in own:
            print_comparison(view, console)


def _sizes(values: tuple[str, ...]) -> tuple[int, ...]:
    wrong = next((value for value in values if not value.isdecimal()), None)
    if wrong is not None:
        raise click.BadParameter(f"'{wrong}' is no number of rows", param_hint="--train-size")
    return tuple(int(value) for value in values)
