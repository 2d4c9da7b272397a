"""`bench data enough`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from harness.cli.commands.completion import cell_names, run_names, strategy_names
from harness.cli.options import Number, runs_dir, split_names, tasks_dir
from harness.cli.run_choice import choose_run
from harness.cli.typed_words import list_words

if TYPE_CHECKING:
    from harness.api import CurveTraining


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
@click.option("--background", is_flag=True, help="With TASK: train in a process that continues when the terminal is closed.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@tasks_dir
@runs_dir
@click.pass_context
def enough(
    ctx: click.Context,
    /,
    *,
    run_or_task: str,
    task: str | None,
    sizes: tuple[str, ...],
    cost_per_label: float | None,
    currency: str,
    strategy: str,
    model: str,
    limit: int | None,
    background: bool,
    format_: str,
    tasks_dir: tuple[str, ...],
    runs_dir: str,
) -> None:
    """Show what more labelled examples would bring, what they would cost, and which parts of the data lack examples.

    RUN is a run that trained on several numbers of examples (`bench run --train-sizes`). For a TASK (a YAML file), such a run is made
    first, on 1/8, 1/4, 1/2 and all of its training examples. If it is interrupted, the same command resumes it; while a process in the
    background works on it, the command says how far it is.

    \b
    bench data enough latest --cost-per-label 1.50
    bench data enough visits.yaml --strategy lora --sizes 2000,5000
    bench data enough visits.yaml --strategy lora --background
    """
    import json

    from rich.console import Console

    from harness import api
    from harness.reporting import data_enough_to_json, print_data_enough

    wanted = [_read_size(size) for size in sizes]
    if run_or_task.endswith((".yaml", ".yml")):
        training = api.find_curve_training(run_or_task, strategy, model=model, limit=limit, tasks_dirs=tasks_dir, runs_dir=runs_dir)
        if training.state == "running":
            _report_progress(training)
            return
        if background and training.state != "finished":
            _start(ctx, training)
            return
        is_finished = training.state == "finished"
        chosen = str(training.folder) if is_finished else _train(training, runs_dir)
    elif background:
        raise click.UsageError("--background trains a TASK: name its YAML file. A run is read at once")
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


def _start(ctx: click.Context, training: CurveTraining) -> None:
    """Start the same command without --background as a process of its own."""
    from harness import api
    from harness.reporting.wording.data import enough_sentences

    words = [word for word in list_words(ctx, "data", "enough") if word != "--background"]
    process = api.start_in_background(words, training.log)
    for sentence in enough_sentences.describe_start(process, str(training.log), ["bench", *words], resumes=training.state == "unfinished"):
        click.echo(sentence, err=True)
    click.echo(str(training.log))


def _report_progress(training: CurveTraining) -> None:
    from harness.reporting.wording.data import enough_sentences

    log = str(training.log) if training.log.is_file() else ""
    for sentence in enough_sentences.describe_training(str(training.folder), training.progress, log):
        click.echo(sentence, err=True)
    click.echo(str(training.folder))


def _train(training: CurveTraining, runs_dir: str) -> str:
    """Train on growing samples, as `bench run --train-sizes` does, and return the folder of the run."""
    from harness import api
    from harness.cli.progress import RunDisplay

    request = training.request
    options = {"task": request.tasks, "strategies": request.strategies, "model": request.models, "tasks-dir": request.tasks_dirs}
    words = [word for name, values in options.items() for value in values for word in (f"--{name}", str(value))]
    words += ["--train-sizes", ",".join(request.train_sizes), *([] if request.limit is None else ["--limit", str(request.limit)])]
    with RunDisplay() as display:
        done = api.run_request(request, runs_dir=runs_dir, listener=display, command=shlex.join(["bench", "run", *words]))
    return str(done.path)
