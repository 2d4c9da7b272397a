"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

runs_dir: Decorator = click.option(
    "--runs-dir", default="runs", envvar="BENCH_RUNS_DIR", show_default=True, show_envvar=True, help="Folder that holds the runs."
)
tasks_dir: Decorator = click.option(
    "--tasks-dir",
    multiple=True,
    type=click.Path(),  # so that the variable is cut at colons, like PATH, and not at spaces
    envvar="BENCH_TASKS_DIR",
    help="A folder with more tasks (./tasks is looked at anyway).",
)
strategies_dir: Decorator = click.option(
    "--strategies-dir",
    multiple=True,
    type=click.Path(),
    envvar="BENCH_STRATEGIES_DIR",
    help="A folder with more strategies (./strategies is looked at anyway).",
)


class Number(click.FloatRange):
    """A number in a range. 'nan' and 'inf' are none: neither JSON nor a sum can hold them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def split_names(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """`a,b` and `--x a --x b` are the same."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


def split_specs(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """`lora:r=8,lora:r=64,learning_rate=1e-4,qlora` as its strategies: a part with '=' and no ':' belongs to the one before it."""
    from harness.catalog import split_outside_brackets

    specs: list[str] = []
    for part in (part.strip() for value in values for part in split_outside_brackets(value) if part.strip()):
        if specs and ":" in specs[-1] and "=" in part and ":" not in part.split("=", 1)[0]:
            specs[-1] += f",{part}"
        else:
            specs.append(part)
    return tuple(specs)


def pairs(_ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """`role=column`, several times."""
    found: dict[str, str] = {}
    for value in values:
        role, equals, column = value.partition("=")
        if not equals or not role or not column:
            raise click.BadParameter(f"'{value}' is not of the form role=column", param=param)
        found[role] = column
    return found


_ROLES = ("input", "target", "group", "id")
_DATA = (
    click.option("--data", metavar="FILE", multiple=True, help="Your rows, in any format of tasks/README.md; for a run split 80/10/10."),
    click.option("--train", metavar="FILE", multiple=True, help="Training rows, where the split is given."),
    click.option("--validation", metavar="FILE", multiple=True, help="Validation rows, where the split is given."),
    click.option("--test", metavar="FILE", multiple=True, help="Test rows, where the split is given."),
    click.option("--hub", metavar="ORG/NAME", help="A data set of the Hub."),
    click.option("--hub-revision", metavar="REVISION", help="Its branch, tag or commit."),
    click.option("--subset", metavar="NAME", help="Its subset (configuration)."),
    click.option("--input", metavar="COLUMN", help="The column with the model's input."),
    click.option("--target", metavar="COLUMN", help="The column with the reference, or the label."),
    click.option("--group", metavar="COLUMN", help="The column that names the patient, document, …: never split."),
    click.option("--id", "id_", metavar="COLUMN", help="The column with the row's id."),
    click.option("--field", "more", multiple=True, callback=pairs, metavar="ROLE=COLUMN", help="Any other variable of the prompt."),
    click.option("--labels", multiple=True, callback=split_names, help="The labels that an answer is chosen from: yes,no,maybe."),
    click.option("--fold-references-by", metavar="COLUMN", help="Test rows that agree in it are one example with several references."),
    click.option("--harvested", metavar="FILE", multiple=True, help="Rows of `bench review harvest`: trained on, and not tested any more."),
    click.option("--skip-bad-rows", is_flag=True, help="Go on without rows that cannot be used; the report counts them."),
    click.option("--limit", type=click.IntRange(min=1), help="A random sample of at most so many rows of every split."),
)


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the rows of a task come from, and which column is which."""
    for option in reversed(_DATA):
        command = option(command)
    return command


def fields_of(options: dict[str, Any]) -> dict[str, str]:
    """The columns by role, taken out of the options."""
    named = {role: options.pop("id_" if role == "id" else role) for role in _ROLES}
    more: dict[str, str] = options.pop("more")
    return {role: column for role, column in named.items() if column} | more
