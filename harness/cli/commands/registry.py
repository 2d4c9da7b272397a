"""`bench registry` and `bench rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from harness.cli.commands.export import show_export
from harness.cli.mirror_option import mirror_change, mirror_option, show_mirror
from harness.cli.options import Number, registry_dir, runs_dir

if TYPE_CHECKING:
    from harness.gate import Event

_SETTABLE = ("candidate", "shadow", "challenger", "retired")
_STAGES = ("champion", *_SETTABLE)


@click.group(invoke_without_command=True, short_help="Show the models in service, their stages and their history.")
@registry_dir
@click.pass_context
def registry(ctx: click.Context, registry: str) -> None:
    """Show the model in service for every task.

    \b
    bench registry stage visits latest:full candidate
    bench registry show visits
    """
    from harness import api

    ctx.obj = registry
    if ctx.invoked_subcommand is None:
        tasks = dict.fromkeys(event.task for event in api.history(registry=registry))
        champions = [model for task in tasks for model in api.list_models(task, registry=registry) if model.stage == "champion"]
        for model in champions:
            click.echo(_line(model.since))
        if not champions:
            click.echo(f"No model has been promoted to {registry} yet.")


@registry.command(name="history")
@click.argument("task")
@click.pass_obj
def show_history(folder: str, task: str) -> None:
    """Print all promotions, rollbacks and changes of stages of TASK."""
    from harness import api

    for event in api.history(task, registry=folder):
        click.echo(_line(event))


@registry.command()
@click.argument("task")
@click.pass_obj
def show(folder: str, task: str) -> None:
    """Print the models of TASK with their stages, the champion first: stage, digest, model, verdict, since when, by whom, reason."""
    from harness import api
    from harness.text import one_line

    for model in api.list_models(task, registry=folder):
        event, since = model.event, model.since
        stage = model.stage if model.share is None else f"{model.stage} ({model.share:.4g} of the traffic)"
        verdict = f"{event.outcome or 'not judged'}{', BY FORCE' if event.is_forced else ''}"
        fields = (stage, event.digest[:12], f"{event.strategy} of {event.run}", verdict, f"since {since.at}", since.user, since.reason)
        click.echo("  ".join(one_line(field) for field in fields if field))


@registry.command()
@click.argument("task")
@click.argument("model")
@click.argument("stage", type=click.Choice(_SETTABLE))
@click.option("--share", type=Number(0, 1), help="The share of the traffic that a challenger answers, such as 0.1.")
@click.option("--reason", default="", help="The reason, for the history; required with --force.")
@click.option(
    "--force", is_flag=True, help="Make a model a challenger that has failed the gate, or was not judged; this stays in the history."
)
@click.option("--base-model", help="The base model, if the run has several.")
@click.option("--train-size", type=int, help="The number of training examples, if the run has several.")
@click.option("--seed", type=int, help="Which trained model, if the strategy has several seeds. Default: the lowest.")
@click.option("--new-registry", is_flag=True, help="Start a registry in the folder; without this option, it must exist.")
@mirror_option
@runs_dir
@click.pass_obj
def stage(
    folder: str,
    task: str,
    model: str,
    stage: str,
    share: float | None,
    reason: str,
    force: bool,
    base_model: str | None,
    train_size: int | None,
    seed: int | None,
    new_registry: bool,
    mirror: str | None,
    runs_dir: str,
) -> None:
    """Put MODEL of TASK in a stage: candidate, shadow, challenger or retired. `bench promote` and `bench rollback` set the champion.

    MODEL is the beginning of a digest that `bench registry show` prints, or RUN:STRATEGY, which is copied into the registry.

    \b
    candidate   is kept with its verdict
    shadow      answers the same inputs as the champion (`bench shadow`); its outputs are only kept
    challenger  answers a share of the real requests; the gate must have judged it, and not as FAIL
    retired     is kept for the history
    """
    from typing import cast

    from harness import api
    from harness.gate import Stage

    event = api.set_stage(
        task,
        model,
        cast(Stage, stage),
        share=share,
        reason=reason,
        force=force,
        registry=folder,
        new_registry=new_registry,
        base_model=base_model,
        train_size=train_size,
        seed=seed,
        runs_dir=runs_dir,
    )
    forced = " BY FORCE" if event.is_forced else ""
    click.echo(f"{event.task}: {event.strategy} of {event.run} is in stage {event.stage}{forced}.", err=True)
    mirror_change(task, mirror, folder)
    click.echo(f"{folder}/{event.folder}")


@registry.command()
@click.argument("task")
@click.option("--out", metavar="FOLDER", required=True, help="A new or empty folder.")
@click.option("--stage", type=click.Choice(_STAGES), default="champion", show_default=True, help="Whose model is exported.")
@click.option("--model", metavar="DIGEST", help="Which model, where several are in this stage: the beginning of its digest.")
@click.option("--adapter", is_flag=True, help="Write the adapter and the place of its base model, instead of a merged model.")
@click.option("--gguf/--no-gguf", default=None, help="Write a GGUF file, too. Default: if llama.cpp's converter is installed.")
@click.option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
    help="Number format of a whole model; auto: the one that its run computed in.",
)
@click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name.")
@click.option("--trust-remote-code", is_flag=True, help="Allow Python code that comes with the model.")
@click.pass_obj
def export(folder: str, /, task: str, **options: Any) -> None:
    """Write a model of TASK to a folder for vLLM, TGI, llama.cpp and transformers, after its files were checked.

    The folder holds the merged model, its prompt, a model card, and model.json: digest, base model, decoding, policy, verdict, stage and
    approvals. It appears when it is complete.

    \b
    bench registry export visits --out serving
    bench registry export visits --stage champion --adapter --out serving-adapter
    """
    from harness import api
    from harness.cli.finished_display import FinishedDisplay

    with FinishedDisplay() as display:
        exported = api.export_registered(task, registry=folder, listener=display, **options)
    show_export(exported, display)
    click.echo(str(exported.folder))


@registry.command()
@click.argument("task")
@click.option("--to", metavar="mlflow", default="mlflow", show_default=True, help="mlflow:NAME chooses another name than the task's.")
@click.option("--model-path", metavar="FOLDER", help="Folder of the base model, if it cannot be found by its name.")
@click.option("--trust-remote-code", is_flag=True, help="Allow Python code that comes with a model while it is exported.")
@click.pass_obj
def mirror(folder: str, /, task: str, **options: Any) -> None:
    """Make the models of TASK versions of a registered model in MLflow, with their stages as aliases, such as champion.

    The registry of bench decides; the same command after a failure does the rest. `mlflow.pyfunc` loads such a model without bench. The
    server is that of MLFLOW_TRACKING_URI. Weights, tokenizer, prompt, model card and model.json are sent; no example is.
    """
    from harness import api

    mirrored = api.mirror_models(task, registry=folder, **options)
    show_mirror(mirrored)
    click.echo(f"{mirrored.place}/#/models/{mirrored.name}")


@registry.command()
@click.pass_context
def verify(ctx: click.Context) -> None:
    """Verify the seal of every event and the digest of every model.

    Exit codes: 0 everything is intact, 1 a model is missing or was changed, 2 the history was changed.
    """
    from harness import api
    from harness.cli.wording import message
    from harness.text import plural

    models = api.verify_registry(registry=ctx.obj)
    for event, damage in models:
        state = "DAMAGED" if damage else "intact"
        click.echo(message(f"{state}  {event.task}  {event.strategy} of {event.run}  {damage or event.digest}"))
    damaged = sum(bool(damage) for _, damage in models)
    click.echo(f"{plural(len(models), 'model')}, {damaged} damaged; the history is intact.", err=True)
    ctx.exit(1 if damaged else 0)


def _line(event: Event) -> str:
    """The event on one line. Columns are separated by two spaces, which no field contains, whatever its reason holds."""
    from harness.text import one_line

    share = "" if event.share is None else f" {event.share:.4g}"
    action = {"force": "promote", "stage": event.stage, "force_stage": event.stage}.get(event.action, event.action)
    action = f"{action}{share}{' BY FORCE' if event.is_forced else ''}"
    fields = (event.at, event.task, action, f"{event.strategy} of {event.run}", event.outcome, event.digest[:12], event.user, event.reason)
    return "  ".join(one_line(field) for field in fields if field)


@click.command(short_help="Put the previous model back into service.")
@click.argument("task")
@click.option("--reason", default="", help="The reason, for the history.")
@registry_dir
@mirror_option
def rollback(task: str, reason: str, registry: str, mirror: str | None) -> None:
    """Put the previous model of TASK back into service. This adds an event to the history and removes nothing."""
    from harness import api

    event = api.rollback(task, registry=registry, reason=reason)
    click.echo(f"{event.task}: {event.strategy} of {event.run} is in service again.", err=True)
    mirror_change(task, mirror, registry)
    click.echo(f"{registry}/{event.folder}")
