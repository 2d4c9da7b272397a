"""`bench judge`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import Number, runs_dir, split_names
from harness.cli.run_choice import choose_run

_EXAMPLE_CHARACTERS = 4000


@click.command(short_help="Let a model judge the outputs of a run.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--with", "judge_file", required=True, metavar="FILE", help="The judge: what is asked of which model, as YAML.")
@click.option("--task", shell_complete=cell_names, help="The task, if the run has several.")
@click.option(
    "--strategies", multiple=True, callback=split_names, shell_complete=cell_names,
    help="Whose outputs are judged, such as base,lora. Default: the best strategy by the decision, and the untuned model.",
)  # fmt: skip
@click.option(
    "--send-to", multiple=True, callback=split_names, metavar="HOST",
    help="The host that prompts may be sent to, if the judge is a hosted model.",
)  # fmt: skip
@click.option(
    "--max-cost", type=Number(0, min_open=True), metavar="USD",
    help="Stop asking before the answers cost more. The same command with a higher limit continues.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be asked, of whom, and at what cost, and stop. Nothing is sent or written.")
@click.option("--no-reuse", is_flag=True, help="Ask again, also what was answered before.")
@click.option("--model", help="The base model, if the run has several.")
@click.option("--train-size", type=int, help="The number of training examples, if the run has several.")
@runs_dir
def judge(
    run: str,
    judge_file: str,
    task: str | None,
    strategies: tuple[str, ...],
    send_to: tuple[str, ...],
    max_cost: float | None,
    dry_run: bool,
    no_reuse: bool,
    model: str | None,
    train_size: int | None,
    runs_dir: str,
) -> None:
    """Let a model judge the stored outputs of RUN. Nothing is trained or generated again.

    Every prompt, answer and verdict is stored with the run. A judge decides nothing: its verdicts count as far as they agree with raters,
    see docs/judges.md. If the command is interrupted, the same command continues, and nothing is paid twice.

    \b
    bench judge latest --with judge.yaml --strategies base,lora --dry-run
    bench judge latest --with judge.yaml --strategies base,lora --send-to api.example.com --max-cost 5
    """
    from rich.console import Console

    from harness import api
    from harness.cli.work_display import AnswerDisplay
    from harness.reporting import describe_judge_plan, print_judge

    chosen = choose_run(run, runs_dir, task=task)
    if dry_run:
        planned = api.plan_judge(chosen, judge_file, strategies, task=task, model=model, train_size=train_size, runs_dir=runs_dir)
        click.echo("\n".join(describe_judge_plan(planned.judge, planned.cells, planned.questions, planned.hosted)))
        click.echo(f"\n{planned.example[:_EXAMPLE_CHARACTERS]}")
        return
    with AnswerDisplay("Asking the judge") as display:
        record = api.judge(
            chosen, judge_file, strategies, task=task, send_to=send_to, max_cost=max_cost, reuse=not no_reuse, model=model,
            train_size=train_size, runs_dir=runs_dir, on_progress=display.show, on_failure=display.show_failure,
        )  # fmt: skip
    findings = api.judge_findings(chosen, task=record.task, runs_dir=runs_dir)
    print_judge(next(each for each in findings if each.record == record), Console(highlight=False, emoji=False))
