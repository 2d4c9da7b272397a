"""One gate: the policy's rules on a candidate and a baseline, the examples that got worse, and the record of this evaluation."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.data.identity import normalized_example_digest
from harness.errors import BenchError
from harness.gate.baseline import pair_with_baseline
from harness.gate.gate_input import GateInput
from harness.gate.policies import Policy, policy_to_plain
from harness.gate.registry import Look, Registry
from harness.gate.regressions import find_regressions
from harness.gate.rules import check_rules, exceeds, note_skipped_slices, slice_for_rules
from harness.gate.test_set import digest_test_set
from harness.gate.verdict import JudgedModel, Verdict, VerdictNote, combine_outcomes
from harness.results import StrategyResult

_MOST_REGRESSIONS = 20  # that a verdict holds


def judge(
    candidate: StrategyResult,
    baseline: StrategyResult | None,
    policy: Policy,
    registry: Registry,
    *,
    baseline_run: str | None = None,
    model_path: str | None = None,
) -> Verdict:
    """The verdict on a candidate. The evaluation of its test set is recorded before anything is judged.

    Args:
        baseline_run: the name of the baseline's run, if its folder has another one.
        model_path: where the baseline's base model is, if it has to be run again and its name does not tell.

    Raises:
        BenchError: a slice that the data do not have, a baseline that cannot be compared, a damaged run or registry.
    """
    task, examples = candidate.task, candidate.examples
    if not examples:
        raise BenchError(f"{candidate.run.path}: has no test examples of '{task.name}', so there is nothing to judge")
    slices = slice_for_rules(policy, examples)  # problems of the question come up before an evaluation is recorded
    with tempfile.TemporaryDirectory() as folder:
        notes, pair = _note_missing_seeds(candidate), None
        if baseline is not None:
            notes += _note_missing_seeds(baseline)
            pair, pair_notes = pair_with_baseline(candidate, baseline, Path(folder) / "rerun", model_path=model_path)
            notes += pair_notes
        judged, compared = _describe(candidate), _describe(baseline) if baseline is not None else None
        look = _record_look(candidate, judged, compared, policy, registry)
        notes += [*_note_results(judged, compared, policy, look), *note_skipped_slices(policy, slices)]
        notes += [VerdictNote("no_baseline")] if baseline is None else []
        metrics = candidate.task_scores.metrics
        case = GateInput(candidate, baseline, pair, policy, {m.name: m for m in metrics}, policy.rule_alpha, slices)
        rules = check_rules(case, look)
        regressions = find_regressions(pair, metrics) if pair is not None else []
    return Verdict(
        outcome=combine_outcomes(rule.outcome for rule in rules),
        task=task.name,
        score=task.primary,
        n=len(examples),
        candidate=judged,
        baseline=replace(compared, run=baseline_run or compared.run) if compared is not None else None,
        rules=tuple(rules),
        regressions=tuple(regressions[:_MOST_REGRESSIONS]),
        regression_count=len(regressions),
        critical_count=sum(regression.critical for regression in regressions),
        alpha=policy.rule_alpha,
        look=look.number,
        planned_looks=policy.looks,
        policy=policy_to_plain(policy),
        policy_digest=policy.digest,
        test_digest=digest_test_set(examples),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=tuple(notes),
    )


def _record_look(candidate: StrategyResult, judged: JudgedModel, compared: JudgedModel | None, policy: Policy, registry: Registry) -> Look:
    """Record this evaluation of the test set. The same question asked again is not another one."""
    question = json.dumps([judged.digest, compared.digest if compared is not None else None])
    digests = [normalized_example_digest(e) for e in candidate.examples]
    is_planned = policy.looks is not None
    return registry.journal.record_look(candidate.task.name, digests, question, policy.digest, alpha=policy.rule_alpha, planned=is_planned)


def _describe(model: StrategyResult) -> JudgedModel:
    return JudgedModel(
        run=model.run.name,
        strategy=model.strategy,
        model=model.model,
        label=model.label,
        seeds=model.seeds,
        cells=tuple(cell.id for cell in model.done),
        digest=_digest_outputs(model),
    )


def _digest_outputs(model: StrategyResult) -> str:
    """sha256 (hex) of all outputs: a training run that was repeated is another candidate."""
    total = hashlib.sha256()
    for cell in model.done:
        for p in model.predictions(cell):
            total.update(json.dumps([p.example_id, p.output, p.extracted]).encode() + b"\n")
    return total.hexdigest()


def _note_missing_seeds(model: StrategyResult) -> list[VerdictNote]:
    """Seeds without a result: a model that is judged by its successful seeds only looks better than it is."""
    if model.complete:
        return []
    texts = {
        "strategy": (model.label,),
        "seeds": tuple(str(problem.seed) for problem in model.problems),
        "statuses": tuple(problem.status for problem in model.problems),
    }
    return [VerdictNote("seeds_missing", {"evaluated": len(model.done), "planned": len(model.cells)}, texts)]


def _note_results(judged: JudgedModel, compared: JudgedModel | None, policy: Policy, look: Look) -> list[VerdictNote]:
    notes = []
    if compared is not None and compared.digest == judged.digest:
        notes.append(VerdictNote("identical_outputs"))
    if policy.looks is not None and exceeds(look.spent_alpha, policy.alpha):
        notes.append(VerdictNote("alpha_overspent", {"spent": look.spent_alpha, "alpha": policy.alpha}))
    return notes
