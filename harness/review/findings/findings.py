"""What a packet's ratings show, as values that reports and gates read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.review.findings.rater_agreement import Agreement, Level
from harness.review.packets import Mode
from harness.statistics import Reduction, WhyAlone
from harness.types import Score

AGREES_ABOVE = 0.2  # the least correlation with raters, beyond what length explains, of a score that can be relied on
MIN_INPUTS = 30  # rated inputs
CHECKS_PASSED = 0.9  # of items with known right answers, by a careful rater


@dataclass(frozen=True)
class Change:
    """A paired difference to the baseline on the same examples."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    """None if the method has none."""
    n: int
    method: str
    reliable: bool
    """Whether the interval is."""

    @property
    def as_score(self) -> Score:
        """The change as an estimate with its interval."""
        return Score(self.value, self.low, self.high, self.n, self.method, reliable=self.reliable)


@dataclass(frozen=True)
class Combined:
    """An estimate from the ratings and an automatic score of every test example together (prediction-powered inference)."""

    why_alone: WhyAlone | Literal[""]
    """Why no score helps, in which case the ratings stand alone; empty where one does."""
    estimate: Score | None = None
    """With a narrower interval than that of the ratings alone."""
    scores: tuple[str, ...] = ()
    """The names of the scores that were used, the one for most examples first."""
    explained: float = 0.0
    """The share of the variance of the ratings that they explain, 0–1."""
    examples: int = 0
    """The test examples that have these scores."""
    effective: float = 0.0
    """How many rated examples alone would give as narrow an interval."""


@dataclass(frozen=True)
class Preference:
    """How often raters prefer one strategy to another."""

    strategy: str
    against: str
    win_rate: Score
    """The mean over examples; a tie and "both bad" count as half."""
    wins: int
    """Ratings that prefer `strategy`."""
    losses: int
    """Ratings that prefer `against`."""
    ties: int
    both_bad: int
    examples_for: int
    """Test examples on which most raters prefer `strategy`."""
    examples_against: int
    """Test examples on which most raters prefer `against`."""
    sign_test_p: float | None
    """Two-sided sign test over examples, or over groups, with one vote each; None with unequal inclusion probabilities."""
    combined: Combined | None = None
    """The win rate with the help of an automatic score."""

    @property
    def best_estimate(self) -> Score:
        """The win rate that decides: with the help of an automatic score where one helps, otherwise of the ratings alone."""
        return self.combined.estimate if self.combined is not None and self.combined.estimate is not None else self.win_rate

    @property
    def is_decided(self) -> bool:
        """Whether the win rate differs from one half: its interval excludes it, and so does the sign test of ratings that stand alone."""
        estimate = self.best_estimate
        is_clear = estimate.low is not None and estimate.high is not None and (estimate.low > 0.5 or estimate.high < 0.5)
        if self.sign_test_p is None or estimate is not self.win_rate:
            return is_clear and estimate.reliable
        return is_clear and self.sign_test_p < 0.05


@dataclass(frozen=True)
class RankedStrategy:
    """A strategy in a ranking of three or more."""

    strategy: str
    win_rate: Score
    """Expected on average against the others."""


@dataclass(frozen=True)
class RankedPair:
    """Two strategies of a ranking, the higher one first."""

    strategy: str
    against: str
    win_rate: Score
    """Expected of `strategy`; the intervals of all pairs hold together."""

    @property
    def is_decided(self) -> bool:
        """Whether raters are shown to prefer `strategy`, however many pairs there are."""
        return self.win_rate.reliable and self.win_rate.low is not None and self.win_rate.low > 0.5


@dataclass(frozen=True)
class StrategyRanking:
    """Three strategies or more on one scale, from all comparisons together (Bradley–Terry)."""

    strategies: tuple[RankedStrategy, ...]
    """The best first."""
    pairs: tuple[RankedPair, ...]


@dataclass(frozen=True)
class ErrorRate:
    """How often an output of a strategy has an error."""

    strategy: str
    critical: Score
    """The share of examples on which at least half of the raters see a critical error."""
    any_error: Score
    """The share of examples on which at least half of the raters see a minor or critical error."""
    kinds: Mapping[str, float]
    """The share of examples on which at least half of the raters mark a kind; kinds without a mark are left out."""
    change: Change | None
    """Of the critical rate against the baseline; None for the baseline itself."""
    reduction: Reduction | None
    """The same as a relative reduction."""
    any_combined: Combined | None = None
    """The rate of any error with the help of an automatic score; critical errors are never combined."""


@dataclass(frozen=True)
class ScaleScore:
    """The mean answer on one scale."""

    strategy: str
    scale: str
    answers: tuple[str, ...]
    """The worst first."""
    mean: Score
    """1 for the worst answer, 2 for the next."""
    change: Change | None
    """Against the baseline; None for the baseline itself."""
    combined: Combined | None = None
    """The mean with the help of an automatic score."""
    change_combined: Combined | None = None
    """The same of the change."""

    @property
    def best_estimate(self) -> Score:
        """The mean with the help of an automatic score where one helps, otherwise of the ratings alone."""
        return self.combined.estimate if self.combined is not None and self.combined.estimate is not None else self.mean


@dataclass(frozen=True)
class RatingTime:
    """How long it takes to rate an output."""

    strategy: str
    median_seconds: float
    ratings: int
    """The number of ratings with a time."""
    ratio: float | None
    """Of geometric means, against the baseline, of the same raters on the same examples."""
    low: float | None
    """The 95% CI of the ratio."""
    high: float | None


@dataclass(frozen=True)
class RaterSummary:
    """One rater's work."""

    name: str
    items: int
    """Items assigned, repeated items included."""
    rated: int
    """Items rated, repeated items included."""
    repeated: int
    """Repeated items that were rated both times."""
    repeated_same: int
    """Those with the same answer both times."""
    decided: int
    """Pairs with a winner."""
    left_wins: int
    """Pairs won by the output on the left."""
    left_low: float | None
    """The exact 95% CI of the share of pairs won on the left."""
    left_high: float | None
    left_p: float | None
    """The binomial p-value of that share against one half."""
    median_seconds: float | None
    """Per rating."""
    checks: int = 0
    """Items with known right answers that were rated."""
    checks_passed: int = 0
    """Those with right answers."""
    checks_low: float | None = None
    """The exact 95% CI of the share of passed checks."""
    checks_high: float | None = None
    disputed: int = 0
    """Adjudicated items on which this rater disagreed with another one."""
    upheld: int = 0
    """Those on which the adjudicator agrees with this rater."""
    upheld_low: float | None = None
    """The exact 95% CI of the share of upheld items."""
    upheld_high: float | None = None
    excluded: str | None = None
    """Why the user has excluded this rater's ratings; None if they count."""

    @property
    def is_careless(self) -> bool:
        """Whether this rater clearly passes fewer than `CHECKS_PASSED` of such checks."""
        return self.checks_high is not None and self.checks_high < CHECKS_PASSED


