"""Evidence for decisions, built from a few numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.decision import Evidence, StrategyEvidence
from harness.statistics import Lead, OneSidedLimits, Recommendation, SampleSize
from harness.statistics.claims.recommendation import Candidate
from harness.types import Rule, Score

MARGIN = 0.02
CEILING = Rule(rule="ceiling", score="critical_error_rate", value=0.05)


def score(value: float | None, n: int = 200) -> Score:
    """A score with an interval of ± 0.03."""
    if value is None:
        return Score(None, None, None, n=0, method="made")
    return Score(value, value - 0.03, value + 0.03, n=n, method="made")


def strategy(label: str, value: float | None = 0.8, **more: Any) -> StrategyEvidence:
    """A strategy that is finished, with a score."""
    return StrategyEvidence(label, score(value), selection={"strategy": label}, is_base=label == "base", **more)


class MadeLead(Lead):
    """A lead that 500 test examples would show."""

    @property
    def sample_size(self) -> SampleSize:
        return SampleSize(500, "equal", 0.0, 0.05)


def make_lead(observed: float, error: float, margin: float, strategies: int, reason: str) -> Lead:
    limits = OneSidedLimits(observed, observed - error, observed + error, 0.05, 200, 200, "made", not reason, reason)
    return MadeLead(observed, limits, limits.high, margin, strategies)


def compared(
    values: Mapping[str, float], costs: Mapping[str, float], *, error: float = 0.01, margin: float = MARGIN, reason: str = ""
) -> Recommendation:
    """A recommendation from observed scores, where each lead is known up to an error."""
    candidates = []
    for name, value in values.items():
        leads = {other: make_lead(value - rival, error, margin, len(values), reason) for other, rival in values.items() if other != name}
        candidates.append(Candidate(name, value, costs.get(name), "undecided", 0.0, None, leads))
    basis = Recommendation(None, "", tuple(candidates), margin, 0.05, 0.01, 200, "made", True, "")
    return basis.among(values)


def evidence(strategies: Sequence[StrategyEvidence], **more: Any) -> Evidence:
    """The evidence on a task that chooses among labels and declares nothing, unless told otherwise."""
    error, reason = more.pop("error", 0.01), more.pop("reason", "")
    costs = more.pop("costs", {each.label: float(i + 1) for i, each in enumerate(strategies)})
    values = {each.label: each.score.value for each in strategies if each.score is not None and each.score.value is not None}
    ranked = tuple(sorted(strategies, key=lambda each: -(values.get(each.label, -1.0))))
    recommendation = compared(values, costs, error=error, reason=reason) if len(values) > 1 else None
    made = Evidence("triage", MARGIN, False, (), ranked, recommendation, task_argument="triage.yaml")
    return replace(made, **more)
