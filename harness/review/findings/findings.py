"""What a packet's ratings show, as values that reports and gates read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.review.findings.rater_agreement import Agreement, Level
from harness.review.packets import Mode
from harness.statistics import Reduction
from harness.types import Score


@dataclass(frozen=True)
class Change:
    """A paired difference to the baseline on the same examples.

    `p_value` is None where the method has none; `reliable` is about the interval.
    """

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    method: str
    reliable: bool


@dataclass(frozen=True)
class Preference:
    """How often raters prefer `strategy` to `against`.

    Attributes:
        win_rate: the mean over examples; a tie and "both bad" count as half.
        wins, losses, ties, both_bad: counts of ratings.
        examples_for, examples_against: test examples on which most raters prefer the one, or the other.
        sign_test_p: two-sided sign test over examples, or over groups, one vote each; None with unequal inclusion probabilities.
    """

    strategy: str
    against: str
    win_rate: Score
    wins: int
    losses: int
    ties: int
    both_bad: int
    examples_for: int
    examples_against: int
    sign_test_p: float | None

    @property
    def is_decided(self) -> bool:
        """Whether the win rate differs from one half: its interval excludes it, and so does the sign test where there is one."""
        low, high = self.win_rate.low, self.win_rate.high
        is_clear = low is not None and high is not None and (low > 0.5 or high < 0.5)
        if self.sign_test_p is None:
            return is_clear and self.win_rate.reliable
        return is_clear and self.sign_test_p < 0.05


@dataclass(frozen=True)
class ErrorRate:
    """How often an output of `strategy` has an error.

    Attributes:
        critical: share of examples on which at least half of the raters see a critical error.
        any_error: the same for a minor or critical error.
        kinds: share of examples on which at least half of the raters mark a kind; kinds that are never marked are left out.
        change, reduction: of the critical rate against the baseline; None for the baseline itself.
    """

    strategy: str
    critical: Score
    any_error: Score
    kinds: Mapping[str, float]
    change: Change | None
    reduction: Reduction | None


@dataclass(frozen=True)
class ScaleScore:
    """The mean answer on one scale, where 1 is the worst answer; `change` is against the baseline."""

    strategy: str
    scale: str
    answers: tuple[str, ...]
    mean: Score
    change: Change | None


@dataclass(frozen=True)
class RatingTime:
    """How long rating an output took: the median in seconds over all ratings with a time.

    `ratio` compares geometric means with the baseline, for the same raters on the same examples, with its 95% CI.
    """

    strategy: str
    median_seconds: float
    ratings: int
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RaterSummary:
    """One rater.

    Attributes:
        items, rated: items assigned and rated, repeated items included.
        repeated, repeated_same: repeated items, and those with the same answer as before.
        decided, left_wins: pairs with a winner, and those won by the left output.
        left_low, left_high, left_p: exact 95% CI of the left share, and its binomial p-value against one half.
        median_seconds: time per rating.
    """

    name: str
    items: int
    rated: int
    repeated: int
    repeated_same: int
    decided: int
    left_wins: int
    left_low: float | None
    left_high: float | None
    left_p: float | None
    median_seconds: float | None


@dataclass(frozen=True)
class MetricAgreement:
    """How well an automatic score agrees with raters.

    Attributes:
        measure: for pairs "pair agreement", the share of examples on which the score prefers what most raters prefer (a tie of the score
            counts as half, 0.5 is chance); for single outputs "Kendall's tau-b" with the mean answer (0 is chance).
    """

    metric: str
    measure: Literal["pair agreement", "Kendall's tau-b"]
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Findings:
    """Everything that one packet's ratings show.

    Attributes:
        sampling: how examples were sampled out of `population` test examples.
        representative: whether rates estimate those over all test examples.
        sampled_examples, rated_examples: test examples in the packet, and those rated by anybody.
        items, rated_items: without repeated items.
        replaced_ratings: earlier answers that a later one replaced.
        baseline: the strategy that changes and reductions refer to.
        agreement: inter-rater agreement by question, and by how answers are treated: as names, or in order.
        corrections, comments: how many ratings have one.
    """

    packet: str
    task: str
    mode: Mode
    created: str
    sampling: str
    representative: bool
    population: int
    sampled_examples: int
    rated_examples: int
    items: int
    rated_items: int
    replaced_ratings: int
    baseline: str | None
    preferences: tuple[Preference, ...]
    error_rates: tuple[ErrorRate, ...]
    scale_scores: tuple[ScaleScore, ...]
    rating_times: tuple[RatingTime, ...]
    agreement: Mapping[str, Mapping[Level, Agreement]]
    raters: tuple[RaterSummary, ...]
    metric_agreement: tuple[MetricAgreement, ...]
    corrections: int
    comments: int

    @property
    def biased_raters(self) -> tuple[str, ...]:
        """Raters who chose one side more often than chance explains, at 5% over all raters (Bonferroni)."""
        limit = 0.05 / max(1, len(self.raters))
        return tuple(rater.name for rater in self.raters if rater.left_p is not None and rater.left_p < limit)
