"""Which of several tests for drift sound an alarm, so that any false alarm ever has probability α at most."""

from __future__ import annotations

from collections.abc import Sequence


def find_alarms(p_values: Sequence[float], weights: Sequence[float], alpha: float = 0.05) -> tuple[bool, ...]:
    """Holm's procedure with weights (Holm 1979, Scandinavian Journal of Statistics 6:65–70), for any dependence between the tests.

    With p-values that are valid at every look (`DriftTest.p_value`), the chance that any test without a change ever sounds an alarm is at
    most α: the smallest p-value over all looks is itself a valid p-value, and an alarm never ends.

    Args:
        weights: the share of α of each test; their sum is at most 1. Fixed before the first look.

    Raises:
        ValueError: the weights sum to more than 1.
    """
    if sum(weights) > 1 + 1e-9:
        raise ValueError(f"the weights sum to {sum(weights):g}, which is more than 1")
    alarms = [False] * len(p_values)
    while True:
        left = sum(weight for weight, alarm in zip(weights, alarms, strict=True) if not alarm)
        new = [
            place
            for place, (p, weight) in enumerate(zip(p_values, weights, strict=True))
            if not alarms[place] and weight > 0 and p * left <= alpha * weight
        ]
        if not new:
            return tuple(alarms)
        for place in new:
            alarms[place] = True


def look_share(look: int) -> float:
    """The share of α that the k-th look of a test with ordinary p-values may use: 1/(k(k + 1)). All shares sum to 1.

    p / share is then a p-value that is valid at every look (Bonferroni).

    Raises:
        ValueError: looks are numbered from 1.
    """
    if look < 1:
        raise ValueError(f"look {look}: looks are numbered from 1")
    return 1 / (look * (look + 1))
