"""`bench completion`, and the completion of tasks, strategies, models, runs and their cells.

Each look-up runs whenever the user presses the tab key, so it reads only file names or one `run.json`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_INSTALL = {
    "bash": 'eval "$(bench completion bash)"                     # in ~/.bashrc',
    "zsh": 'eval "$(bench completion zsh)"                      # in ~/.zshrc',
    "fish": "bench completion fish > ~/.config/fish/completions/bench.fish",
}


@click.command(
    short_help="Print the script for tab completion in a shell.",
    help="Print the script that lets a shell complete commands, options and names.\n\n\b\n" + "\n".join(_INSTALL.values()),
)
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    from click.shell_completion import get_completion_class

    root = ctx.find_root()
    completes = get_completion_class(shell)
    assert completes is not None
    click.echo(completes(root.command, {}, "bench", "_BENCH_COMPLETE").source())


def task_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete names of tasks; files where no name fits."""
    return _completed(incomplete, lambda: _in_catalog(ctx, "tasks"))


def strategy_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete names of strategies; files where no name fits."""
    return _completed(incomplete, lambda: _in_catalog(ctx, "strategies"))


def model_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete names of known models and of the Hub's local cache; files where no name fits."""
    return _completed(incomplete, _models)


def run_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete names of runs, the newest first; folders where no name fits."""
    return _completed(incomplete, lambda: _runs(ctx))


def cell_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete an option that selects cells of RUN (one, or several after commas) with the names that fit the other options."""
    from click.shell_completion import CompletionItem

    from harness.errors import BenchError
    from harness.store import open_run

    assert param.name is not None
    field = "strategy" if param.name == "strategies" else param.name
    before, comma, last = incomplete.rpartition(",") if param.multiple else ("", "", incomplete)
    try:
        cells = open_run(_runs_folder(ctx), _run_of_cells(ctx)).cells
    except (BenchError, OSError):  # an unknown or damaged run
        return []
    options = {name: _option(ctx, name) for name in ("strategy", "task", "model") if name != field}
    filters = {name: value for name, value in options.items() if value and isinstance(value, str)}
    fitting = [cell for cell in cells if all(getattr(cell, name) == value for name, value in filters.items())]
    names = dict.fromkeys(str(getattr(cell, field)) for cell in fitting)
    matches = [name for name in names if name.startswith(last) and name.isprintable() and " " not in name]
    return [CompletionItem(f"{before}{comma}{name}") for name in matches]


def _run_of_cells(ctx: click.Context) -> str:
    """The run on the command line so far, the last of several. click stops reading at an option without a value, so arguments before
    it may not be parsed yet."""
    named = _option(ctx, "run") or _option(ctx, "runs") or "latest"
    return next(iter(ctx.args), None) or (named if isinstance(named, str) else named[-1])


def _completed(incomplete: str, names: Callable[[], Iterable[str]]) -> list[CompletionItem]:
    """The names that start with the incomplete word, keeping what precedes a comma; files where no name fits."""
    from click.shell_completion import CompletionItem

    before, comma, last = incomplete.rpartition(",")
    try:
        matches = [name for name in names() if name.startswith(last) and name.isprintable() and " " not in name]
    except OSError:  # an unreadable folder
        matches = []
    if matches or comma:
        return [CompletionItem(f"{before}{comma}{name}") for name in matches]
    return [CompletionItem(incomplete, type="file")]


def _in_catalog(ctx: click.Context, folder: Literal["tasks", "strategies"]) -> list[str]:
    from harness.catalog import shipped_folder

    folders = [*map(Path, _option(ctx, f"{folder}_dir") or ()), Path(folder), shipped_folder(folder)]
    return sorted({file.stem for place in folders for pattern in ("*.yaml", "*.yml") for file in place.glob(pattern)})


def _models() -> list[str]:
    from huggingface_hub.constants import HF_HUB_CACHE

    from harness.engine.models import known_models

    cached = sorted(folder.name.removeprefix("models--").replace("--", "/", 1) for folder in Path(HF_HUB_CACHE).glob("models--*--*"))
    return [*known_models(), *cached]


def _runs(ctx: click.Context) -> list[str]:
    return ["latest", *sorted((file.parent.name for file in _runs_folder(ctx).glob("*/run.json")), reverse=True)]


def _runs_folder(ctx: click.Context) -> Path:
    return Path(_option(ctx, "runs_dir") or os.environ.get("BENCH_RUNS_DIR") or "runs")


def _option(ctx: click.Context, name: str) -> Any:
    """The value of an option of this command or of its group."""
    while name not in ctx.params and ctx.parent is not None:
        ctx = ctx.parent
    return ctx.params.get(name)
