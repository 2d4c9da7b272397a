"""Everything that a decision rests on, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.decision.check_results import SanityFinding
from harness.gate import GuardrailResult, Outcome
from harness.results import HostedReplacement
from harness.statistics import Recommendation, TotalsPair
from harness.types import Rule, Score


@dataclass(frozen=True)
class GateEvidence:
    """The verdict of the gate that counts on one question: a trained model of a strategy, a policy and a baseline.

    Attributes:
        policy: its description, or the start of its digest.
        against: the label of the baseline where that is a strategy of the same run; else empty.
        rules, failed, undecided: how many rules there are, how many failed, and how many could not be decided.
    """

    outcome: Outcome
    policy: str
    against: str = ""
    rules: int = 1
    failed: int = 0
    undecided: int = 0


@dataclass(frozen=True)
class StrategyEvidence:
    """What is known about one strategy.

    Attributes:
        score: the primary score; None without a result.
        selection: what selects it in commands, by the names of the Python interface: its strategy, and its model and training size where
            several were run.
        planned, finished, interrupted: cells: all, those with a result, and those that have not ended.
        varies_by_seed: whether another seed can change the result.
        has_foreign_weights: whether its weights, or those from which it started, were trained elsewhere, on data that are not known.
        unseen: why a person says that these data cannot hold test examples; empty without such a statement.
        asked_once: whether it is a hosted model that was asked each question once.
        has_no_price: whether it is a hosted model whose price is not known.
        gates: one for each question that the gate was asked.
        outdated_gates: how many verdicts are about outputs that it no longer has.
        critical: its critical-error scores, by name, the most important first.
        raters_critical: the share of outputs in which raters saw a critical error; None without such a review.
        rated: how many of its outputs raters have judged, in reviews of any kind.
        preferred: the strategies that raters prefer to it.
    """

    label: str
    score: Score | None
    selection: Mapping[str, str] = field(default_factory=dict)
    is_base: bool = False
    planned: int = 1
    finished: int = 1
    interrupted: int = 0
    varies_by_seed: bool = False
    has_foreign_weights: bool = False
    unseen: str = ""
    asked_once: bool = False
    has_no_price: bool = False
    guardrails: tuple[GuardrailResult, ...] = ()
    sanity: tuple[SanityFinding, ...] = ()
    gates: tuple[GateEvidence, ...] = ()
    outdated_gates: int = 0
    critical: Mapping[str, Score] = field(default_factory=dict)
    raters_critical: Score | None = None
    rated: int = 0
    preferred: tuple[str, ...] = ()

    @property
    def scored(self) -> bool:
        """Whether the primary score has a value."""
        return self.score is not None and self.score.value is not None


@dataclass(frozen=True)
class Evidence:
    """What is known about one task.

    Attributes:
        generates_text: whether outputs are free texts, which no exact score judges in full.
        rules: the guardrails that the task declares.
        strategies: the best primary score first, those without a score last.
        recommendation: of all strategies with a score; None where there is nothing to compare.
        seed_risks: the most that the first strategy may be worse than the second with other seeds, by their labels; a pair that cannot be
            computed is left out.
        sanity: findings about the task.
        replacements: every own strategy beside every hosted one; empty where none is hosted.
        targets_from: the model whose outputs the targets are; empty where they are independent labels.
        foreign_verdicts: how many verdicts of the gate in the run's folder are about models of another run.
        totals: every pair of strategies, where only totals were imported; None where the scores of single examples are known.
        task_argument: the task as commands can name it, a name or a YAML file; empty where they need more than that.
    """

    task: str
    margin: float
    generates_text: bool
    rules: tuple[Rule, ...]
    strategies: tuple[StrategyEvidence, ...]
    recommendation: Recommendation | None
    seed_risks: Mapping[tuple[str, str], float] = field(default_factory=dict)
    totals: tuple[TotalsPair, ...] | None = None
    task_argument: str = ""
    sanity: tuple[SanityFinding, ...] = ()
    replacements: tuple[HostedReplacement, ...] = ()
    targets_from: str = ""
    foreign_verdicts: int = 0
