"""What a decision record holds: everything that a later reader needs to see what was decided, on which data, by whom, and what followed.

It holds no example: no input, no reference and no output. What is asked for by the European AI Act and is not here is listed as missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from harness.gate import Event, Verdict, load_verdicts, select_standing
from harness.reporting.formats.json_export import guardrails_to_json, score_to_json
from harness.reporting.formats.search_export import search_to_json
from harness.reporting.views import TaskOutcome, build_task_outcome
from harness.reporting.wording import decision_sentences
from harness.results import RunResults, StrategyResult, total_cost
from harness.review import compute_findings, load_reviews
from harness.store import to_jsonable

FORMAT = 1


def record_to_json(run: RunResults, events: Sequence[Event], *, made: str, promoted: Event | None = None) -> dict[str, Any]:
    """The record without its signature, as plain JSON values.

    Args:
        events: the history of the registry; those of this run's models, and later ones of the same tasks, are in the record.
        made: when, in ISO 8601.
        promoted: the event that put the model into service, for the record of a model.
    """
    seal = run.folder.read_seal()
    tasks = [_describe_task(run, build_task_outcome(results)) for results in run.by_task.values()]
    record: dict[str, Any] = to_jsonable(
        {
            "bench_record": FORMAT,
            "made": made,
            "subject": {
                "run": run.name,
                "model": None if promoted is None else _describe_event(promoted) | {"folder": promoted.folder},
                "command": run.plan.command,
                "started": run.plan.created,
                "plan": run.plan.digest,
                "sha256_of_all_files": None if seal is None else seal.digest,
            },
            "environment": dict(run.plan.environment),
            "base_models": [asdict(model) for model in run.plan.models.values()],
            "tasks": tasks,
            "costs": _describe_costs(run),
            "verdicts": [summarize_verdict(verdict.to_json()) for verdict in _list_verdicts(run)],
            "reviews": _describe_reviews(run),
            "history": [_describe_event(event) for event in _choose_events(run, events, promoted)],
            "where_to_find": [provision._asdict() for provision in PROVISIONS],
        }
    )
    return record


class Provision(NamedTuple):
    """What a law asks for, and where it is answered."""

    provision: str
    topic: str
    in_this_record: str
    """Fields of the record; empty where it has none."""
    also_in: str
    """Other documents, or that the record does not cover it."""


# Regulation (EU) 2024/1689 (AI Act), Annex IV and Articles 9, 10, 12, 14 and 15.
PROVISIONS = (
    Provision("Annex IV 1(a), (c)", "name, version, software", "subject, environment", "the intended purpose is yours to state"),
    Provision("Annex IV 2(a)", "steps of development, pre-trained systems used", "subject.command, base_models, tasks[].strategies", ""),
    Provision("Annex IV 2(b)", "key design choices and trade-offs", "tasks[].decision, tasks[].search", "report of the run"),
    Provision("Annex IV 2(c)", "computational resources", "environment, costs", "report of the run"),
    Provision(
        "Annex IV 2(d), Article 10(2)",
        "data: origin, preparation, labelling, gaps",
        "tasks[].data, data_card",
        "data card (bench data card), data check (bench data check)",
    ),
    Provision("Article 10(3)", "errors, completeness and statistical properties of the data", "tasks[].data.findings", "data check"),
    Provision("Annex IV 2(e), Article 14", "human oversight", "reviews", "the instructions for raters in the task"),
    Provision(
        "Annex IV 2(g), Article 15(3)",
        "validation and testing, metrics, signed reports",
        "tasks[].scores, tasks[].decision.guardrails, verdicts, signature",
        "report and gate of the run",
    ),
    Provision(
        "Annex IV 3", "accuracy overall and for groups, limitations", "tasks[].scores, tasks[].decision", "slices in the report of the run"
    ),
    Provision(
        "Annex IV 4", "appropriateness of the metrics", "tasks[].primary, tasks[].margin", "agreement of metrics with raters in the report"
    ),
    Provision("Annex IV 5, Article 9", "risk management", "", "not in this record: yours to keep"),
    Provision("Annex IV 6, Article 12", "changes through the lifecycle, logs", "history", "registry (bench history)"),
    Provision("Annex IV 7, 8", "standards applied, declaration of conformity", "", "not in this record: yours to keep"),
    Provision("Annex IV 9", "monitoring after release", "", "not in this record"),
    Provision("Annex IV 2(h), Article 15(5)", "cybersecurity", "subject.sha256_of_all_files, signature", "docs/security.md"),
)


def _describe_task(run: RunResults, outcome: TaskOutcome) -> dict[str, Any]:
    results = run.by_task[outcome.name]
    report = run.plan.data[outcome.name]
    decision, text = outcome.decision, decision_sentences.describe_decision(outcome)
    return {
        "name": outcome.name,
        "version": results.task.version,
        "kind": results.task.kind,
        "primary": outcome.primary.name,
        "margin": results.task.margin,
        "data": {
            "sha256": run.plan.data_digests[outcome.name],
            "examples": dict(report.sizes),
            "about": results.task.data.about.model_dump(mode="json", exclude_defaults=True),
            "split": results.task.data.split.model_dump(mode="json", exclude_none=True),
            "locked_test": results.task.data.locked_test,
            "warnings": len(report.warnings),
            "findings": [{"code": finding.code, "severity": finding.severity, "rows": finding.count} for finding in report.findings],
        },
        "strategies": [_describe_strategy(result) for result in results.strategies],
        "scores": [
            {"strategy": result.label, "score": name, **score_to_json(score)}
            for result in results.scored
            for name, score in result.scores.items()
        ],
        "decision": {
            "state": decision.state,
            "strategy": decision.strategy,
            "headline": text.headline,
            "reasons": list(text.why),
            "conditions": list(text.conditions),
            "confidence": text.confidence,
            "guardrails": guardrails_to_json(decision),
            "next_steps": [step.text for step in text.steps],
        },
        "search": search_to_json(outcome),
    }


def _describe_strategy(result: StrategyResult) -> dict[str, Any]:
    strategy = result.run.plan.get_strategy(result.cells[0])
    return {
        "label": result.label,
        "model": result.model,
        "values": strategy.model_dump(mode="json", exclude_none=True, exclude={"description", "prompt"}),
        "training_examples": result.train_size,
        "seeds": [cell.seed for cell in result.cells],
        "statuses": [result.run.status(cell.id) for cell in result.cells],
    }


def _describe_costs(run: RunResults) -> dict[str, Any]:
    total = asdict(total_cost([cost for result in run.all_results.values() for cost in result.costs]))
    return {name: total[name] for name in ("seconds", "price", "currency", "energy", "tokens", "peak_allocated")}


def _list_verdicts(run: RunResults) -> list[Verdict]:
    """The stored verdicts; those that count have their approvals."""
    stored = load_verdicts(run.path)
    standing = [verdict for results in run.by_task.values() for verdict in select_standing(stored, results).current]
    by_time = {(verdict.at, verdict.candidate.cell, verdict.policy_digest): verdict for verdict in standing}
    return [by_time.get((verdict.at, verdict.candidate.cell, verdict.policy_digest), verdict) for verdict in stored]


def summarize_verdict(verdict: dict[str, Any]) -> dict[str, Any]:
    """A stored verdict without ids and texts of examples, and with its approvals."""
    names = ("task", "outcome", "candidate", "baseline", "alpha", "look", "policy_digest", "test_digest", "at")
    of_rules = ("rule", "outcome", "measured", "low", "high", "n")
    rules = [{name: rule.get(name) for name in of_rules} for rule in verdict.get("rules", ())]
    approvals = [{name: each.get(name) for name in ("name", "fingerprint", "at", "reason")} for each in verdict.get("approvals", ())]
    return {name: verdict.get(name) for name in names} | {"rules": rules, "approvals": approvals}


def _describe_reviews(run: RunResults) -> list[dict[str, Any]]:
    """What people rated; their comments and corrections are texts, and stay in the run."""
    reviews = []
    for review in load_reviews(run):
        findings = compute_findings(run.by_task[review.packet.task], review)
        reviews.append({
            "packet": findings.packet,
            "task": findings.task,
            "mode": findings.mode,
            "sampling": findings.sampling,
            "rated_examples": findings.rated_examples,
            "raters": [rater.name for rater in findings.raters],
            "error_rates": [asdict(rate) for rate in findings.error_rates],
        })  # fmt: skip
    return reviews


def _choose_events(run: RunResults, events: Sequence[Event], promoted: Event | None) -> list[Event]:
    """Who put which model of this run into service, and what happened to the tasks afterwards."""
    own = [event for event in events if event.run == run.name or event == promoted]
    first = {event.task: event.number for event in reversed(own)}
    return [event for event in events if event.task in first and event.number >= first[event.task]]


def _describe_event(event: Event) -> dict[str, Any]:
    names = ("number", "task", "action", "at", "user", "run", "strategy", "model", "digest", "outcome", "policy_digest", "reason")
    approvals = summarize_verdict(event.verdict)["approvals"]
    return {name: getattr(event, name) for name in names} | {"stage": event.stage, "share": event.share, "approvals": approvals}
