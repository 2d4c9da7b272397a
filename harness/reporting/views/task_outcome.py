"""The outcome of one task as plain values: scores, costs and comparisons by strategy, what to choose, and learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.decision import CandidateStatus, Decision, collect_evidence, decide, load_findings, load_standing_verdicts
from harness.gate import Verdict
from harness.reporting.views.sections import (
    CascadeReport,
    CommonClaim,
    FullTuningShare,
    LeakReport,
    LearningCurves,
    Money,
    ReplacementReport,
    Safety,
    SearchReport,
    ServedComparison,
    ServingSpeeds,
    build_leak_report,
    build_learning_curves,
    build_money,
    build_replacement_report,
    build_safety,
    build_search_report,
    build_serving_speeds,
    check_common_claims,
    compare_with_full_tuning,
    list_cascades,
    list_served_comparisons,
)
from harness.reporting.views.unchecked_scores import is_unchecked
from harness.results import StrategyResult, TaskResults, TrivialKind
from harness.review import Findings, Review, load_reviews
from harness.review.findings import JudgeFindings, compute_judge_findings
from harness.statistics import Comparison
from harness.types import Metric, Score, Task


@dataclass(frozen=True)
class ScoreName:
    """A score of the task: which way is better, its unit, and the signature of the metric that computes it.

    Attributes:
        unchecked: whether it claims that texts are true, but is neither exact nor shown to agree with raters of this run.
        of_plugin_file: whether a plug-in file has computed it.
    """

    name: str
    direction: str
    unit: str
    signature: str
    unchecked: bool = False
    of_plugin_file: bool = False


@dataclass(frozen=True)
class TrivialReference:
    """The trivial baseline beside the strategies.

    Attributes:
        label: the label that it always gives; None where it writes texts.
        value: its primary score; None where that is undefined.
    """

    kind: TrivialKind
    label: str | None
    value: float | None


@dataclass(frozen=True)
class TaskOutcome:
    """What every form of the report shows about one task.

    Attributes:
        run: the name of the run.
        command: what it was started with, as run.json has it: of a stranger's run, it may be anything.
        test_size: the number of test examples.
        strategies: the best primary score first, those without a score last.
        raters_critical: the share of outputs in which raters saw a critical error, by strategy; of those that were reviewed.
        best_versus_base: the best strategy less the base of its model, corrected for picking it; None where it has none.
        trivial: None where it has no score that could be computed here.
        full_tuning: strategies in shares of full fine-tuning; empty where that was not run.
        reviews: the packets that have ratings, the oldest first.
        judges: what is known of each model that has judged outputs of the task, the oldest first.
        replacement: own strategies instead of hosted ones; None where none is hosted.
        speeds: how fast the models answer; None where that was not measured.
        served: what running servers answered.
        cascades: which answers cascades keep.
        leaks: the leak test; None without one.
        search: how the values of the strategies were chosen; None without a search.
        verdicts: those that count, one for each trained model, policy and baseline, the newest first.
    """

    run: str
    command: str
    task: Task
    test_size: int
    primary: ScoreName
    scores: tuple[ScoreName, ...]
    strategies: tuple[StrategyResult, ...]
    best_versus_base: Comparison | None
    trivial: TrivialReference | None
    decision: Decision
    raters_critical: Mapping[str, Score]
    full_tuning: tuple[FullTuningShare, ...]
    reviews: tuple[Findings, ...]
    judges: tuple[JudgeFindings, ...]
    verdicts: tuple[Verdict, ...]
    learning: LearningCurves | None
    money: Money
    replacement: ReplacementReport | None
    speeds: ServingSpeeds | None
    served: tuple[ServedComparison, ...]
    cascades: tuple[CascadeReport, ...]
    safety: Safety
    leaks: LeakReport | None
    search: SearchReport | None
    claims: tuple[CommonClaim, ...]

    @property
    def name(self) -> str:
        """The task's name."""
        return self.task.name

    @property
    def choice(self) -> str | None:
        """The label of the strategy to ship."""
        return self.decision.strategy

    @property
    def standings(self) -> Mapping[str, CandidateStatus]:
        """How each strategy with a score compares with the best, by its label; empty where the test set cannot tell."""
        if len(self.scored) < 2 or self.decision.headline in ("not_comparable", "totals_only", "test_set_unfit"):
            return {}
        return {each.strategy: each.status for each in self.decision.standings if each.status != "no_score"}

    @property
    def scored(self) -> tuple[StrategyResult, ...]:
        """The strategies whose primary score has a value."""
        return tuple(result for result in self.strategies if result.scored)

    @property
    def has_several_models(self) -> bool:
        """Whether strategies of several base models are compared; external outputs have none."""
        return len({result.model for result in self.strategies if result.on_base_model}) > 1

    @property
    def unchecked(self) -> tuple[str, ...]:
        """The scores that claim that texts are true, without being shown to agree with raters."""
        return tuple(name.name for name in self.scores if name.unchecked)

    def unit_of(self, score: str) -> str:
        """The unit of a score of the task."""
        return next((name.unit for name in self.scores if name.name == score), "")


