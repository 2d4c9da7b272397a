"""The result of one gate: a verdict on each rule and on all of them. Reasons are data; `harness.reporting` turns them into sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, TypeAlias

from harness.gate.approval import Approval, count_people
from harness.statistics import Outcome
from harness.store import to_jsonable
from harness.types import RuleKind, Tier

EXIT_CODES: dict[Outcome, int] = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}
AWAITS_APPROVAL = 4  # exit code of a PASS that too few people have approved
FORMAT: Literal[5] = 5  # of a stored verdict

JudgedRuleKind: TypeAlias = Literal[
    RuleKind,
    "no_leakage",  # no test example was trained on
    "looks",  # threshold: the evaluations of this test set that the policy plans
    "two_classes",
    "complaints",  # threshold: how many confirmed complaints of users the candidate may still get wrong
    "beats_trivial",  # on the primary score; measured: the candidate minus the trivial baseline
    "min_examples",  # threshold: the test examples that the policy requires
    "min_seeds",  # threshold: the training seeds that the policy requires
]

ReasonCode = Literal[
    # Scores, decided on one-sided limits.
    "shown",
    "refuted",
    "refuted_alone",  # its limits speak against it, but not after the correction for the number of rules; numbers: rules
    "undecided",
    "unreliable",  # it would be shown, but the limits are not reliable; texts: why
    "no_limits",  # texts: why
    "no_baseline",
    "one_seed",  # the policy counts the spread of seeds, and the candidate has a single one
    "seed_spread_unknown",  # the policy counts the spread of seeds, which is not estimated for this score
    "slice_missing",  # texts: available, the first values of the column
    "slices_too_small",  # numbers: minimum, largest
    # Measures, compared without limits.
    "measured",
    "not_measured",
    "baseline_not_measured",
    "currencies_differ",  # texts: currencies
    # Guardrails of the task.
    "beyond_limit",  # the estimate is on the wrong side, but its limits do not show it
    "untrusted",  # neither exact nor shown to find what raters find
    "no_evidence",  # texts: why
    # Reviews.
    "review_missing",  # texts: strategies, the one or two that the review must show
    # The leak test.
    "leak_test_missing",  # texts: strategies, the candidate
    # The complaints of users; numbers: cases, fixed, broken, unclear. The example ids: first of the broken ones, then of the unclear ones.
    "complaints_fixed",
    "complaints_broken",
    "complaints_unclear",  # a person must look
    "no_complaints",  # none is confirmed
    "exposure_censored",  # some planted secrets are as exposed as can be measured
    # What must hold for every policy, and what a policy requires of the data.
    "enough",  # numbers: present
    "too_few",  # numbers: present
    "single_class",  # texts: label
    "look_exceeded",  # numbers: look
    "alpha_exceeded",  # numbers: spent, alpha
    "trained_on",  # numbers: count; texts: sides
    "training_inputs_unknown",  # the run was packed without the key that recognizes its training inputs; texts: sides
    "not_trained_on",  # texts: unknown_sides, those whose training data are not known
]

VerdictNoteCode = Literal[
    "seeds_missing",  # numbers: evaluated, planned; texts: strategy, seeds, statuses
    "one_model",  # one model of several seeds is judged; numbers: seeds, choices, value, lowest, highest; texts: strategy, seed, score
    "recipe_counted",  # the same where the policy counts the spread of seeds
    "one_of_several",  # numbers: strategies, candidates (all but the baseline), guardrails: what their level is divided by
    "baseline_rerun",  # the baseline was evaluated on another test set, so its model answered this one; texts: strategy, run
    # A side was tuned elsewhere, on data that are not known; texts: side, strategy, statement (a person's, that it has not seen any)
    "training_data_unknown",
    "identical_outputs",
    "alpha_overspent",  # numbers: spent, alpha
    "slices_skipped",  # numbers: minimum; texts: slices, sizes
    "no_baseline",
    "complaints_not_judged",  # users have complaints that a person confirmed, and the policy has no rule on them; numbers: cases
    "trivial_not_scored",  # the trivial baseline does not have the primary score; texts: score
    "not_recorded",  # texts: run, error
    "approvals_outdated",  # approvals of another verdict on the same model; numbers: count
    # The model has answered test examples again; numbers: checked, differing; local, shared where the task is known here; unknown,
    # score_here, score_there where the run does not hold all local examples; texts: run, task, score
    "foreign_run",
]


@dataclass(frozen=True)
class JudgedRule:
    """What a verdict is about.

    Attributes:
        score: a score, a measure or a number of a review; empty for rules that are about the data.
        threshold: the number in the rule: its value, margin, share of the baseline or "by", or what is required.
        slice_column, slice_value: the part of the test examples that it is about; without a value, every slice by that column.
        against: the strategy that a review, or a guardrail, compares with.
        tier: an advisory rule is shown and never changes the outcome.
        relative: whether the threshold is a share of the baseline's score.
        source: the policy, or a guardrail of the task.
    """

    kind: JudgedRuleKind
    score: str = ""
    threshold: float | None = None
    slice_column: str = ""
    slice_value: str = ""
    against: str = ""
    tier: Tier = "blocking"
    relative: bool = False
    source: Literal["policy", "guardrail"] = "policy"

    @property
    def compares(self) -> bool:
        """Whether it is about a difference: to the baseline, or to the trivial one."""
        return self.kind in ("not_worse", "better", "beats_trivial")


@dataclass(frozen=True)
class Reason:
    """Why a rule has its outcome: a code, and the numbers and texts that belong to it, by name.

    Texts come from the data and may be hostile.
    """

    code: ReasonCode
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class VerdictNote:
    """What a reader of a verdict must know besides: a code, the numbers and texts that belong to it, and its rule, if any."""

    code: VerdictNoteCode
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rule: JudgedRule | None = None


@dataclass(frozen=True)
class RuleVerdict:
    """The verdict on one rule.

    Attributes:
        measured: the score or measure itself, or the candidate's minus the baseline's; for a relative rule minus the share of the
            baseline's that it must reach.
        lower_is_better: for a difference, whether a negative one is better.
        low, high: one-sided limits, each at level `alpha`, or at that of the verdict where it is None.
        unit: of the score; empty for measures.
        n: the examples that it rests on.
        examples_needed: how many test examples like these would decide with 80% power, see `statistics.sample_size`, if the rule holds
            as `assumed`: "equal": the two are equally good; "observed": the true value is the measured one.
        method: how the limits were computed.
        example_ids: test examples that the reason is about.
    """

    rule: JudgedRule
    outcome: Outcome
    reason: Reason
    measured: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int = 0
    examples_needed: int | None = None
    assumed: Literal["", "equal", "observed"] = ""
    lower_is_better: bool = False
    method: str = ""
    example_ids: tuple[str, ...] = ()
    alpha: float | None = None


@dataclass(frozen=True)
class Regression:
    """A test example on which the candidate is worse than the baseline.

    Attributes:
        title: the example's question, or its first input.
        baseline, candidate: their scores; None where the score does not apply to the example.
        critical_by: who found a critical error there that the baseline does not make: "scores", "people".
    """

    example: str
    title: str
    baseline: float | None
    candidate: float | None
    baseline_output: str
    candidate_output: str
    critical_by: tuple[str, ...] = ()

    @property
    def critical(self) -> bool:
        """Whether there is such an error."""
        return bool(self.critical_by)


@dataclass(frozen=True)
class JudgedModel:
    """One model of a strategy of a run, as candidate or baseline.

    Attributes:
        label: the strategy's name in tables.
        seed: None where its run has no other seed.
        cell: the id of its cell.
        digest: a hash of its outputs.
        in_service_since: the date of its promotion, if it is the model in service; else empty.
    """

    run: str
    strategy: str
    model: str
    label: str
    seed: int | None
    cell: str
    digest: str
    in_service_since: str = ""


@dataclass(frozen=True)
class Verdict:
    """The result of one gate.

    Attributes:
        score: the task's primary score.
        n: the number of test examples.
        regressions: the worst examples on which the candidate is worse, critical ones first.
        regression_count, critical_count: how many there are in total, and how many of them are critical.
        regression_score: the score of single examples that they are found by; empty without one.
        outcome: of the blocking rules; advisory ones do not count.
        alpha: the level of each rule: α over the planned looks, and over the strategies, and the trained models, that the candidate may
            have been chosen from.
        look: the number of this evaluation of the test set, from 1.
        planned_looks: how many the policy plans; None without a plan.
        policy: the policy as plain values; `policy_digest` is a hash of what decides in it, with the guardrails that were added.
        test_digest: a hash of the test examples.
        at: when, in ISO 8601.
        approvals: of exactly this verdict, as they are now; a stored verdict has none, because they come later.
    """

    outcome: Outcome
    task: str
    score: str
    n: int
    candidate: JudgedModel
    baseline: JudgedModel | None
    rules: tuple[RuleVerdict, ...]
    regressions: tuple[Regression, ...]
    regression_count: int
    critical_count: int
    regression_score: str
    alpha: float
    look: int
    planned_looks: int | None
    policy: dict[str, Any]
    policy_digest: str
    test_digest: str
    at: str
    notes: tuple[VerdictNote, ...] = ()
    format: Literal[5] = FORMAT
    approvals: tuple[Approval, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, 1, 3, or 4 for a PASS that waits for approval."""
        return AWAITS_APPROVAL if self.awaits_approval else EXIT_CODES[self.outcome]

    @property
    def approvals_required(self) -> int:
        """By how many people the policy requires a PASS to be approved."""
        count = self.policy.get("approvals")
        return count if isinstance(count, int) else 0

    @property
    def approvers(self) -> tuple[str, ...]:
        """The fingerprints of the keys whose approvals count; empty if the policy lists none."""
        listed = self.policy.get("approvers")
        return tuple(each for each in listed if isinstance(each, str)) if isinstance(listed, list | tuple) else ()

    @property
    def approvals_given(self) -> int:
        """How many different people have approved."""
        return count_people(self.approvals, self.approvers)

    @property
    def awaits_approval(self) -> bool:
        """Whether it is a PASS that fewer people have approved than the policy requires."""
        return self.outcome == "PASS" and self.approvals_given < self.approvals_required

    def to_json(self) -> dict[str, Any]:
        """Plain values, as they are stored. Numbers that do not exist are null, never NaN."""
        values: dict[str, Any] = to_jsonable(asdict(self))
        return values

    def without_text(self) -> Verdict:
        """Without ids and outputs of test examples: they may contain what patients said."""
        return replace(self, regressions=(), rules=tuple(replace(rule, example_ids=()) for rule in self.rules))


def combine_outcomes(outcomes: Iterable[Outcome]) -> Outcome:
    """FAIL if any rule fails, else INCONCLUSIVE if any is, else PASS. That all must pass needs no correction for their number; that one
    failed does (`rules.confirm_failures`)."""
    distinct = set(outcomes)
    return "FAIL" if "FAIL" in distinct else "INCONCLUSIVE" if "INCONCLUSIVE" in distinct else "PASS"
