"""Options of the commands that use a finished cell: `bench predict`, `bench export`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from harness.cli.commands import cell_names
from harness.cli.options import registry_dir
from harness.cli.run_choice import choose_run
from harness.cli.wording import message

_OPTIONS = (
    click.option("--strategy", shell_complete=cell_names, help="The strategy to use."),
    click.option("--champion", metavar="TASK", help="Use the model of this task that is in service, instead of a run."),
    registry_dir,
    click.option("--task", shell_complete=cell_names, help="The task, if the run has several."),
    click.option("--model", shell_complete=cell_names, help="The base model, if the run has several."),
    click.option("--seed", type=click.IntRange(min=0), help="The training seed. Default: the lowest one with a result."),
    click.option("--train-size", type=click.IntRange(min=0), help="The number of training examples, if the run has several."),
    click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name."),
    click.option("--trust-remote-code", is_flag=True, help="Allow Python code that comes with the model."),
)
# The options that select a cell of a run.
_OF_A_RUN = ("strategy", "task", "model", "seed", "train_size")


def cell_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select a finished cell and its model."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def choose_cell(run: str | None, options: dict[str, Any]) -> str:
    """The run that the command works on, and its options completed for it: `champion` and `registry` become run and strategy.

    Raises:
        click.UsageError: neither a strategy nor a champion is named, or both.
        BenchError: there is no such champion, or it is damaged; or no run is finished.
    """
    task, registry = options.pop("champion"), options.pop("registry")
    if task is None:
        if options["strategy"] is None:
            raise click.UsageError("name the model: --strategy NAME of the run, or --champion TASK for the one in service")
        return choose_run(run or "latest", options["runs_dir"], task=options["task"])
    named = ["RUN"] * (run is not None) + [f"--{name.replace('_', '-')}" for name in _OF_A_RUN if options[name] is not None]
    if named:
        raise click.UsageError(f"--champion is one model: leave out {', '.join(named)}")
    from harness import api

    champion = api.champion(task, registry=registry)
    event = champion.event
    click.echo(message(f"champion of {task}: {event.strategy} of {event.run}, in service since {event.at} ({event.user})"), err=True)
    options["strategy"] = champion.strategy
    return str(champion.run)
