"""`bench data enough`."""

from __future__ import annotations

import shlex
from typing import Literal

import click

from harness.cli.commands.completion import cell_names, run_names, strategy_names
from harness.cli.options import Number, runs_dir, split_names, tasks_dir
from harness.cli.run_choice import choose_run


@click.command(short_help="Show what more labelled examples would bring, and what they would cost.")
@click.argument("run_or_task", metavar="RUN|TASK", default="latest", shell_complete=run_names)
@click.option("--task", shell_complete=cell_names, help="The task, if the run has several. Default: every task.")
@click.option(
    "--sizes", default=("1000", "10000"), multiple=True, callback=split_names, metavar="SIZES",
    help="Numbers of training examples to forecast. Default: 1000,10000.",
)  # fmt: skip
@click.option("--cost-per-label", type=Number(min=0, min_open=True), help="The cost of labelling one example.")
@click.option("--currency", default="USD", show_default=True, help="The currency of that cost.")
@click.option("--strategy", default="lora", show_default=True, shell_complete=strategy_names, help="With TASK: the strategy to train.")
@click.option("--model", default="tiny", show_default=True, help="With TASK: the base model.")
@click.option("--limit", type=click.IntRange(min=8), help="With TASK: use at most this many examples of each split.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@tasks_dir
@runs_dir
def enough(
    run_or_task: str,
    task: str | None,
    sizes: tuple[str, ...],
    cost_per_label: float | None,
    currency: str,
    strategy: str,
    model: str,
    limit: int | None,
    format_: str,
    tasks_dir: tuple[str, ...],
    runs_dir: str,
) -> None:
    """Show what more labelled examples would bring, what they would cost, and which parts of the data lack examples.

    RUN is a run that trained on several numbers of examples (`bench run --train-sizes`). For a TASK (a YAML file), such a run is made
    first, on 1/8, 1/4, 1/2 and all of its training examples. If it is interrupted, the same command resumes it.

    \b
    bench data enough latest --cost-per-label 1.50
    bench data enough visits.yaml --strategy lora --sizes 2000,5000
    """
    import json

    from rich.console import Console

    from harness import api
    from harness.reporting import data_enough_to_json, print_data_enough

    wanted = [_read_size(size) for size in sizes]
    if run_or_task.endswith((".yaml", ".yml")):
        chosen = _train(run_or_task, strategy, model, limit, tasks_dir, runs_dir)
    else:
        chosen = choose_run(run_or_task, runs_dir, task=task)
    answers = api.data_enough(chosen, task=task, sizes=wanted, cost_per_label=cost_per_label, currency=currency, runs_dir=runs_dir)
    if format_ == "json":
        click.echo(json.dumps([data_enough_to_json(answer) for answer in answers], indent=1, ensure_ascii=False, allow_nan=False))
        return
    console = Console(highlight=False, emoji=False)
    for number, answer in enumerate(answers):
        if number:
            click.echo()
        print_data_enough(answer, console)


def _read_size(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise click.BadParameter(f"'{text}' is not a whole number of at least 1", param_hint="--sizes")
    return int(text)


def _train(task: str, strategy: str, model: str, limit: int | None, tasks_dir: tuple[str, ...], runs_dir: str) -> str:
    """Train on growing samples, as `bench run --train-sizes` does, and return the folder of the run."""
    from harness import api
    from harness.cli.progress import RunDisplay

    *smaller, _ = api.curve_sizes(task, limit=limit, tasks_dirs=tasks_dir)
    sizes: list[int | Literal["all"]] = [*smaller, "all"]
    options = ["--task", task, "--strategies", strategy, "--model", model, "--train-sizes", ",".join(map(str, sizes))]
    options += ["--limit", str(limit)] if limit is not None else []
    options += [word for folder in tasks_dir for word in ("--tasks-dir", folder)]
    with RunDisplay() as display:
        done = api.run(
            task, strategy, model=model, limit=limit, train_sizes=sizes, tasks_dirs=tasks_dir, runs_dir=runs_dir, listener=display,
            command=shlex.join(["bench", "run", *options]),
        )  # fmt: skip
    return str(done.path)
