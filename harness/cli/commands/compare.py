"""`bench compare`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import Number, runs_dir, split_names, split_specs
from harness.cli.requested_width import requested_width
from harness.cli.run_choice import choose_run


@click.command(short_help="Compare two strategies of a run, or one strategy in two runs.")
@click.argument("runs", nargs=-1, required=True, shell_complete=run_names)
@click.option(
    "--strategies",
    multiple=True,
    callback=split_specs,
    shell_complete=cell_names,
    help="A,B compares B with A; with two runs, one name is enough. Default: the best with every other, or all that both runs share.",
)
@click.option("--task", shell_complete=cell_names, help="The task. Default: every task of the runs.")
@click.option("--model", multiple=True, callback=split_names, help="The base model, if a run has several; two for A and B.")
@click.option(
    "--train-size", multiple=True, callback=split_names, help="The number of training examples, if a run has several; two for A and B."
)
@click.option("--by", metavar="COLUMN", help="Results by subgroup: a column of the data, 'length' or 'class'.")
@click.option(
    "--margin", type=Number(min=0, min_open=True), help="The accepted loss, in the unit of the score. Default: the task's margin."
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
    """Compare strategies on the same test examples: differences with intervals, changed examples, costs.

    RUNS is one run (a folder, a name, or `latest`), or two: first that of A, then that of B.
    """
    import json

    from rich.console import Console

    from harness import api
    from harness.cli.work_display import show_work
    from harness.reporting import comparison_to_json, print_comparison, print_ranking

    if len(runs) > 2:
        raise click.UsageError(f"compare one run or two, not {len(runs)}")
    chosen = [choose_run(run, runs_dir, task=task) for run in runs]
    sizes = _sizes(train_size)
    with show_work("Comparing the strategies"):
        views = api.compare(
            *chosen, strategies=strategies, task=task, model=model, train_size=sizes, by=by, margin=margin, runs_dir=runs_dir
        )
    by_task = {view.task: [v for v in views if v.task == view.task] for view in views}
    if margin is not None and len(by_task) > 1:
        raise click.UsageError("--margin is in the unit of one score, but there are several tasks: choose one with --task")
    if format_ == "json":
        click.echo(json.dumps(comparison_to_json(views), indent=1, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False, emoji=False)
    if by is not None and any(len(own) > 1 for own in by_task.values()):
        raise click.UsageError("--by compares two strategies: name them with --strategies A,B")
    for number, own in enumerate(by_task.values()):
        if number:
            click.echo()
        if len(own) > 1 and len({(v.a.run, v.a.label) for v in own}) == 1:
            print_ranking(own, console, requested_width())
            continue
        for view in own:
            print_comparison(view, console, requested_width())


def _sizes(values: tuple[str, ...]) -> tuple[int, ...]:
    wrong = next((value for value in values if not value.isdecimal()), None)
    if wrong is not None:
        raise click.BadParameter(f"'{wrong}' must be a number of training examples", param_hint="--train-size")
    return tuple(int(value) for value in values)
