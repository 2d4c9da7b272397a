"""An audit of a run: what the report on each of its tasks is worth, by simulation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import BenchError, did_you_mean
from harness.gate import Policy, find_compared_strategy, load_verdicts
from harness.results import RunResults, StrategyResult, TaskResults, costs_to_choose_by, equally_wide, list_replacements
from harness.statistics import Audit, AuditedClaim, AuditedStrategy, CheckKind, audit_report
from harness.types import Metric, Rule

Progress = Callable[[str, int, int], None]
PolicyReader = Callable[[TaskResults], Policy | None]

TRIVIAL = "trivial"  # the baseline that takes no model
LEVEL = 0.05  # of guardrails, and of the comparison with the trivial baseline


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
    read_policy: PolicyReader | None = None,
) -> RunAudit:
    """Audit the report on one task, or on every task. An interruption ends with what has been simulated, if anything has.

    Args:
        progress: called with the name of the task, the simulations that are done, and those that are planned.
        read_policy: the release policy of a task; by default that of the newest verdict in the folder of the run.

    Raises:
        BenchError: the run has no such task, or its files are damaged.
    """
    if task is not None and task not in run.by_task:
        raise BenchError(f"run {run.name} has no task '{task}'.{did_you_mean(task, run.by_task)}")
    chosen = [results for name, results in run.by_task.items() if task in (None, name)]
    audits: list[TaskAudit] = []
    for results in chosen:
        try:
            policy = read_policy(results) if read_policy is not None else _stored_policy(results)
            audits.append(_audit_task(results, policy, simulations, seed, progress))
        except KeyboardInterrupt:
            if not audits:
                raise
            break
        done = audits[-1].audit
        if done and done.simulations < done.requested:
            break
    return RunAudit(run.name, run.plan.created, tuple(audits))


def _stored_policy(results: TaskResults) -> Policy | None:
    """The policy of the newest verdict on the task, if there is one."""
    verdicts = [verdict for verdict in load_verdicts(results.run.path) if verdict.task == results.task.name]
    return Policy.model_validate(verdicts[-1].policy) if verdicts else None


def _audit_task(results: TaskResults, policy: Policy | None, simulations: int, seed: int, progress: Progress) -> TaskAudit:
    primary, scored = results.primary, results.scored
    name = results.task.name
    if primary is None or not scored:
        return TaskAudit(name, None, "no strategy has a primary score")
    stacks = results.stacks(primary, [result.done for result in scored])
    costs = costs_to_choose_by(results, results.task.report.volume, list_replacements(results))
    strategies = [AuditedStrategy(result.label, stack, costs[result.label]) for result, stack in zip(scored, stacks, strict=True)]
    by_label = {result.label: result for result in scored}
    audit = audit_report(
        strategies,
        metric=primary,
        margin=results.task.margin,
        groups=results.groups,
        claims=lambda label: list_claims(results, by_label[label], policy),
        simulations=simulations,
        seed=seed,
        progress=lambda done, total: progress(name, done, total),
    )
    why = "" if audit else "fewer than two independent examples have a score of every strategy"
    return TaskAudit(name, audit, why)


def list_claims(results: TaskResults, result: StrategyResult, policy: Policy | None) -> list[AuditedClaim]:
    """The claims about a strategy that are simulated: that it beats the trivial baseline, that it keeps the guardrails on exact scores
    (only these can be kept on the score alone), and the rules of the policy on scores, against the untuned model."""
    exact = {metric.name: metric for metric in results.metrics if metric.exact}
    every = {metric.name: metric for metric in results.metrics}
    level = LEVEL / max(1, len(results.scored))
    claims = [_trivial_claim(results, result)]
    claims += [
        _rule_claim(rule, exact[rule.score], result, find_compared_strategy(results, rule, result), level, guardrail=True)
        for rule in results.task.guardrails
        if rule.score in exact and rule.slice is None
    ]
    if policy is not None:
        candidates = sum(bool(each.done) and each is not result.base for each in results.strategies)
        rule_level = policy.rule_alpha / max(1, candidates)
        claims += [
            _rule_claim(rule, every[rule.score], result, result.base, rule_level, guardrail=False, stated=policy.alpha)
            for rule in policy.rules
            if rule.score in every and rule.slice is None
        ]
    return [claim for claim in claims if claim is not None]


def _trivial_claim(results: TaskResults, result: StrategyResult) -> AuditedClaim | None:
    metric, trivial = results.primary, results.trivial
    if metric is None or trivial is None or metric.direction == "none" or not trivial.has_score(metric) or trivial.score(metric) is None:
        return None
    reference, stack = equally_wide([trivial.stack(metric), result.stack(metric)])
    return AuditedClaim(("false_usable",), metric, stack, 0.0, LEVEL, reference=reference, reference_name=TRIVIAL)


def _rule_claim(
    rule: Rule,
    metric: Metric,
    result: StrategyResult,
    baseline: StrategyResult | None,
    level: float,
    *,
    guardrail: bool,
    stated: float = LEVEL,
) -> AuditedClaim | None:
    kinds: tuple[CheckKind, ...] = ("false_guardrail",) if guardrail else ("wrong_pass", "wrong_fail")
    if not rule.compares:
        return AuditedClaim(kinds, metric, result.stack(metric), rule.value or 0.0, level, is_floor=rule.rule == "floor", stated=stated)
    if baseline is None or baseline is result or not baseline.done:
        return None
    reference, stack = equally_wide([baseline.stack(metric), result.stack(metric)])
    share = rule.relative or 0.0
    return AuditedClaim(
        kinds,
        metric,
        stack,
        threshold=(rule.by or 0.0) if rule.rule == "better" else -(rule.margin or 0.0),
        level=level,
        reference=reference,
        reference_name=baseline.label,
        factor=1 + share if metric.direction == "lower" else 1 - share,
        stated=stated,
    )