def build_task_outcome(results: TaskResults, *, volume: int | None = None) -> TaskOutcome:
    """The outcome of one task.

    Args:
        volume: outputs per month, for costs; by default those that the task declares.
    """
    packets = load_reviews(results.run, results.task.name)
    reviews, verdicts = load_findings(results), load_standing_verdicts(results)
    volume = results.task.report.volume if volume is None else volume
    evidence = collect_evidence(results, reviews, verdicts, volume=volume)
    decision, money = decide(evidence), build_money(results, reviews, volume)
    names, primary = tuple(_score_name(results, packets, metric) for metric in results.metrics), results.task.primary
    full_tuning, learning = compare_with_full_tuning(results), build_learning_curves(results)
    unchecked = [name.name for name in names if name.unchecked]
    about = decision.strategy or decision.leader or next((result.label for result in results.scored), None)
    return TaskOutcome(
        run=results.run.name,
        command=results.run.plan.command,
        task=results.task,
        test_size=results.test_size,
        primary=_find_primary(primary, names),
        scores=names,
        strategies=results.strategies,
        best_versus_base=results.best_versus_base,
        trivial=_reference(results),
        decision=decision,
        raters_critical={each.label: each.raters_critical for each in evidence.strategies if each.raters_critical is not None},
        full_tuning=full_tuning,
        reviews=reviews,
        judges=compute_judge_findings(results, packets),
        verdicts=verdicts.current,
        learning=learning,
        money=money,
        replacement=build_replacement_report(
            evidence.replacements, decision, evidence.recommendation, money, results.task.report.replacement, results.task.margin
        ),
        speeds=build_serving_speeds(results),
        served=list_served_comparisons(results),
        cascades=list_cascades(results),
        safety=build_safety(results, reviews, about=about, unchecked=unchecked),
        leaks=build_leak_report(results),
        search=build_search_report(results),
        claims=check_common_claims(results, full_tuning, learning, about=about, unchecked=unchecked),
    )


def _reference(results: TaskResults) -> TrivialReference | None:
    trivial, primary = results.trivial, results.primary
    if trivial is None or primary is None or not trivial.has_score(primary):
        return None
    return TrivialReference(trivial.kind, trivial.label, trivial.score(primary))


def name_primary(results: TaskResults) -> ScoreName:
    """The score that a task is decided by."""
    packets = load_reviews(results.run, results.task.name)
    return _find_primary(results.task.primary, [_score_name(results, packets, metric) for metric in results.metrics])


def _find_primary(primary: str, names: Sequence[ScoreName]) -> ScoreName:
    return next((name for name in names if name.name == primary), ScoreName(primary, "higher", "", ""))


def _score_name(results: TaskResults, reviews: Sequence[Review], metric: Metric) -> ScoreName:
    unchecked = is_unchecked(results, reviews, metric)
    return ScoreName(metric.name, metric.direction, metric.unit, metric.signature, unchecked, of_plugin_file=metric.is_stored)
