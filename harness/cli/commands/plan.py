"""`bench plan`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.commands.completion import run_names, strategy_names, task_names
from harness.cli.options import Number, data_options, plugins, pop_fields, runs_dir, split_names, split_specs, strategies_dir, tasks_dir
from harness.cli.run_choice import choose_run


@click.command(short_help="Show what the test set of a task can detect, before a run.")
@click.option(
    "--task", "tasks", multiple=True, callback=split_names, shell_complete=task_names,
    help="Tasks: names (see `bench tasks`) or YAML files.",
)  # fmt: skip
@data_options
@click.option(
    "--margin", type=Number(min=0, min_open=True), help="The accepted loss, in the unit of the score. Default: the task's margin."
)
@click.option("--from", "earlier", metavar="RUN", shell_complete=run_names, help="An earlier run on similar data, whose spread is used.")
@click.option(
    "--strategies", multiple=True, callback=split_specs, shell_complete=strategy_names,
    help="Strategies that will be compared, as for `bench run`, or how many. Default: those of the earlier run.",
)  # fmt: skip
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False), help="A release policy (YAML), whose alpha and planned looks are used."
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@plugins()
@tasks_dir
@strategies_dir
@runs_dir
def plan(
    tasks: tuple[str, ...],
    margin: float | None,
    earlier: str | None,
    strategies: tuple[str, ...],
    policy: str | None,
    format_: str,
    runs_dir: str,
    **options: Any,
) -> None:
    """Help to choose the margin Δ, and show whether the test set is large enough for it.

    Choose Δ first, as the largest loss that a reader would not notice. The size of the test set follows from it, never the reverse.
    Nothing is trained. The data options are those of `bench run`.

    \b
    bench plan --task summarization --strategies lora,qlora
    bench plan --task summarization --data visits.csv --input dialogue --target note --margin 0.02 --from latest
    """
    import json
    from dataclasses import asdict

    from harness import api
    from harness.cli.wording import message
    from harness.cli.work_display import show_work
    from harness.reporting import describe_power, describe_test_set

    fields, tasks_dirs, strategies_dirs = pop_fields(options), options.pop("tasks_dir"), options.pop("strategies_dir")
    if earlier is not None:
        only = api.open_catalog(tasks_dirs).task(tasks[0]).value.name if len(tasks) == 1 else None
        earlier = choose_run(earlier, runs_dir, task=only)
    with show_work("Reading the data"):
        forecasts = api.plan(
            tasks,
            margin=margin,
            earlier=earlier,
            strategies=int(strategies[0]) if len(strategies) == 1 and strategies[0].isdecimal() else strategies,
            policy=policy,
            fields=fields,
            tasks_dirs=tasks_dirs,
            strategies_dirs=strategies_dirs,
            runs_dir=runs_dir,
            **options,
        )
    if margin is not None and len(forecasts) > 1:
        raise click.UsageError("--margin is in the unit of one score: choose one task with --task")
    if format_ == "json":
        records = [asdict(forecast) | {"sentences": describe_power(forecast)} for forecast in forecasts]
        click.echo(json.dumps({"tasks": records}, indent=1, ensure_ascii=False, allow_nan=False))
        return
    for number, forecast in enumerate(forecasts):
        if number:
            click.echo()
        for line in (describe_test_set(forecast), *describe_power(forecast)):
            click.echo(message(line))
