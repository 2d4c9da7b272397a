"""A year of daily looks without a change, and the delay until a change is found: the tables of docs/statistics.md."""

from __future__ import annotations

import numpy as np
import pytest
from chance import at_most
from monitored_years import Draw, find_alarm, normal, patients, rare, skewed

pytestmark = pytest.mark.soak

TESTS = 12  # that share the 5%, as on a task with texts


@pytest.mark.parametrize("reference", [30, 100, 1000])
@pytest.mark.parametrize("draw", [normal, skewed, rare, patients])
def test_a_year_of_daily_looks_alarms_in_five_percent_at_most(draw: Draw, reference: int) -> None:
    """One test at 5%: those that share it are at lower levels."""
    rng = np.random.default_rng(reference)
    alarms = [find_alarm(rng, draw, reference=reference, per_day=10, days=365, alpha=0.05) is not None for _ in range(400)]
    print(f"\n{draw.__name__}, reference {reference}: {np.mean(alarms):.2%} false alarms")
    assert at_most(0.05, float(np.mean(alarms)), len(alarms))


@pytest.mark.parametrize("reference", [100, 500])
@pytest.mark.parametrize("per_day", [10, 40, 200])
@pytest.mark.parametrize(("shift", "days"), [(0.3, 120), (0.6, 60), (1.0, 30)])
def test_delay(shift: float, days: int, per_day: int, reference: int) -> None:
    rng = np.random.default_rng(7)
    begins = 30
    found = [
        find_alarm(rng, normal, reference=reference, per_day=per_day, days=begins + days, alpha=0.05 / TESTS, shift=shift, begins=begins)
        for _ in range(40)
    ]
    delays = [day - begins + 1 if day is not None and day >= begins else np.inf for day in found]
    middle, late = np.quantile(delays, [0.5, 0.9], method="higher")
    print(f"\nshift {shift}, {per_day} a day, reference {reference}: median {middle:.0f} days, nine of ten within {late:.0f}")
    assert sum(day is not None and day < begins for day in found) <= 2
    assert np.isfinite(middle)
