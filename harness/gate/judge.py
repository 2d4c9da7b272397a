"""One gate: the policy's rules on a candidate and a baseline, the rows that got worse, and the look at the test set that it is."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.data.identity import normalized_example_digest
from harness.errors import BenchError
from harness.gate.fitting import pair_of, test_digest, trained_on
from harness.gate.gate_input import GateInput
from harness.gate.policy import Policy, as_plain
from harness.gate.registry import Look, Registry
from harness.gate.rules import rulings_of, slices_asked_for, unjudged
from harness.gate.verdict import JudgedModel, RuleVerdict, Verdict, together
from harness.gate.worse import rows_that_got_worse
from harness.results import StrategyResult
from harness.text import plural

MOST_SHOWN = 20


def judge(
    candidate: StrategyResult,
    baseline: StrategyResult | None,
    policy: Policy,
    registry: Registry,
    *,
    baseline_run: str | None = None,
    model_path: str | None = None,
) -> Verdict:
    """The verdict, after the look at the test set that it is was put on record.

    Args:
        baseline_run: what the baseline's run is called, where its folder has another name.

    Raises:
        BenchError: a slice that the data do not have, a baseline that does not fit and cannot be made to, a damaged run or registry.
    """
    task, examples = candidate.task, candidate.examples
    if not examples:
        raise BenchError(f"{candidate.run.path}: has no test rows of '{task.name}': there is nothing to judge by")
    slices = slices_asked_for(policy, examples)  # whatever is wrong with the question comes up before a look is spent on it
    with tempfile.TemporaryDirectory() as place:
        notes, pair = [_unfinished(candidate)], None
        if baseline is not None:
            notes.append(_unfinished(baseline))
            pair, said = pair_of(candidate, baseline, Path(place) / "again", model_path=model_path)
            notes += said
        own, theirs = side_of(candidate), side_of(baseline) if baseline is not None else None
        if theirs is not None and theirs.digest == own.digest:
            notes.append("The candidate answers every test row exactly as the baseline does.")
        alpha = policy.alpha / (policy.looks or 1)
        question = json.dumps([own.digest, theirs.digest if theirs is not None else None])
        rows, planned = [normalized_example_digest(e) for e in examples], policy.looks is not None
        look = registry.journal.look(task.name, rows, question, policy.digest, alpha=alpha, planned=planned)
        if planned and look.spent > policy.alpha * (1 + 1e-9):
            plan = f"and the policy has {policy.alpha:g}: earlier looks had other plans, or none"
            notes.append(f"With this look, α = {look.spent:g} is spent at this test set, {plan}.")
        notes += unjudged(policy, slices)
        if baseline is None:
            notes.append("Nothing is in service to compare with: only what the policy asks of the candidate alone was judged.")
        case = GateInput(candidate, baseline, pair, {m.name: m for m in candidate.task_scores.metrics}, policy, alpha, slices)
        rulings = [*_spent(policy, look), *_leaks(candidate, baseline), *rulings_of(case)]
        worse = rows_that_got_worse(pair, candidate.task_scores.metrics) if pair is not None else []
        return Verdict(
            outcome=together(ruling.outcome for ruling in rulings),
            task=task.name,
            score=task.primary,
            rows=len(examples),
            candidate=own,
            baseline=replace(theirs, run=baseline_run or theirs.run) if theirs is not None else None,
            rulings=tuple(rulings),
            worse=tuple(worse[:MOST_SHOWN]),
            worse_rows=len(worse),
            critical_rows=sum(row.critical for row in worse),
            alpha=alpha,
            look=look.number,
            planned=policy.looks,
            policy=as_plain(policy),
            policy_digest=policy.digest,
            test_digest=test_digest(examples),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            notes=tuple(filter(None, notes)),
        )


def side_of(chosen: StrategyResult) -> JudgedModel:
    """Who is judged, for the record."""
    cells = tuple(cell.id for cell in chosen.done)
    return JudgedModel(
        run=chosen.run.name,
        strategy=chosen.strategy,
        model=chosen.model,
        label=chosen.label,
        seeds=chosen.seeds,
        cells=cells,
        digest=_results_digest(chosen),
    )


def _unfinished(chosen: StrategyResult) -> str:
    """Seeds that are not there: whoever is judged by those that ended well is judged kindly."""
    if chosen.complete:
        return ""
    seeds = ", ".join(f"{problem.seed} ({problem.status})" for problem in chosen.problems)
    return f"{chosen.label} is judged by {len(chosen.done)} of {len(chosen.cells)} seeds; without a result: {seeds}."


def _results_digest(chosen: StrategyResult) -> str:
    """sha256 (hex) of what these cells answered: a training that was repeated is another candidate."""
    total = hashlib.sha256()
    for cell in chosen.done:
        for p in chosen.predictions(cell):
            total.update(json.dumps([p.example_id, p.output, p.extracted]).encode() + b"\n")
    return total.hexdigest()


def _spent(policy: Policy, look: Look) -> list[RuleVerdict]:
    """A plan for so many looks is spent after them; and so is α, when plans that were changed on the way have spent it."""
    if policy.looks is None:
        return []
    title, fresh = f"{policy.looks} looks at this test set", "take fresh test rows"
    if look.number > policy.looks:
        planned = f"the policy planned {policy.looks}: {fresh}, or plan more looks from the start"
        reason = f"this is look {look.number} at this test set, and {planned}"
        return [RuleVerdict(title, "INCONCLUSIVE", reason)]
    if look.planned > policy.alpha * (1 + 1e-9):
        reason = f"planned looks have spent α = {look.planned:g} at this test set, and the policy has {policy.alpha:g}: {fresh}"
        return [RuleVerdict(title, "INCONCLUSIVE", reason)]
    return []


def _leaks(candidate: StrategyResult, baseline: StrategyResult | None) -> list[RuleVerdict]:
    """No side may have been trained on a row that is tested; what a model made elsewhere was trained on, nobody here knows."""
    title, found, unknown = "no test row was trained on", [], []
    for side, name in ((candidate, "the candidate"), (baseline, "the baseline")):
        if side is None:
            continue
        if side.external:
            unknown.append(name)
            continue
        rows = trained_on(side, candidate)
        if rows:
            reason = f"{plural(len(rows), 'test row')} {'is' if len(rows) == 1 else 'are'} among the training rows of {name}"
            found.append(RuleVerdict(title, "FAIL", reason, n=len(rows), examples=tuple(rows[:3])))
    if found or (unknown and baseline is None):
        return found
    said = f"; not known for {' and '.join(unknown)}, whose outputs were made elsewhere" if unknown else ""
    return [] if len(unknown) == 2 else [RuleVerdict(title, "PASS", f"no test row is among the training rows{said}")]
