"""Which of several claims hold together? Each is true, or wrongly made, on the same examples.

A gate that reports "rule X failed" makes several such claims at once: of three rules exactly at their border, each judged at 5%, some fails
in 11–12% of samples. With the step-down procedure of Holm (1979, "A simple sequentially rejective multiple test procedure", Scandinavian
Journal of Statistics 6:65–70), a wrong claim is among them in at most alpha of the samples, however they depend on each other. The claim
that *all* rules are kept needs no correction: it is wrong only if each wrong rule passes (Berger 1982, Technometrics 24:295–300).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


def holm_adjust(p_values: Sequence[float | None]) -> list[float | None]:
    """The p-values adjusted by Holm's procedure; those that are None are not counted and stay None."""
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        adjusted[place] = largest
    return adjusted


def holm_rejections(rejects_at: Sequence[Callable[[float], bool]], alpha: float) -> tuple[bool, ...]:
    """Holm's procedure for hypotheses that are tested with limits: which are rejected together at level alpha?

    Args:
        rejects_at: for each hypothesis, whether it is rejected at a level. What is rejected at a level must be so at every higher one.
    """
    open_: list[int] = list(range(len(rejects_at)))
    rejected: set[int] = set()
    while open_:
        now = [place for place in open_ if rejects_at[place](alpha / len(open_))]
        if not now:
            break
        rejected.update(now)
        open_ = [place for place in open_ if place not in rejected]
    return tuple(place in rejected for place in range(len(rejects_at)))
