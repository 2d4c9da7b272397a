"""`bench run`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from click.core import ParameterSource

from harness.cli.commands.completion import model_names, run_names, strategy_names, task_names
from harness.cli.options import (
    Number,
    check_executor,
    data_options,
    executor_options,
    jobs,
    plugins,
    pop_fields,
    runs_dir,
    split_names,
    split_specs,
    strategies_dir,
    tasks_dir,
    volume,
)
from harness.cli.run_choice import choose_run_to_resume

if TYPE_CHECKING:
    from harness.grid import Request


@click.command(short_help="Fine-tune, score and price strategies on tasks.")
@click.option(
    "--task", "tasks", multiple=True, callback=split_names, shell_complete=task_names,
    help="Tasks: names (see `bench tasks`) or YAML files.",
)  # fmt: skip
@click.option(
    "--strategies", multiple=True, callback=split_specs, shell_complete=strategy_names,
    help="Strategies: names (see `bench strategies`), YAML files, api:FILE; lora:r=8,lora:r=64.",
)  # fmt: skip
@click.option(
    "--model", "models", multiple=True, callback=split_names, default=("tiny",), show_default=True, shell_complete=model_names,
    help="A name (see `bench models`), a folder, a .gguf file, or org/name on the Hub; several make a grid.",
)  # fmt: skip
@click.option("--revision", help="Branch, tag or commit of a Hub model.")
@click.option("--grid", metavar="FILE", help="A grid in a YAML file; options on the command line take precedence.")
@data_options
@click.option(
    "--train-sizes",
    multiple=True,
    callback=split_names,
    metavar="N,…",
    help="Numbers of training examples for a learning curve: 100,300,1000,all.",
)
@click.option(
    "--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Number of training seeds for each strategy that trains."
)
@click.option(
    "--support", is_flag=False, flag_value="base", metavar="[MODEL]",
    help="Also score how far texts are supported by their inputs: by the base model, or by MODEL.",
)  # fmt: skip
@click.option("--epochs", type=Number(0, 1000, min_open=True), help="Passes over the training examples, for every strategy.")
@click.option(
    "--tune", is_flag=False, flag_value="on", metavar="[BUDGET]",
    help="First search the learning rate of each strategy on validation examples. BUDGET of each: 12 (trials), 2h, 30min, 10usd.  [5]",
)  # fmt: skip
@click.option(
    "--race", is_flag=False, flag_value=0.05, type=Number(0, 0.5, min_open=True, max_open=True), metavar="[RATE]",
    help="Drop strategies early that cannot win; the highest accepted chance to drop the best one.  [0.05]",
)  # fmt: skip
@click.option("--no-base", is_flag=True, help="Leave out the untuned model.")
@click.option("--dtype", type=click.Choice(["auto", "float32", "bfloat16", "float16"]), default="auto", show_default=True)
@click.option("--price", type=Number(0), help="Price of one hour of this device, in USD.")
@click.option(
    "--canaries", type=click.IntRange(0, 64), metavar="N",
    help="Leak test: also train with N made-up secrets planted for each number of repeats, and measure what is remembered.",
)  # fmt: skip
@volume
@jobs
@click.option(
    "--serving-seconds", type=Number(0, 3600), metavar="N", envvar="BENCH_SERVING_SECONDS",
    help="Most seconds to measure the speed of each model after the run; 0: not at all.  [1% of its cell, 1.5 to 60]",
)  # fmt: skip
@executor_options
@click.option(
    "--together", is_flag=True,
    help="Train the LoRA cells of one base model (seeds, ranks, learning rates) in one process, which computes the base once for all.",
)  # fmt: skip
@click.option(
    "--serve-with", metavar="[STRATEGY=]URL",
    help="Also score the answers of a running OpenAI-compatible server that has the exported model of a strategy.",
)  # fmt: skip
@click.option("--serve-model", metavar="NAME", help="The name of the model on that server.  [the only one there]")
@click.option("--serve-key-env", metavar="NAME", help="The environment variable that holds the key of that server.")
@click.option("--serve-concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests to that server at a time.")
@click.option(
    "--send-to", multiple=True, callback=split_names, metavar="HOST,…",
    help="Hosts that prompts may be sent to: each host of a strategy with method api must be named.",
)  # fmt: skip
@click.option(
    "--max-cost", type=Number(0, min_open=True), metavar="USD",
    help="Stop asking hosted models before their answers cost more. The same command with a higher limit continues.",
)  # fmt: skip
@click.option(
    "--track", multiple=True, callback=split_names, metavar="TRACKER,…",
    help="Experiment trackers that follow the run: mlflow, wandb, tensorboard. By default, nothing is sent anywhere.",
)  # fmt: skip
@click.option("--checkpoint-seconds", type=Number(0), default=30.0, envvar="BENCH_CHECKPOINT_SECONDS", hidden=True)
@click.option("--trust-remote-code", is_flag=True, help="Allow Python code that comes with a model.")
@click.option(
    "--resume", metavar="RUN", shell_complete=run_names,
    help="Resume this run; without other options but --trust-remote-code and --plugin, or with all options that it was started with.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Plan and check everything, show a forecast of each cell, and stop. Nothing is written.")
@click.option("--new", is_flag=True, help="Start a new run, even if there is an interrupted run of the same plan.")
@click.option("--no-reuse", is_flag=True, help="Run all cells, also those that are done in other runs.")
@plugins()
@tasks_dir
@strategies_dir
@runs_dir
@click.pass_context
def run(
    ctx: click.Context,
    /,
    *,
    resume: str | None,
    dry_run: bool,
    new: bool,
    no_reuse: bool,
    runs_dir: str,
    jobs: int | None,
    executor: Literal["local", "ray"],
    ray_address: str,
    serving_seconds: float | None,
    devices_per_cell: int,
    together: bool,
    serve_with: str | None,
    serve_model: str | None,
    serve_key_env: str | None,
    serve_concurrency: int,
    send_to: tuple[str, ...],
    max_cost: float | None,
    track: tuple[str, ...],
    checkpoint_seconds: float,
    **options: Any,
) -> None:
    """Fine-tune, score and price every strategy on every task, and write a report.

    The last line on standard output is the run's folder. If the run is interrupted, run the same command again to resume.

    \b
    bench run --task summarization --strategies lora,qlora
    bench run --task summarization --data visits.csv --input dialogue --target note --strategies full,lora
    bench run --task qa --strategies full,lora --tune
    bench run --grid grid.yaml
    """
    if resume is not None and dry_run:
        raise click.UsageError("--resume and --dry-run cannot be combined: repeat the options of the run")
    if resume is not None and new:
        raise click.UsageError("--resume and --new cannot be combined")
    check_executor(ctx)
    from harness import api
    from harness.cli.progress import RunDisplay
    from harness.grid import make_request, prepare_to_fork, read_grid, read_search

    if resume is not None:
        resume = choose_run_to_resume(resume, runs_dir)
    if resume is not None and not _on_command_line(ctx, options.keys() - {"trust_remote_code", "plugins"}):
        stored = api.load_run(resume, runs_dir=runs_dir).stored
        request = api.stored_request(stored, trust_remote_code=options["trust_remote_code"], plugins=options["plugins"])
    elif resume is not None and not (options["tasks"] or options["grid"]):
        raise click.UsageError("--resume RUN takes no other options, or all options that the run was started with")
    else:
        grid = options.pop("grid")
        explicit = {name for name in options if _on_command_line(ctx, [name])}
        values = {
            "fields": pop_fields(options),
            "base": not options.pop("no_base"),
            "tasks_dirs": options.pop("tasks_dir"),
            "strategies_dirs": options.pop("strategies_dir"),
            **options,
        }
        if grid is not None:
            renamed = {"no_base": "base", "tasks_dir": "tasks_dirs", "strategies_dir": "strategies_dirs"}
            kept = {renamed.get(name, name) for name in explicit} | {"fields", "tasks_dirs", "strategies_dirs"}
            values = values | {name: value for name, value in read_grid(Path(grid)).items() if name not in kept}
        values["search"] = read_search(values.get("search"), budget=True if (tune := values.pop("tune")) == "on" else tune)
        request = make_request(values)
    forks = prepare_to_fork()  # before a dry run, too, whose trials of steps are then those of the run
    if dry_run:
        _show_forecasts(request, runs_dir, jobs, devices_per_cell, together=together)
        return
    with RunDisplay(on_cluster=executor == "ray") as display:
        done = api.run_request(
            request,
            runs_dir=runs_dir,
            listener=display,
            new=new,
            reuse=not no_reuse,
            resume=resume,
            jobs=jobs,
            executor=executor,
            ray_address=ray_address,
            serving_seconds=serving_seconds,
            devices_per_cell=devices_per_cell,
            together=together,
            serve_with=serve_with,
            serve_model=serve_model,
            serve_key_env=serve_key_env,
            serve_concurrency=serve_concurrency,
            send_to=send_to,
            max_cost=max_cost,
            track=track,
            checkpoint_every=checkpoint_seconds,
            forecasts=True,
            forks=forks,
            command=shlex.join(["bench", *sys.argv[1:]]),
        )
    display.summary(done.stored)
    click.echo(str(done.path))
    if not done.complete:
        sys.exit(1)


def _show_forecasts(request: Request, runs_dir: str, jobs: int | None, devices_per_cell: int, *, together: bool) -> None:
    """Print what each cell of the run would take."""
    from rich.console import Console

    from harness import api
    from harness.cli.requested_width import requested_width
    from harness.cli.work_display import show_work
    from harness.reporting import describe_disk_forecast, describe_hosted_forecast, describe_search_forecast, print_forecasts

    with show_work("Planning the run"):
        planned = api.dry_run(request, runs_dir=runs_dir, jobs=jobs, devices_per_cell=devices_per_cell, together=together)
    print_forecasts(planned.forecasts, Console(highlight=False, emoji=False), requested_width())
    if planned.search is not None:
        click.echo(describe_search_forecast(planned.search))
    for forecast in planned.hosted:
        click.echo("\n".join(describe_hosted_forecast(forecast)))
    click.echo(describe_disk_forecast(planned.disk))


def _on_command_line(ctx: click.Context, names: Iterable[str]) -> bool:
    """Whether any of these options is on the command line, so that nothing that the user typed is ignored."""
    return any(ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE for name in names)
