"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

runs_dir: Decorator = click.option(
    "--runs-dir", default="runs", envvar="BENCH_RUNS_DIR", show_default=True, show_envvar=True, help="Folder of the runs."
)
registry_dir: Decorator = click.option(
    "--registry", default="registry", envvar="BENCH_REGISTRY", show_default=True, show_envvar=True, help="Folder of the promoted models."
)
tasks_dir: Decorator = click.option(
    "--tasks-dir",
    multiple=True,
    type=click.Path(),  # so that the variable is split at colons, like PATH, and not at spaces
    envvar="BENCH_TASKS_DIR",
    help="A folder with more tasks, besides ./tasks.",
)
strategies_dir: Decorator = click.option(
    "--strategies-dir",
    multiple=True,
    type=click.Path(),
    envvar="BENCH_STRATEGIES_DIR",
    help="A folder with more strategies, besides ./strategies.",
)
jobs: Decorator = click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Number of cells to run at the same time. Default: one for each GPU, one on a CPU.",
)


def executor_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where cells run, and on how many devices each."""
    executor = click.option(
        "--executor",
        type=click.Choice(["local", "ray"]),
        default="local",
        show_default=True,
        help="Run cells here, or on a Ray cluster.",
    )
    address = click.option(
        "--ray-address", default="auto", metavar="HOST:PORT", help="The head of the Ray cluster. Default: the one of this machine."
    )
    devices = click.option(
        "--devices-per-cell", type=click.IntRange(1, 64), default=1, metavar="N",
        help="Number of GPUs that train a cell together, for models that do not fit one; on a CPU, of processes.  [1]",
    )  # fmt: skip
    return executor(address(devices(command)))


def check_executor(ctx: click.Context) -> None:
    """Refuse an address of a cluster that is not used."""
    named = ctx.get_parameter_source("ray_address") is ParameterSource.COMMANDLINE
    if named and ctx.params["executor"] == "local":
        raise click.UsageError("--ray-address needs --executor ray")


volume: Decorator = click.option(
    "--volume",
    type=click.IntRange(1, 10**12),
    metavar="N",
    help="Outputs per month, for the costs in the report. Default: those that the task declares, or 100000.",
)


anonymize_option: Decorator = click.option(
    "--anonymize", is_flag=True, help="Replace names, dates and other identifiers of people that patterns find in the texts."
)


class Number(click.FloatRange):
    """A finite number in a range: JSON cannot hold 'nan' and 'inf'."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def split_names(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Read `--x a,b` and `--x a --x b` as the same."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def split_specs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Split `lora:r=8,lora:r=64,learning_rate=1e-4,qlora` into strategies: a part with '=' and without ':' belongs to the previous one."""
    from harness.catalog import split_outside_brackets

    specs: list[str] = []
    for part in (part.strip() for value in values for part in split_outside_brackets(value) if part.strip()):
        if specs and ":" in specs[-1] and "=" in part and ":" not in part.split("=", 1)[0]:
            specs[-1] += f",{part}"
        else:
            specs.append(part)
    return tuple(specs)


def pairs(_ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Read `role=column` options."""
    columns: dict[str, str] = {}
    for value in values:
        role, equals, column = value.partition("=")
        if not equals or not role or not column:
            raise click.BadParameter(f"'{value}' must have the form ROLE=COLUMN", param=param)
        columns[role] = column
    return columns


_ROLES = ("input", "target", "group", "id")
_DATA = (
    click.option("--data", metavar="FILE", multiple=True, help="Your data, in any format of tasks/README.md; split 80/10/10 for a run."),
    click.option("--train", metavar="FILE", multiple=True, help="Training examples, if your data is split."),
    click.option("--validation", metavar="FILE", multiple=True, help="Validation examples, if your data is split."),
    click.option("--test", metavar="FILE", multiple=True, help="Test examples, if your data is split."),
    click.option("--hub", metavar="ORG/NAME", help="A dataset of the Hub."),
    click.option("--hub-revision", metavar="REVISION", help="Branch, tag or commit of the Hub dataset."),
    click.option("--subset", metavar="NAME", help="Configuration of the Hub dataset, or of a folder or metadata with several."),
    click.option("--input", metavar="COLUMN", help="The column with the model's input."),
    click.option("--target", metavar="COLUMN", help="The column with the reference or the label."),
    click.option("--group", metavar="COLUMN", help="The column of the patient, document, …; groups are never split."),
    click.option("--id", "id_", metavar="COLUMN", help="The column with the id."),
    click.option(
        "--field", "more", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="The column of any other variable of the prompt."
    ),
    click.option("--labels", multiple=True, callback=split_names, help="The labels to choose from: yes,no,maybe."),
    click.option(
        "--fold-references-by",
        metavar="COLUMN",
        help="Combine test data with equal values into one example with several references.",
    ),
    click.option("--skip-bad-rows", is_flag=True, help="Skip rows that cannot be used; the report counts them."),
)
# What is chosen from the data, and what a run does with it.
_USE = (
    click.option(
        "--keep",
        metavar="COLUMN",
        multiple=True,
        help="Store this column with the test examples, to slice results by it. A run stores no column that nothing names.",
    ),
    click.option(
        "--harvested", metavar="FILE", multiple=True, help="Examples from `bench review harvest`: added to training, removed from testing."
    ),
    click.option("--limit", type=click.IntRange(min=1), help="Use a random sample of at most this many examples per split, by label."),
)


def _use_plugins(ctx: click.Context, _param: click.Parameter, files: tuple[str, ...]) -> tuple[str, ...]:
    """Run the named files, whose metrics are then known until the command ends. Naming a file is the consent to run it."""
    if files:
        from harness.plugins import use_plugin_files

        ctx.with_resource(use_plugin_files(files))
    return files


def plugins(*, is_passed_on: bool = True) -> Decorator:
    """Add the option that names plug-in files.

    Args:
        is_passed_on: whether the command takes their names.
    """
    return click.option(
        "--plugin",
        "plugins",
        metavar="FILE",
        multiple=True,
        is_eager=True,
        callback=_use_plugins,
        expose_value=is_passed_on,
        help="A Python file that adds metrics. Its code runs with your rights: name only files that you trust.",
    )


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select the data of a task, name its columns, and say what a run does with it."""
    for option in reversed((*_DATA, *_USE)):
        command = option(command)
    return command


def row_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select the data of a task and name its columns."""
    for option in reversed(_DATA):
        command = option(command)
    return command


_NEW_INPUTS = (
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Answer only the first N examples."),
    click.option("--lines", is_flag=True, help="The data is plain text: each line is the input of one example."),
    click.option("--input", metavar="COLUMN", help="The column with the model's input."),
    click.option("--id", "id_", metavar="COLUMN", help="The column with the id."),
    click.option(
        "--field", "more", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="The column of any other variable of the prompt."
    ),
)


def new_input_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how examples to answer are read."""
    for option in reversed(_NEW_INPUTS):
        command = option(command)
    return command


def pop_fields(options: dict[str, Any]) -> dict[str, str]:
    """Take the columns by role out of the options."""
    named = {role: options.pop("id_" if role == "id" else role) for role in _ROLES}
    more: dict[str, str] = options.pop("more")
    return {role: column for role, column in named.items() if column} | more
