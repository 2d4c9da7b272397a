"""What a report is worth on data like those of its run."""

from __future__ import annotations

from collections.abc import Callable

from harness.api.arguments import PathLike, RunLike, check_counts
from harness.api.loaded_run import load_results
from harness.reporting import RunAudit, audit_run
from harness.results import TaskResults


def audit(
    run: RunLike,
    *,
    task: str | None = None,
    policy: PathLike | None = None,
    simulations: int = 200,
    seed: int = 0,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
    runs_dir: PathLike = "runs",
) -> RunAudit:
    """Simulate the report of a run: how often its intervals contain the truth on data like these, and how often it errs.

    An interruption ends with the simulations that are done, if there are any.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        task: only this task.
        policy: a YAML file with a release policy, whose rules on scores are simulated; by default that of the newest verdict on the run.
        simulations: test sets to draw in each simulated setting, at least 1.
        progress: called with the name of the task, the simulations that are done, and those that are planned.

    Raises:
        BenchError: an unknown run or task, an invalid policy, fewer than one simulation, or damaged files.
    """
    from pathlib import Path

    from harness.gate import Policy, read_policy

    check_counts(simulations=simulations)

    def read(results: TaskResults) -> Policy:
        return read_policy(Path(str(policy)), results.task, results.metrics)

    return audit_run(
        load_results(run, runs_dir, task=task),
        task=task,
        simulations=simulations,
        seed=seed,
        progress=progress,
        read_policy=read if policy is not None else None,
    )
