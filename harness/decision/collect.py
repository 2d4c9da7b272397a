"""The evidence on one task, read from a stored run: results, verdicts of the gate, and what raters said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.decision.check_results import CRITICAL_SCORES
from harness.decision.decide import decide
from harness.decision.decision import Decision
from harness.decision.evidence import Evidence, GateEvidence, StrategyEvidence
from harness.decision.sanity import check_sanity
from harness.gate import StandingVerdicts, Verdict, check_guardrails, load_verdicts, select_standing
from harness.results import HostedReplacement, StrategyResult, TaskResults, costs_to_choose_by, list_replacements
from harness.review import Findings, compute_findings, load_reviews
from harness.review.findings import StrategyRanking
from harness.statistics import Recommendation, TotalsPair, compare_totals, recommend, seed_spread

_SETTINGS_OF_DATA = ("data", "train", "validation", "test", "hub", "subset", "fields", "labels", "harvested", "tasks_dirs")


def decide_task(results: TaskResults) -> Decision:
    """The decision on one task of a run.

    Raises:
        BenchError: files of the run, of its reviews or of its verdicts are damaged.
    """
    return decide(collect_evidence(results, load_findings(results), load_standing_verdicts(results)))


def load_standing_verdicts(results: TaskResults) -> StandingVerdicts:
    """The stored verdicts of the gate that count for the models of a task.

    Raises:
        BenchError: a stored verdict is damaged.
    """
    return select_standing(load_verdicts(results.run.path), results)


def load_findings(results: TaskResults) -> tuple[Findings, ...]:
    """What raters found, one value for each packet with ratings, the oldest first; strategies are called by their labels.

    Raises:
        BenchError: a packet or an import is damaged.
    """
    cells = {cell.id: cell for cell in results.run.cells}
    rated = []
    for review in load_reviews(results.run, results.task.name):
        findings = compute_findings(results, review)
        labels = {name: results.get_strategy(cells[cell]).label for name, cell in review.key.cells.items() if cell in cells}
        if findings.rated_items:
            rated.append(_with_labels(findings, labels))
    return tuple(rated)


def collect_evidence(
    results: TaskResults, reviews: Sequence[Findings], verdicts: StandingVerdicts, *, volume: int | None = None
) -> Evidence:
    """Everything that the decision rests on.

    Args:
        reviews: as `load_findings` returns them.
        verdicts: as `load_standing_verdicts` returns them.
        volume: outputs per month, at which the cheapest is chosen; by default those that the task declares.
    """
    limits = check_guardrails(results, load_reviews(results.run, results.task.name))
    findings, replacements = check_sanity(results, reviews), list_replacements(results)
    evidence = Evidence(
        task=results.task.name,
        margin=results.task.margin,
        generates_text=not results.task.chooses and not results.has_totals,
        rules=results.task.guardrails,
        strategies=tuple(
            replace(
                _strategy(results, result, reviews, verdicts),
                guardrails=tuple(each for each in limits if each.strategy == result.label),
                sanity=tuple(each for each in findings if each.strategy == result.label),
            )
            for result in results.strategies
        ),
        recommendation=_recommend(results, results.task.report.volume if volume is None else volume, replacements),
        totals=_compare_totals(results),
        replacements=replacements,
        sanity=tuple(each for each in findings if not each.strategy),
        task_argument=_task_argument(results),
        targets_from=results.task.data.targets_from or "",
        foreign_verdicts=verdicts.foreign,
    )
    return replace(evidence, seed_risks=_seed_risks(results, decide(evidence)))


def _task_argument(results: TaskResults) -> str:
    """The task as the run's own request named it, unless that took other settings, such as where the data are."""
    request = results.run.plan.options.get("request", {})
    if any(request.get(name) for name in _SETTINGS_OF_DATA):
        return ""
    named = [one for one in request.get("tasks", ()) if isinstance(one, str) and Path(one).stem == results.task.name]
    return named[0] if named else ""


def _recommend(results: TaskResults, volume: int, replacements: Sequence[HostedReplacement]) -> Recommendation | None:
    """None where fewer than two strategies have a score, or no score is better than another."""
    primary, scored = results.primary, results.scored
    if primary is None or primary.direction == "none" or len(scored) < 2:
        return None
    stacks = dict(zip((r.label for r in scored), results.stacks(primary, [r.done for r in scored]), strict=True))
    costs = costs_to_choose_by(results, volume, replacements)
    return recommend(stacks, costs, metric=primary, margin=results.task.margin, groups=results.groups)


def _compare_totals(results: TaskResults) -> tuple[TotalsPair, ...] | None:
    """Every pair of totals, the better of the two first; None where the scores of single examples are known."""
    if not results.has_totals:
        return None
    primary = results.task.primary
    return compare_totals({result.label: results.run.results[result.cell.id].totals[primary] for result in results.scored})


