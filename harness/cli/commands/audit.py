"""`bench audit`."""

from __future__ import annotations

import click

from harness.cli.commands.completion import cell_names, run_names
from harness.cli.options import runs_dir
from harness.cli.out_file import check_target, write_target
from harness.cli.run_choice import choose_run


@click.command(short_help="Simulate how often the report of a run errs on data like its own.")
@click.argument("run", default="latest", shell_complete=run_names)
@click.option("--task", shell_complete=cell_names, help="The task. Default: every task of the run.")
@click.option(
    "--policy",
    type=click.Path(exists=True, dir_okay=False),
    help="A release policy (YAML), whose rules on scores are simulated. Default: that of the newest verdict on the run.",
)
@click.option(
    "--simulations",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Test sets to draw in each simulated setting. An error rate of 5% needs about 200.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="The random seed of the simulations.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--out", help="The page. Default: audit.html in the run's folder.")
@runs_dir
def audit(
    run: str, task: str | None, policy: str | None, simulations: int, seed: int, format_: str, out: str | None, runs_dir: str
) -> None:
    """Simulate the report of RUN (a folder, a name, or `latest`): how far can its numbers be trusted on data like these?

    Test sets are drawn from the run's own examples. The result says how often the 95% CIs contain the true value, how often an equally good
    strategy is called better, how often one that is worse by more than the margin is recommended, and how often guardrails and release
    rules are decided wrongly at their border. Ctrl-C ends with what is done.

    \b
    bench audit latest
    bench audit latest --simulations 1000 --format json
    """
    import json
    from pathlib import Path

    from rich.console import Console

    from harness import api
    from harness.cli.work_display import SimulationProgress
    from harness.reporting import audit_to_json, print_audit, render_audit

    loaded = api.load_run(choose_run(run, runs_dir, task=task), runs_dir=runs_dir)
    target = Path(out) if out else loaded.stored.folder.audit
    check_target(target)
    with SimulationProgress() as progress:
        result = api.audit(loaded, task=task, policy=policy, simulations=simulations, seed=seed, progress=progress.show)
    write_target(target, render_audit(result))
    if format_ == "json":
        click.echo(json.dumps(audit_to_json(result), indent=1, ensure_ascii=False, allow_nan=False))
        return
    print_audit(result, Console(highlight=False, emoji=False))
    click.echo(str(target))
