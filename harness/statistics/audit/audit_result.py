"""The result of an audit: each promise of a report, and how often it was kept in simulations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.statistics.intervals import proportion_interval

CheckKind: TypeAlias = Literal[
    "score_interval",
    "difference_interval",
    "wrong_direction",
    "false_difference",
    "wrong_choice",
    "hidden_failures",
    "false_guardrail",
    "false_usable",
    "wrong_pass",
    "wrong_fail",
]
SkipReason: TypeAlias = Literal["one_strategy", "no_direction", "not_additive", "out_of_reach", "no_scale"]
CheckOutcome: TypeAlias = Literal["kept", "not_kept", "low_confidence", "unclear"]

TOLERATED_COVERAGE = 0.93  # of a 95% interval: what the methods are built for within their range


@dataclass(frozen=True)
class Rate:
    """How often something happened in the simulations."""

    count: int
    times: int

    @property
    def share(self) -> float:
        return self.count / self.times

    @property
    def limits(self) -> tuple[float, float]:
        """The 95% confidence interval of the true rate (Wilson and mid-P): the simulations are a sample, too."""
        interval = proportion_interval(self.count, self.times)
        return interval.low or 0.0, 1.0 if interval.high is None else interval.high


@dataclass(frozen=True)
class AuditCheck:
    """One promise of the report.

    Attributes:
        strategies: whose score, or whose difference, the later-named minus the earlier.
        truth: the true score or difference in the simulated world.
        rate: how often the interval held the truth, or the wrong claim was made.
        limit: the promise: an interval holds the truth at least this often, a wrong claim is made at most this often.
        low_confidence: how often the report itself marked the number as low confidence.
        unmarked: how often it was wrong (the interval missed the truth, the claim was made) without this mark.
        score: the name of the score.
    """

    kind: CheckKind
    strategies: tuple[str, ...]
    truth: float
    rate: Rate
    limit: float
    low_confidence: Rate
    unmarked: Rate
    score: str

    @property
    def is_coverage(self) -> bool:
        """Whether the rate must be high; the rate of wrong claims must be low."""
        return self.kind in ("score_interval", "difference_interval")

    @property
    def outcome(self) -> CheckOutcome:
        """Whether the promise is kept, within three standard errors of the simulations.

        "low_confidence": it is not, but it is where errors count only without the mark of low confidence. "unclear": there are too few
        simulations to see a rate that is twice the promised error.
        """
        errors = self.rate.times - self.rate.count if self.is_coverage else self.rate.count
        tolerated = 1 - TOLERATED_COVERAGE if self.is_coverage else self.limit
        noise = 3 * math.sqrt(tolerated * (1 - tolerated) / self.rate.times)
        if errors / self.rate.times > tolerated + noise:
            return "not_kept" if self.unmarked.share > tolerated + noise else "low_confidence"
        return "kept" if noise <= tolerated else "unclear"


@dataclass(frozen=True)
class SkippedCheck:
    """What could not be simulated, and why.

    Attributes:
        reason: "one_strategy": there is nothing to compare. "no_direction": neither higher nor lower is better. "not_additive": the score
            depends on all examples together, so that no such world can be built from them. "out_of_reach": the observed examples would
            have to be weighted too unequally. "no_scale": the worst value of the score is not known, or a total failure costs less than Δ.
    """

    kind: CheckKind
    strategies: tuple[str, ...]
    reason: SkipReason


@dataclass(frozen=True)
class Audit:
    """What the report on one task is worth on data like these.

    Attributes:
        requested: the simulations that were asked for; fewer are done after an interruption.
        dropped: examples without a score of some strategy, which are left out.
        best: the strategy with the best observed score: the true best where the run's examples are the truth.
        choices: where the run's examples are the truth, how often each strategy was recommended; None: no recommendation.
        good_choices: how often the recommended one was truly within Δ of the best.
        alpha: the level of the recommendation.
    """

    score: str
    unit: str
    n: int
    units: int
    dropped: int
    strategies: tuple[str, ...]
    best: str
    margin: float
    alpha: float
    simulations: int
    requested: int
    seed: int
    checks: tuple[AuditCheck, ...]
    skipped: tuple[SkippedCheck, ...]
    choices: Mapping[str | None, Rate]
    good_choices: Rate | None

    @property
    def best_named(self) -> Rate | None:
        """How often the true best was recommended; None without a recommendation to simulate."""
        return self.choices.get(self.best)

    @property
    def broken(self) -> tuple[AuditCheck, ...]:
        """The promises that are not kept, and that the report does not mark as low confidence."""
        return tuple(check for check in self.checks if check.outcome == "not_kept")