def _strategy(results: TaskResults, result: StrategyResult, reviews: Sequence[Findings], verdicts: StandingVerdicts) -> StrategyEvidence:
    label = result.label
    judged = [findings for findings in reviews if findings.representative]
    rates = [rate for findings in judged for rate in findings.error_rates if rate.strategy == label]
    return StrategyEvidence(
        label=label,
        score=result.primary,
        selection=_selection(results, result),
        is_base=result.is_base,
        planned=len(result.cells),
        finished=len(result.done),
        interrupted=result.statuses.count("interrupted"),
        varies_by_seed=result.varies_by_seed,
        has_foreign_weights=result.foreign_weights is not None,
        unseen=result.foreign_weights.unseen if result.foreign_weights is not None else "",
        asked_once=result.hosted and len(result.cells) == 1,
        has_no_price=result.hosted and (result.costs is None or result.costs.thousand_price is None),
        gates=tuple(_gate(results, verdict) for verdict in verdicts.current if _is_about(verdict.candidate.cell, result)),
        outdated_gates=sum(_is_about(verdict.candidate.cell, result) for verdict in verdicts.outdated),
        critical={name: result.scores[name] for name in CRITICAL_SCORES if name in result.scores},
        raters_critical=rates[-1].critical if rates else None,
        rated=max((_rated(findings, label) for findings in reviews), default=0),
        preferred=tuple(dict.fromkeys(_preferred(judged, label))),
    )


def _selection(results: TaskResults, result: StrategyResult) -> dict[str, str]:
    """What selects the strategy in commands; the model and the training size only where that name alone fits several."""
    peers = [each for each in results.strategies if each.strategy == result.strategy]
    selection = {"strategy": result.strategy}
    if len({each.model for each in peers}) > 1:
        selection["model"] = result.model
    if len({each.train_size for each in peers if each.model == result.model}) > 1:
        selection["train_size"] = str(result.train_size)
    return selection


def _is_about(cell: str, result: StrategyResult) -> bool:
    return any(each.id == cell for each in result.cells)


def _gate(results: TaskResults, verdict: Verdict) -> GateEvidence:
    baseline = verdict.baseline.cell if verdict.baseline is not None else ""
    against = next((each.label for each in results.strategies if _is_about(baseline, each)), "")
    outcomes = [rule.outcome for rule in verdict.rules if rule.rule.tier == "blocking"]
    return GateEvidence(
        outcome=verdict.outcome,
        policy=str(verdict.policy.get("description") or "").strip() or verdict.policy_digest[:8],
        against=against,
        rules=len(outcomes),
        failed=outcomes.count("FAIL"),
        undecided=outcomes.count("INCONCLUSIVE"),
    )


def _rated(findings: Findings, label: str) -> int:
    """The examples on which raters have judged outputs of this strategy."""
    counts = [each.win_rate.n for each in findings.preferences if label in (each.strategy, each.against)]
    counts += [each.critical.n for each in findings.error_rates if each.strategy == label]
    counts += [each.mean.n for each in findings.scale_scores if each.strategy == label]
    return max(counts, default=0)


def _preferred(reviews: Sequence[Findings], label: str) -> Iterable[str]:
    """The strategies that raters prefer to this one."""
    for findings in reviews:
        for each in findings.preferences:
            rate = each.best_estimate.value
            if each.is_decided and rate is not None and label in (each.strategy, each.against):
                winner = each.strategy if rate > 0.5 else each.against
                if winner != label:
                    yield winner


def _with_labels(findings: Findings, labels: Mapping[str, str]) -> Findings:
    """Packets name strategies as the request did; where several models or sizes were run, that is not their label."""
    if all(name == label for name, label in labels.items()):
        return findings

    def label_of(name: str) -> str:
        return labels.get(name, name)

    return replace(
        findings,
        baseline=label_of(findings.baseline) if findings.baseline else findings.baseline,
        preferences=tuple(replace(each, strategy=label_of(each.strategy), against=label_of(each.against)) for each in findings.preferences),
        error_rates=tuple(replace(each, strategy=label_of(each.strategy)) for each in findings.error_rates),
        scale_scores=tuple(replace(each, strategy=label_of(each.strategy)) for each in findings.scale_scores),
        rating_times=tuple(replace(each, strategy=label_of(each.strategy)) for each in findings.rating_times),
        ranking=_rank_labels(findings.ranking, labels) if findings.ranking is not None else None,
        with_all_raters=_with_labels(findings.with_all_raters, labels) if findings.with_all_raters is not None else None,
    )


def _rank_labels(ranking: StrategyRanking, labels: Mapping[str, str]) -> StrategyRanking:
    return StrategyRanking(
        tuple(replace(each, strategy=labels.get(each.strategy, each.strategy)) for each in ranking.strategies),
        tuple(
            replace(each, strategy=labels.get(each.strategy, each.strategy), against=labels.get(each.against, each.against))
            for each in ranking.pairs
        ),
    )


def _seed_risks(results: TaskResults, decision: Decision) -> dict[tuple[str, str], float]:
    """What other seeds could cost the choice against the best of the others. The choice does not depend on it."""
    compared = decision.recommendation
    if compared is None or compared.choice is None or results.primary is None:
        return {}
    names = {candidate.name for candidate in compared.candidates}
    ranked = [result for result in results.strategies if result.label in names]
    choice = next(result for result in ranked if result.label == compared.choice)
    rival = next((result for result in ranked if result is not choice), None)
    if rival is None or any(result.varies_by_seed and len(result.done) < 2 for result in ranked):
        return {}
    stacks = results.stacks(results.primary, [rival.done, choice.done])
    varies = rival.varies_by_seed, choice.varies_by_seed
    confidence = 1 - 2 * compared.alpha
    spread = seed_spread(*stacks, metric=results.primary, varies_by_seed=varies, groups=results.groups, confidence=confidence)
    if spread is None:
        return {}
    return {(choice.label, rival.label): spread.high if results.lower_is_better else -spread.low}
