"""The option `--mirror` of commands that change a registry, and what follows the change."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from harness.cli.options import Decorator
from harness.cli.wording import message

if TYPE_CHECKING:
    from harness.api import Mirror


def _check(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Refuse a value that cannot be used before the command changes anything."""
    if value is not None:
        from harness import api

        api.check_mirror(value, "mirror")
    return value


mirror_option: Decorator = click.option(
    "--mirror",
    metavar="mlflow",
    envvar="BENCH_MIRROR",
    show_envvar=True,
    callback=_check,
    help="Afterwards, make MLflow's model registry the same: versions, and aliases such as champion. mlflow:NAME chooses another name than "
    "the task's.",
)


def mirror_change(task: str, to: str | None, registry: str, *, model_path: str | None = None) -> None:
    """Mirror the models of a task after a change of the registry, if the user asks for it. A failure is a warning: the change is made."""
    if to is None:
        return
    from harness import api
    from harness.errors import BenchError

    try:
        mirror = api.mirror_models(task, to, model_path=model_path, registry=registry)
    except Exception as error:  # the promotion is made: a failure from here on is only reported
        reason = "; ".join(error.problems) if isinstance(error, BenchError) else f"{type(error).__name__}: {error}"
        folder = [] if registry == "registry" else ["--registry", registry]
        again = shlex.join(["bench", "registry", *folder, "mirror", task, "--to", to])
        ending = "" if reason.endswith(".") else "."
        click.echo(
            message(f"warning: {reason}{ending} The change in the registry is made; only the mirror failed. To repeat it: {again}"),
            err=True,
        )
        return
    show_mirror(mirror)


def show_mirror(mirror: Mirror) -> None:
    """Show which version has which stage, on standard error."""
    from harness.text import one_line

    for version in mirror.versions:
        uploaded = ", uploaded" if version.is_new else ""
        click.echo(
            one_line(f"MLflow: {mirror.name} version {version.version} is {version.model.stage}: {version.model.strategy}{uploaded}"),
            err=True,
        )
    for model, reason in mirror.skipped:
        click.echo(message(f"not mirrored: {model.event.strategy} of {model.event.run} ({model.stage}): {reason}"), err=True)
