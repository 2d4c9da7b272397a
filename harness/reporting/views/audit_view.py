"""An audit of a run: what the report on each of its tasks is worth, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.errors import BenchError, did_you_mean
from harness.results import RunResults, StrategyResult, TaskResults, costs_of_use
from harness.statistics import Audit, AuditedStrategy, RateLimit, audit_report

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class TaskAudit:
    """The audit of one task; `audit` is None where the run has nothing to simulate, and `why` says so."""

    task: str
    audit: Audit | None
    why: str = ""


@dataclass(frozen=True)
class RunAudit:
    """The audits of the tasks of a run."""

    run: str
    created: str
    tasks: tuple[TaskAudit, ...]


def audit_run(
    run: RunResults,
    *,
    task: str | None = None,
    simulations: int = 200,
    seed: int = 0,
    progress: Progress = lambda name, done, total: None,
) -> RunAudit:
    """Audit the report on one task, or on every task. An interruption ends with what has been simulated, if anything has.

    Args:
        progress: called with the name of the task, the simulations that are done, and those that are planned.

    Raises:
        BenchError: the run has no such task, or its files are damaged.
    """
    if task is not None and task not in run.by_task:
        raise BenchError(f"run {run.name} has no task '{task}'.{did_you_mean(task, run.by_task)}")
    chosen = [results for name, results in run.by_task.items() if task in (None, name)]
    audits: list[TaskAudit] = []
    for results in chosen:
        try:
            audits.append(_audit_task(results, simulations, seed, progress))
        except KeyboardInterrupt:
            if not audits:
                raise
            break
        done = audits[-1].audit
        if done and done.simulations < done.requested:
            break
    return RunAudit(run.name, run.plan.created, tuple(audits))


def _audit_task(results: TaskResults, simulations: int, seed: int, progress: Progress) -> TaskAudit:
    primary, scored = results.primary, results.scored
    name = results.task.name
    if primary is None or not scored:
        return TaskAudit(name, None, "no strategy has a primary score")
    stacks = results.stacks(primary, [result.done for result in scored])
    costs = costs_of_use({result.label: result.costs for result in scored})
    strategies = [AuditedStrategy(result.label, stack, costs[result.label]) for result, stack in zip(scored, stacks, strict=True)]
    by_label = {result.label: result for result in scored}
    audit = audit_report(
        strategies,
        metric=primary,
        margin=results.task.margin,
        groups=results.groups,
        limits=lambda label: _list_limits(results, by_label[label]),
        simulations=simulations,
        seed=seed,
        progress=lambda done, total: progress(name, done, total),
    )
    return TaskAudit(name, audit, "" if audit else "fewer than two independent examples have a score of every strategy")


def _list_limits(results: TaskResults, result: StrategyResult) -> Sequence[RateLimit]:
    """The guardrails that limit an exact score on all test examples: only these can be kept on the score alone."""
    metrics = {metric.name: metric for metric in results.metrics if metric.exact}
    return [
        RateLimit(metrics[rule.score], result.stack(metrics[rule.score]), rule.value, is_floor=rule.rule == "floor")
        for rule in results.task.guardrails
        if rule.score in metrics and rule.value is not None and rule.slice is None
    ]
