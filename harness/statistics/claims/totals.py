"""What do totals of several systems show, where the answers to single examples are not known?

Two totals can be compared only as if the systems had answered different examples. Answers to the same examples usually agree more often
than by chance; then the interval is wider than a paired one, and what it shows holds. How much wider cannot be said without the answers.

| for a pair of systems | it is |
| --- | --- |
| the p-value of two independent proportions, corrected for all pairs (Holm 1979), is below α | "shown" to differ |
| even if every answer on which they differ favours the same system, the mid-p McNemar test is not below α | "beyond" any analysis of them |
| otherwise | "open": the answers to single examples could show it |
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, TypeAlias

from harness.statistics.claims.holm import holm_adjust
from harness.statistics.intervals import mcnemar_midp
from harness.types import ScoreTotal

TotalsStanding: TypeAlias = Literal["shown", "beyond", "open"]
_FEWEST_EXPECTED = 1.0  # of right and of wrong answers, for which the test is valid


@dataclass(frozen=True)
class TotalsPair:
    """One system less another.

    Attributes:
        difference: of their scores, b − a.
        p_value: two-sided, corrected for all pairs; None where the test is not valid.
    """

    a: str
    b: str
    difference: float
    p_value: float | None
    standing: TotalsStanding


def compare_totals(totals: Mapping[str, ScoreTotal], *, alpha: float = 0.05) -> tuple[TotalsPair, ...]:
    """Every pair of systems, in their order; pairs whose right answers are not known are left out."""
    pairs = [(a, b) for a, b in combinations(totals, 2) if totals[a].successes is not None and totals[b].successes is not None]
    adjusted = holm_adjust([_p_value(totals[a], totals[b]) for a, b in pairs])
    return tuple(
        TotalsPair(a, b, totals[b].value - totals[a].value, p_value, _standing(totals[a], totals[b], p_value, alpha))
        for (a, b), p_value in zip(pairs, adjusted, strict=True)
    )


def _p_value(a: ScoreTotal, b: ScoreTotal) -> float | None:
    """The "N − 1" chi-squared test of two independent proportions (Campbell 2007, Statistics in Medicine 26:3661–3675).

    Valid where at least one right and one wrong answer of each is expected; None elsewhere.
    """
    assert a.successes is not None and b.successes is not None
    n, right = a.n + b.n, a.successes + b.successes
    if min(a.n, b.n) * min(right, n - right) / n < _FEWEST_EXPECTED:
        return None
    table = a.successes * (b.n - b.successes) - b.successes * (a.n - a.successes)
    squared = (n - 1) * table**2 / (a.n * b.n * right * (n - right))
    return math.erfc(math.sqrt(squared / 2))


def _standing(a: ScoreTotal, b: ScoreTotal, p_value: float | None, alpha: float) -> TotalsStanding:
    if p_value is not None and p_value < alpha:
        return "shown"
    assert a.successes is not None and b.successes is not None
    is_beyond = a.n == b.n and mcnemar_midp(abs(a.successes - b.successes), 0) >= alpha
    return "beyond" if is_beyond else "open"
