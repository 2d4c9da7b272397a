"""`bench plan`."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.commands.completion import model_names, run_names, strategy_names, task_names
from harness.cli.options import Number, data_options, plugins, pop_fields, runs_dir, split_names, split_specs, strategies_dir, tasks_dir
from harness.cli.run_choice import choose_run


def _print_sizing(ctx: click.Context, _param: click.Parameter, is_asked: bool) -> None:
    """Print the page docs/sizing.md, for `make sizing`."""
    if is_asked:
        from harness.forecast import build_sizing
        from harness.reporting import sizing_to_markdown

        click.echo(sizing_to_markdown(build_sizing()), nl=False)
        ctx.exit()


def _print_least_memory(ctx: click.Context, _param: click.Parameter, is_asked: bool) -> None:
    """Print the table from which `bench doctor` reads what fits, for `make sizing`."""
    if is_asked:
        from harness.forecast import least_memory_to_yaml

        click.echo(least_memory_to_yaml(), nl=False)
        ctx.exit()


@click.command(short_help="Show what a test set can detect, and what a run would take.")
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
    "--model", "models", multiple=True, callback=split_names, shell_complete=model_names,
    help="Also forecast memory, time and cost with this model: as for `bench run`, or a folder with a config.json alone.  [tiny]",
)  # fmt: skip
@click.option(
    "--device", "devices", multiple=True, callback=split_names, metavar="NAME,…",
    help="Also forecast for these devices: rtx-4090, a100-80gb, h100, … Default with --model: this machine.",
)  # fmt: skip
@click.option(
    "--policy", type=click.Path(exists=True, dir_okay=False), help="A release policy (YAML), whose alpha and planned looks are used."
)
@click.option("--sizing", is_flag=True, hidden=True, is_eager=True, expose_value=False, callback=_print_sizing)
@click.option("--least-memory", is_flag=True, hidden=True, is_eager=True, expose_value=False, callback=_print_least_memory)
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
    models: tuple[str, ...],
    devices: tuple[str, ...],
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
    bench plan --task summarization --strategies lora,qlora --model tiny --device rtx-4090,a100-80gb,h100
    bench plan --task summarization --data visits.csv --input dialogue --target note --margin 0.02 --from latest
    """
    import json
    from dataclasses import asdict

    from rich.console import Console

    from harness import api
    from harness.cli.requested_width import requested_width
    from harness.cli.wording import message
    from harness.cli.work_display import show_work
    from harness.reporting import describe_power, describe_test_set, forecasts_to_json, print_forecasts

    is_forecast = bool(models or devices)
    if is_forecast and (not strategies or strategies[0].isdecimal()):
        raise click.UsageError("--model and --device forecast strategies: name them with --strategies, such as --strategies lora,qlora")
    fields, tasks_dirs, strategies_dirs = pop_fields(options), options.pop("tasks_dir"), options.pop("strategies_dir")
    if earlier is not None:
        only = api.open_catalog(tasks_dirs).task(tasks[0]).value.name if len(tasks) == 1 else None
        earlier = choose_run(earlier, runs_dir, task=only)
    with show_work("Reading the data"):
        powers = api.plan(
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
    forecasts = []
    if is_forecast:
        with show_work("Forecasting what each strategy takes"):
            forecasts = api.forecast(
                tasks, strategies, model=models or "tiny", device=devices, fields=fields, tasks_dirs=tasks_dirs,
                strategies_dirs=strategies_dirs, **options,
            )  # fmt: skip
    if margin is not None and len(powers) > 1:
        raise click.UsageError("--margin is in the unit of one score: choose one task with --task")
    if format_ == "json":
        records = [asdict(power) | {"sentences": describe_power(power)} for power in powers]
        shown = {"tasks": records} | ({"forecasts": forecasts_to_json(forecasts)} if is_forecast else {})
        click.echo(json.dumps(shown, indent=1, ensure_ascii=False, allow_nan=False))
        return
    for number, power in enumerate(powers):
        if number:
            click.echo()
        for line in (describe_test_set(power), *describe_power(power)):
            click.echo(message(line))
    if forecasts:
        click.echo()
        print_forecasts(forecasts, Console(highlight=False, emoji=False), requested_width())
