"""The decision on one task: what to ship, on which conditions, and why. Codes and numbers; `harness.reporting` has the sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.decision.check_results import SanityFinding, Severity
from harness.gate import GuardrailResult
from harness.statistics import Assumption, Recommendation, TotalsPair
from harness.types import Rule

DecisionState: TypeAlias = Literal["ship", "ship_with_conditions", "undecided", "do_not_ship"]
STATES: tuple[DecisionState, ...] = ("ship", "ship_with_conditions", "undecided", "do_not_ship")  # the best first

HeadlineCode: TypeAlias = Literal[
    "ship",
    "keep_base",  # the untuned model is good enough
    "best_of_tested",  # there are critical errors, and the task declares no limit for them
    "too_close",
    "one_strategy",  # only one has a score
    "totals_only",  # the scores of single examples are not known
    "not_comparable",  # several have a score, but no comparison can be computed
    "no_scores",
    "test_set_unfit",  # a sanity check of the task failed
    "trivial_not_beaten",  # some are better than the trivial baseline on these examples, but none is shown to be
    "none_usable",
]

ReasonOfDecision: TypeAlias = Literal[
    # A strategy is excluded.
    "guardrail_broken",  # texts: score
    "gate_failed",  # numbers: failed, rules; texts: policy
    "sanity_failed",  # texts: code
    # There is a choice, but on conditions.
    "guardrail_undecided",  # texts: score
    "guardrail_no_evidence",  # texts: score
    "guardrail_untrusted",  # texts: score
    "gate_undecided",  # numbers: undecided, rules; texts: policy
    "gate_outdated",  # the gate has judged earlier outputs of it, and none of its present ones
    "gate_missing",  # the gate has judged other strategies of this task; texts: judged
    "low_confidence",  # texts: why
    "one_seed",  # texts: strategies
    "seeds_could_change",  # numbers: worst, seeds; texts: rival
    "seeds_missing",  # numbers: finished, planned
    "run_unfinished",  # numbers: missing
    "targets_not_independent",  # the targets are outputs of another model; texts: model
    "no_trusted_safety",
    "training_data_unknown",  # it was tuned elsewhere, and may have seen test examples
    "raters_prefer",  # texts: preferred
    "sanity_condition",  # texts: code
    # There is no choice.
    "no_limit",  # texts: scores
    "task_unfit",  # texts: code
    # What else a reader should know.
    "critical_errors",  # numbers: value, low, high, base; texts: score
    "raters_critical",  # numbers: value, low, high, n
    "shown_best",  # better than every other strategy, excluded ones included; numbers: least
    "gate_passed",  # numbers: rules; texts: policy
    "gate_disagrees",  # the gate passed a strategy that is excluded; numbers: rules; texts: policy
    "gate_foreign",  # stored verdicts are about models of another run; numbers: verdicts
    "cheaper_undecided",  # texts: strategies
    "cheaper_unsafe",  # cheaper and as good, but not shown to keep the guardrails; texts: strategies
    "replacement",  # of a hosted strategy; numbers: margin, volume, low, high; texts: hosted, when (a code of `BreakEven`, or "unproven")
    "training_data_stated",  # a person says why what was tuned elsewhere cannot have seen test examples; texts: statement
    "asked_once",  # hosted models that were asked each question once; texts: strategies
    "price_unknown",  # hosted models without a price; texts: strategies
    "no_result",
    "sanity_note",  # texts: code
]

NextStepCode: TypeAlias = Literal[
    "draft_policy",
    "promote",
    "declare_limit",
    "more_examples",
    "more_seeds",
    "review_outputs",
    "run_gate",
    "finish_run",
    "ask_repeatedly",
    "name_price",
    "label_examples",
    "ask_trainer",
    "import_examples",
    "run_more_strategies",
    "plant_canaries",  # parameters: canaries
    "improve",
    "fix_test_set",
    "read_failures",
]

CandidateStatus: TypeAlias = Literal["chosen", "admissible", "undecided", "worse", "excluded", "no_score"]
CANDIDATE_STATUSES: tuple[CandidateStatus, ...] = ("chosen", "admissible", "undecided", "worse", "excluded", "no_score")  # the best first


@dataclass(frozen=True)
class DecisionReason:
    """One reason: a code, and the numbers and texts that belong to it, by name.

    Attributes:
        severity: "blocks" excludes the strategy, or every choice; "conditions" allows at most "ship_with_conditions"; "notes" informs.
        strategy: its label; empty where it is about the task.
    """

    code: ReasonOfDecision
    severity: Severity
    strategy: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class NextStep:
    """What would change the decision, or act on it.

    Attributes:
        command: of `bench`, such as "review export"; empty where no command does it.
        parameters: of the command, by the names of the Python interface; an empty value is a switch.
        examples: the size of the test set that it takes.
        assumed: what that assumes, as in `SampleSize`; empty without examples.
    """

    code: NextStepCode
    strategy: str = ""
    command: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    examples: int | None = None
    assumed: Assumption | Literal[""] = ""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class CandidateStanding:
    """Where one strategy stands.

    Attributes:
        status: "admissible": within Δ of the best, and nothing excludes it, but another one is chosen; "undecided": too close to call;
            "worse": than the best of those that are not excluded, by more than Δ.
        excluded_by: why it is excluded.
    """

    strategy: str
    status: CandidateStatus
    excluded_by: tuple[DecisionReason, ...] = ()


@dataclass(frozen=True)
class SeedRisk:
    """What other training runs could change about the choice.

    Attributes:
        single: the strategies that depend on a seed and ran with one; then nothing more is known.
        rival: the best of the other admissible strategies; empty without one.
        worst: the most that the choice may be worse than the rival with other seeds (one-sided, at the level of the recommendation), in
            the unit of the score; below 0 where it is better in any case.
        fewest: the smallest number of seeds of any strategy that depends on one.
    """

    single: tuple[str, ...]
    rival: str
    worst: float | None
    fewest: int


@dataclass(frozen=True)
class Decision:
    """The decision on one task. Every form of the report shows this one object.

    The recommendation is about a recipe, the mean over its training seeds; a verdict of the gate is about one trained model.

    Attributes:
        rules: the guardrails that the task declares.
        strategy: the label of the one to ship; None in the states "undecided" and "do_not_ship".
        leader: without a choice, the one to take if it has to be decided today; None where none is admissible.
        reasons: the most important first.
        standings: of every strategy, in the order of the report.
        recommendation: how the admissible strategies compare on the primary score; its choice is `strategy`, or `leader` where only a
            limit is missing. None where nothing can be compared.
        seeds: None where there is no choice, none of the strategies depends on a seed, or nothing can be computed.
        totals: every pair of strategies, where only totals were imported; None where the scores of single examples are known.
    """

    task: str
    rules: tuple[Rule, ...]
    state: DecisionState
    headline: HeadlineCode
    strategy: str | None
    leader: str | None
    reasons: tuple[DecisionReason, ...]
    standings: tuple[CandidateStanding, ...]
    guardrails: tuple[GuardrailResult, ...]
    sanity: tuple[SanityFinding, ...]
    next_steps: tuple[NextStep, ...]
    recommendation: Recommendation | None
    seeds: SeedRisk | None
    totals: tuple[TotalsPair, ...] | None = None

    def standing(self, strategy: str) -> CandidateStanding:
        """Where this strategy stands."""
        return next(each for each in self.standings if each.strategy == strategy)

    @property
    def conditions(self) -> tuple[DecisionReason, ...]:
        """What has to be settled before the choice is unconditional."""
        return tuple(reason for reason in self.reasons if reason.severity == "conditions")