OrderKind = Literal["time", "agreement", "strictness"]


@dataclass(frozen=True)
class OrderEffect:
    """How a rater's answers change from the first half of the items to the second."""

    rater: str
    kind: OrderKind
    """Of the time per item, of the share of other raters with the same answer, or of how strict answers are compared with theirs."""
    change: float
    """Second half minus first half, as a share of answers or of the scale; of times the ratio of geometric means."""
    low: float | None
    """The 95% CI; None where one half has no spread."""
    high: float | None
    n: int
    """Items."""
    is_clear: bool = False
    """Whether it is more than chance explains, at 5% over all raters and kinds, and large enough to matter."""


@dataclass(frozen=True)
class Disagreements:
    """On how many items raters disagree, and what an adjudicator has settled."""

    items: int
    """Outputs, or pairs of outputs, that two raters or more have rated."""
    disputed: int
    """Those on which they disagree."""
    adjudicated: int
    """Items that an adjudicator has rated."""
    waiting: int
    """Disputed items that no adjudicator has rated."""
    counts: bool
    """Whether results rest on the adjudication: once no disputed item is waiting."""
    changed: int
    """Adjudicated items on which the result differs from that of the raters alone."""
    more_than: int
    """Steps of a scale that answers may be apart without a disagreement."""
    adjudicators: tuple[str, ...]
    saw_ratings: bool
    """Whether an adjudicator was shown what the raters had answered."""
    repeated: int = 0
    """Items that were adjudicated in more than one packet; the last answer counts."""
    excluded: tuple[tuple[str, str], ...] = ()
    """The adjudicators whose ratings do not count, by decision of the user, each with the reason."""


@dataclass(frozen=True)
class MetricAgreement:
    """How well an automatic score agrees with raters."""

    metric: str
    correlation: Score
    """Spearman's correlation with the mean rating (0 is chance). For pairs, of the difference in score with the preference."""
    given_length: Score
    """The same among outputs of one strategy, given the length of the output relative to the reference: what the score adds over them."""
    within_input: Score | None
    """Of two outputs for one input that raters rate differently, how often the score prefers the same one (a tie of the score counts as
    half; 0.5 is chance). None where no input has two."""
    outputs: int
    """The rated outputs, or pairs of outputs."""
    inputs: int
    """The rated inputs, or groups of inputs: what is independent."""
    agrees: bool
    """Whether it can be relied on for these outputs: the lower end of the 95% CI of `given_length` is above `AGREES_ABOVE`, from at least
    `MIN_INPUTS` inputs of a review that describes the whole test set."""


@dataclass(frozen=True)
class Findings:
    """Everything that one packet's ratings show."""

    packet: str
    task: str
    mode: Mode
    created: str
    sampling: str
    """The sampling method."""
    representative: bool
    """Whether rates estimate those over all test examples."""
    population: int
    """The number of test examples that were sampled from."""
    sampled_examples: int
    """Test examples in the packet."""
    rated_examples: int
    """Test examples with a rating."""
    items: int
    """Without repeated items."""
    rated_items: int
    """Without repeated items."""
    replaced_ratings: int
    """Earlier answers that a later one replaced."""
    baseline: str | None
    """The strategy that changes and reductions refer to."""
    preferences: tuple[Preference, ...]
    error_rates: tuple[ErrorRate, ...]
    scale_scores: tuple[ScaleScore, ...]
    rating_times: tuple[RatingTime, ...]
    agreement: Mapping[str, Mapping[Level, Agreement]]
    """By question, and by whether answers are treated as names or in order."""
    raters: tuple[RaterSummary, ...]
    metric_agreement: tuple[MetricAgreement, ...]
    corrections: int
    """Ratings with a corrected version."""
    comments: int
    """Ratings with a comment."""
    order_effects: tuple[OrderEffect, ...] = ()
    """Learning and fatigue."""
    ranking: StrategyRanking | None = None
    """Of three strategies or more that were compared in pairs."""
    disagreements: Disagreements | None = None
    """None where no item has two raters, and none is adjudicated."""
    with_all_raters: Findings | None = None
    """The same with the ratings of those whom the user has excluded; None where none is."""

    @property
    def biased_raters(self) -> tuple[str, ...]:
        """Raters who chose one side more often than chance explains, at 5% over all raters (Bonferroni)."""
        limit = 0.05 / max(1, len(self.raters))
        return tuple(rater.name for rater in self.raters if rater.left_p is not None and rater.left_p < limit)
