"""One gate: the policy's rules on a candidate and a baseline, the examples that got worse, and the record of this evaluation."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.data.identity import normalized_example_digest
from harness.errors import BenchError
from harness.gate.baseline import pair_with_baseline
from harness.gate.complaint_suite import ComplaintCase, run_complaints
from harness.gate.contender import Contender
from harness.gate.gate_input import GateInput
from harness.gate.guardrails import GuardrailChecker, build_guardrail_checker
from harness.gate.policies import Policy, policy_to_plain
from harness.gate.registry import Event, Look, Registry
from harness.gate.regressions import find_regressions
from harness.gate.rules import check_rules, exceeds, note_skipped_slices, slice_for_rules
from harness.gate.standing_verdicts import digest_outputs
from harness.gate.test_set import digest_test_set
from harness.gate.verdict import JudgedModel, Verdict, VerdictNote, combine_outcomes
from harness.results import StrategyResult, compare_with_trivial, example_metric_of
from harness.review import load_reviews
from harness.statistics import complete_examples, observed_scores

_MOST_REGRESSIONS = 20  # that a verdict holds


def judge(
    candidate: Contender,
    baseline: Contender | None,
    policy: Policy,
    registry: Registry,
    *,
    promoted: Event | None = None,
    model_path: str | None = None,
    complaints: Sequence[ComplaintCase] = (),
) -> Verdict:
    """The verdict on the one model of the candidate. The evaluation of its test set is recorded before anything is judged.

    Args:
        promoted: the event that put the baseline into service; None for a baseline that the user names.
        model_path: where the base model is, if it has to answer again and its name does not tell.
        complaints: of users, which the candidate answers again if the policy has a rule on them; else a note counts them.

    Raises:
        BenchError: a slice that the data do not have, a baseline that cannot be compared, a damaged run or registry.
    """
    artifact = candidate.artifact
    task, examples = artifact.task, artifact.examples
    if not examples:
        raise BenchError(f"{artifact.run.path}: has no test examples of '{task.name}', so there is nothing to judge")
    slices = slice_for_rules(policy, examples)  # problems of the question come up before an evaluation is recorded
    alpha = policy.rule_alpha / candidate.choices
    guardrails = task.guardrails
    reviews = load_reviews(artifact.run, task.name) if guardrails else []
    checker = build_guardrail_checker(candidate.task_results, reviews, alpha) if guardrails else None
    gain = compare_with_trivial(candidate.task_results, artifact)
    digest = policy.digest_with(guardrails)
    answered = run_complaints(artifact, complaints, model_path) if policy.complaints is not None else ()
    with tempfile.TemporaryDirectory() as folder:
        notes, pair = _note_missing_seeds(candidate.recipe), None
        if baseline is not None:
            judged_scores = {rule.score for rule in (*policy.rules, *guardrails) if rule.score}
            rerun = Path(folder) / "rerun"
            pair, pair_notes = pair_with_baseline(artifact, baseline.artifact, rerun, model_path=model_path, scores=judged_scores)
            notes += _note_missing_seeds(baseline.recipe) + pair_notes
        judged, compared = _describe(candidate), _describe(baseline) if baseline is not None else None
        candidates = candidate.count_candidates(baseline)
        look = _record_look(artifact, judged, compared, policy, digest, alpha, registry)
        notes += [*_note_artifact(candidate, policy), *_note_selection(candidate, candidates, checker)]
        notes += [*_note_results(judged, compared, policy, look), *note_skipped_slices(policy, slices)]
        notes += _note_training_data(artifact, baseline.artifact if baseline is not None else None)
        notes += [VerdictNote("no_baseline")] if baseline is None else []
        if complaints and policy.complaints is None:
            notes.append(VerdictNote("complaints_not_judged", {"cases": len(complaints)}))
        notes += [VerdictNote("trivial_not_scored", texts={"score": (task.primary,)})] if gain is None and _has_direction(artifact) else []
        case = GateInput(
            complaints=answered,
            leak_test=candidate.task_results.find_leak_test(candidate.recipe),
            candidate=artifact,
            recipe=candidate.recipe,
            baseline=baseline.artifact if baseline is not None else None,
            pair=pair,
            policy=policy,
            metrics={metric.name: metric for metric in artifact.task_scores.metrics},
            alpha=alpha,
            slices=slices,
            candidates=candidates,
            guardrails=guardrails,
            checker=checker,
            gain=gain,
        )
        rules = check_rules(case, look)
        metric = example_metric_of(artifact.task_scores.metrics)
        regressions = find_regressions(pair, artifact.task_scores.metrics) if pair is not None else []
    return Verdict(
        outcome=combine_outcomes(rule.outcome for rule in rules if rule.rule.tier == "blocking"),
        task=task.name,
        score=task.primary,
        n=len(examples),
        candidate=judged,
        baseline=_with_promotion(compared, promoted) if compared is not None else None,
        rules=tuple(rules),
        regressions=tuple(regressions[:_MOST_REGRESSIONS]),
        regression_count=len(regressions),
        critical_count=sum(regression.critical for regression in regressions),
        regression_score=metric.name if metric is not None else "",
        alpha=case.level,
        look=look.number,
        planned_looks=policy.looks,
        policy=policy_to_plain(policy),
        policy_digest=digest,
        test_digest=digest_test_set(examples),
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=tuple(notes),
    )


def _record_look(
    candidate: StrategyResult,
    judged: JudgedModel,
    compared: JudgedModel | None,
    policy: Policy,
    digest: str,
    alpha: float,
    registry: Registry,
) -> Look:
    """Record this evaluation of the test set. The same question asked again is not another one."""
    question = json.dumps([judged.digest, compared.digest if compared is not None else None])
    digests = [normalized_example_digest(e) for e in candidate.examples]
    is_planned = policy.looks is not None
    return registry.journal.record_look(candidate.task.name, digests, question, digest, alpha=alpha, planned=is_planned)


def _describe(contender: Contender) -> JudgedModel:
    model, cell = contender.artifact, contender.artifact.cell
    return JudgedModel(
        run=model.run.name,
        strategy=model.strategy,
        model=model.model,
        label=contender.recipe.label,
        seed=cell.seed if len(contender.recipe.cells) > 1 else None,
        cell=cell.id,
        digest=digest_outputs(model, cell),
    )


def _with_promotion(model: JudgedModel, promoted: Event | None) -> JudgedModel:
    """The model with the name of its own run, which the copy in the registry does not have, and the date of its promotion."""
    return model if promoted is None else replace(model, run=promoted.run, in_service_since=promoted.at[:10])


def _note_missing_seeds(model: StrategyResult) -> list[VerdictNote]:
    """Seeds without a result: a recipe of which only the successful seeds are seen looks better than it is."""
    if model.complete:
        return []
    texts = {
        "strategy": (model.label,),
        "seeds": tuple(str(problem.seed) for problem in model.problems),
        "statuses": tuple(problem.status for problem in model.problems),
    }
    return [VerdictNote("seeds_missing", {"evaluated": len(model.done), "planned": len(model.cells)}, texts)]


def _note_training_data(candidate: StrategyResult, baseline: StrategyResult | None) -> list[VerdictNote]:
    """That a side was tuned elsewhere, so that it may have seen test examples: the gate cannot check it."""
    sides = {"candidate": candidate} | ({"baseline": baseline} if baseline is not None else {})
    notes = []
    for side, model in sides.items():
        if model.foreign_weights is not None:
            stated = model.foreign_weights.unseen
            texts = {"side": (side,), "strategy": (model.label,), "statement": (stated,) if stated else ()}
            notes.append(VerdictNote("training_data_unknown", texts=texts))
    return notes


def _note_artifact(candidate: Contender, policy: Policy) -> list[VerdictNote]:
    """That one model is judged, and what its recipe scores with other seeds. Nothing where no seed changes the model."""
    artifact, recipe = candidate.artifact, candidate.recipe
    if not recipe.varies_by_seed:
        return []
    numbers = {"seeds": float(len(recipe.done)), "choices": float(candidate.choices)}
    texts = {"strategy": (recipe.label,), "seed": (str(artifact.cell.seed),), "score": (artifact.task.primary,)}
    scores = _scores_by_seed(recipe)
    if len(scores) > 1:
        numbers |= {"value": scores[artifact.cell.id], "lowest": min(scores.values()), "highest": max(scores.values())}
    return [VerdictNote("recipe_counted" if policy.seed_spread == "count" else "one_model", numbers, texts)]


def _has_direction(artifact: StrategyResult) -> bool:
    primary = artifact.task_scores.primary
    return primary is not None and primary.direction != "none"


def _note_selection(candidate: Contender, candidates: int, checker: GuardrailChecker | None) -> list[VerdictNote]:
    """That the candidate may have been chosen by its result on these examples, so that α is divided."""
    strategies = sum(bool(result.done) for result in candidate.task_results.unranked)
    if candidates < 2 and (checker is None or checker.strategies < 2):
        return []
    numbers = {"strategies": float(strategies), "candidates": float(candidates)}
    return [VerdictNote("one_of_several", numbers | ({"guardrails": float(checker.strategies)} if checker is not None else {}))]


def _scores_by_seed(recipe: StrategyResult) -> dict[str, float]:
    """The primary score of each cell with a result, on the examples that all of them have a score for; empty where there are none."""
    metric = recipe.task_scores.primary
    if metric is None:
        return {}
    complete = complete_examples(recipe.stack(metric), recipe.task_scores.groups).stack
    values = observed_scores(metric, complete).tolist() if len(complete) else []
    return dict(zip((cell.id for cell in recipe.done), values, strict=False))


def _note_results(judged: JudgedModel, compared: JudgedModel | None, policy: Policy, look: Look) -> list[VerdictNote]:
    notes = []
    if compared is not None and compared.digest == judged.digest:
        notes.append(VerdictNote("identical_outputs"))
    if policy.looks is not None and exceeds(look.spent_alpha, policy.alpha):
        notes.append(VerdictNote("alpha_overspent", {"spent": look.spent_alpha, "alpha": policy.alpha}))
    return notes
