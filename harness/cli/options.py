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
    from harness.grid.variants import outside_brackets

    specs: list[str] = []
    for part in (part.strip() for value in values for part in outside_brackets(value) if part.strip()):
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
