"""What a packet's ratings say, as values that reports and gates read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.review.findings.agreement import Agreement, Level
from harness.review.packets import Mode
from harness.statistics import Reduction
from harness.types import Score


@dataclass(frozen=True)
class Change:
    """A difference to base on the same rows, more is more; `p_value` is None where the method gives none."""

    value: float
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    method: str


@dataclass(frozen=True)
class Preference:
    """How often people prefer `strategy` to `against`. A tie and "both bad" count half in `rate`.

    Counts are of judgements; `rows_for` and `rows_against` are the test rows on which more raters preferred the one, or the other, and
    `sign_p` is the two-sided sign test on them, one vote a group where rows share groups; None where rows were not equally likely.
    """

    strategy: str
    against: str
    rate: Score
    wins: int
    losses: int
    ties: int
    both_bad: int
    rows_for: int
    rows_against: int
    sign_p: float | None


@dataclass(frozen=True)
class ErrorRate:
    """How often an output of `strategy` has an error that at least half of its raters call critical; and one that they call minor or
    worse. `kinds` are the shares of rows on which at least half of the raters marked a kind. `change` and `reduction` are those of the
    critical rate against base; None for base itself."""

    strategy: str
    critical: Score
    any_error: Score
    kinds: Mapping[str, float]
    change: Change | None
    reduction: Reduction | None


@dataclass(frozen=True)
class ScaleScore:
    """The mean answer on one scale, 1 for the worst answer; `change` is that to base."""

    strategy: str
    scale: str
    answers: tuple[str, ...]
    mean: Score
    change: Change | None


@dataclass(frozen=True)
class Time:
    """How long a judgement of an output took: the median in seconds; against base the ratio of geometric means on the same rows, of the
    same raters, with its 95 % interval."""

    strategy: str
    median: float
    judgements: int
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Rater:
    """One rater: how many judgements were asked and made, how many of those that came back got the same answer, how often the left output
    won where one did (with the exact 95 % interval and p-value of the side), the median seconds of a judgement."""

    name: str
    asked: int
    made: int
    repeated: int
    repeated_same: int
    decided: int
    left: int
    left_low: float | None
    left_high: float | None
    left_p: float | None
    median_seconds: float | None


@dataclass(frozen=True)
class MetricAgreement:
    """How far an automatic score agrees with people. Of pairs: the share of rows on which it prefers what most raters prefer (a tie of the
    score counts half; 0.5 is chance). Of single outputs: Kendall's τ-b with their mean answer (0 is chance)."""

    metric: str
    measure: str
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Findings:
    """Everything that one packet says. `rows` are the test rows that somebody judged, of those that were asked; `base` is what errors and
    scales are held against; `agreement` is by question and by what the order of its answers counts for."""

    packet: str
    task: str
    mode: Mode
    created: str
    sampling: str
    generalises: bool
    rows_asked: int
    rows: int
    population: int
    asked: int
    made: int
    superseded: int
    base: str | None
    preferences: tuple[Preference, ...]
    errors: tuple[ErrorRate, ...]
    scales: tuple[ScaleScore, ...]
    times: tuple[Time, ...]
    agreement: Mapping[str, Mapping[Level, Agreement]]
    raters: tuple[Rater, ...]
    metrics: tuple[MetricAgreement, ...]
    corrected: int
    comments: int
