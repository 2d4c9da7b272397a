"""`bench gate` and `bench promote`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.mirror_option import mirror_change, mirror_option
from harness.cli.options import plugins, registry_dir, runs_dir, tasks_dir
from harness.cli.out_file import check_target, write_target
from harness.cli.requested_width import requested_width
from harness.cli.run_choice import choose_run

if TYPE_CHECKING:
    from harness.gate import Verdict

_JUDGED = (
    click.option("--strategy", required=False, shell_complete=cell_names, help="The candidate."),
    click.option("--task", shell_complete=cell_names, help="The task, if the run has several."),
    click.option(
        "--policy",
        metavar="FILE",
        help="The rules, as YAML. Default, where there is a baseline: not worse by more than the margin, critical errors up by at most 2 "
        "percentage points. The task's guardrails apply to every policy.",
    ),
    click.option("--baseline", metavar="RUN:STRATEGY", help="What to compare with. Default: the model in service."),
    click.option("--model", help="The base model, if the run has several."),
    click.option("--train-size", type=int, help="The number of training examples, if the run has several."),
    click.option(
        "--seed",
        type=int,
        help="Which trained model, if the strategy has several seeds. Default: the lowest. If you name one, α is divided by their number.",
    ),
    click.option("--model-path", metavar="FOLDER", help="Folder of the baseline's base model, if it has to answer again."),
    click.option(
        "--without-text", is_flag=True, help="Leave ids and outputs of test examples out of all output: they may be what patients said."
    ),
    registry_dir,
    click.option("--new-registry", is_flag=True, help="Start a registry in the folder; without this option, it must exist."),
    runs_dir,
)


def _judged(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_JUDGED):
        command = option(command)
    return command


@click.command(short_help="Decide whether a model may replace the current one: PASS, FAIL or INCONCLUSIVE.")
@click.argument("run", default="latest", shell_complete=run_names)
@_judged
@click.option("--format", "format_", type=click.Choice(["text", "md", "json", "junit"]), default="text", show_default=True)
@click.option("--out", metavar="FILE", help="Write the chosen format to a file, and the text to the terminal; - is standard output.")
@click.option("--init", "init_", is_flag=True, help="Write a commented policy for --task, to --out or standard output, and stop.")
@plugins(is_passed_on=False)
@tasks_dir
@click.pass_context
def gate(
    ctx: click.Context,
    /,
    run: str,
    format_: str,
    out: str | None,
    init_: bool,
    without_text: bool,
    tasks_dir: tuple[str, ...],
    **options: Any,
) -> None:
    """Judge a model of RUN (a folder, a name, or `latest`) against a policy: the one that `bench promote` would put into service.

    Exit codes: 0 PASS, 1 FAIL, 3 INCONCLUSIVE (with the number of test examples that would decide), 4 PASS that waits for approval,
    2 usage, or nothing to judge by.

    \b
    bench gate --init --task summarization --out gate.yaml
    bench gate latest --strategy lora --baseline latest:base --policy gate.yaml --new-registry
    """
    from pathlib import Path

    from rich.console import Console

    from harness import api
    from harness.cli.work_display import show_work
    from harness.reporting import print_verdict

    out = None if out == "-" else out
    if init_:
        if not options["task"]:
            raise click.UsageError("--init needs --task: a name, or a YAML file")
        if out is not None:
            check_target(Path(out))
            if Path(out).exists():
                raise click.BadParameter(f"{out} already exists: name another file", param_hint="--out")
        drafted = api.draft_policy(options["task"], tasks_dirs=tasks_dir)
        if out is None:
            click.echo(drafted, nl=False)
            return
        write_target(Path(out), drafted)
        click.echo(out)
        return
    if not options["strategy"]:
        raise click.UsageError("--strategy: name the candidate")
    if out is not None and format_ == "text":
        raise click.UsageError("--out writes md, json or junit: name one with --format")
    if out is not None:
        check_target(Path(out))
    chosen = choose_run(run, options["runs_dir"], task=options["task"])
    with show_work("Judging the candidate"):
        judged = api.gate(chosen, **options)
    verdict = _published(judged, without_text)
    if out is not None:
        write_target(Path(out), _text(verdict, format_))
    if format_ == "text" or out is not None:
        print_verdict(verdict, Console(highlight=False, emoji=False), requested_width())
    else:
        click.echo(_text(verdict, format_), nl=False)
    ctx.exit(verdict.exit_code)


def _published(verdict: Verdict, without_text: bool) -> Verdict:
    """The verdict as it may be shown, also appended to the summary of a CI job."""
    from harness.cli.job_summary import append_to_job_summary

    shown = verdict.without_text() if without_text else verdict
    append_to_job_summary(shown)
    return shown


def _text(verdict: Verdict, format_: str) -> str:
    import json

    from harness.reporting import verdict_to_json, verdict_to_junit, verdict_to_markdown

    if format_ == "md":
        return verdict_to_markdown(verdict)
    if format_ == "junit":
        return verdict_to_junit(verdict)
    return json.dumps(verdict_to_json(verdict), indent=1, allow_nan=False) + "\n"


@click.command(short_help="Put a model into service: with a PASS, or by force with a reason.")
@click.argument("run", default="latest", shell_complete=run_names)
@_judged
@click.option("--force", is_flag=True, help="Promote it even if it does not pass or cannot be judged; this stays in the history.")
@click.option("--reason", default="", help="The reason; required with --force.")
@mirror_option
def promote(run: str, force: bool, reason: str, without_text: bool, mirror: str | None, **options: Any) -> None:
    """Judge a model of RUN as `bench gate` does. If it passes, copy it into the registry and put it into service.

    The registry holds the model, its predictions and the test examples, so the run may be deleted.
    """
    from rich.console import Console

    from harness import api
    from harness.cli.work_display import show_work
    from harness.reporting import print_verdict

    def show(verdict: Verdict) -> None:
        print_verdict(_published(verdict, without_text), Console(highlight=False, emoji=False, stderr=True), requested_width())

    if not options["strategy"]:
        raise click.UsageError("--strategy: name the candidate")
    chosen = choose_run(run, options["runs_dir"], task=options["task"])
    try:
        with show_work("Judging the candidate"):
            event, verdict = api.promote(chosen, force=force, reason=reason, **options)
    except api.NotPassedError as error:
        show(error.verdict)
        raise
    show(verdict)
    click.echo(f"{event.task}: {event.strategy} of {event.run} is in service{' BY FORCE' if event.action == 'force' else ''}.", err=True)
    mirror_change(event.task, mirror, options["registry"], model_path=options["model_path"])
    click.echo(f"{options['registry']}/{event.folder}")
