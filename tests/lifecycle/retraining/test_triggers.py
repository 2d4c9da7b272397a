"""When a retraining is due."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from harness.errors import BenchError
from harness.lifecycle.retraining import LifecycleSpec, Situation, check_clock, count_days_to_wait, read_triggers

PROMOTED = date(2027, 1, 1)


def when(**fields: Any) -> Any:
    values = {"task": "a", "when": fields, "data": {"new": "x"}, "run": {"strategies": "lora"}}
    return LifecycleSpec.model_validate(values).when


def situation(today: date, **more: Any) -> Situation:
    return Situation(**({"today": today, "promoted": PROMOTED, "last_step": None, "alarms": None, "new_rows": 0} | more))


@pytest.mark.parametrize(
    ("fields", "more", "today", "fires"),
    [
        ({"age_days": 30}, {}, date(2027, 1, 30), False),
        ({"age_days": 30}, {}, date(2027, 1, 31), True),
        ({"age_days": 30}, {"last_step": date(2027, 1, 20)}, date(2027, 1, 31), False),
        ({"new_rows": 500}, {"new_rows": 499}, PROMOTED, False),
        ({"new_rows": 500}, {"new_rows": 500}, PROMOTED, True),
        ({"drift": True}, {}, PROMOTED, False),
        ({"drift": True}, {"alarms": ()}, PROMOTED, False),
        ({"drift": True}, {"alarms": (date(2027, 1, 9), date(2027, 1, 4))}, PROMOTED, True),
    ],
)
def test_each_trigger_fires_from_its_threshold_on(fields: dict[str, Any], more: dict[str, Any], today: date, fires: bool) -> None:
    (trigger,) = read_triggers(when(**fields), situation(today, **more))
    assert trigger.fires == fires


def test_drift_names_the_first_alarm_and_says_where_nothing_was_watched() -> None:
    (trigger,) = read_triggers(when(drift=True), situation(PROMOTED, alarms=(date(2027, 1, 9), date(2027, 1, 4))))
    assert (trigger.value, trigger.since) == (2, date(2027, 1, 4))
    (unwatched,) = read_triggers(when(drift=True), situation(PROMOTED))
    assert unwatched.value is None


def test_triggers_wait_after_a_retraining() -> None:
    spec = when(drift=True, wait_days=7)
    assert count_days_to_wait(spec, situation(date(2027, 1, 9))) == 0
    assert count_days_to_wait(spec, situation(date(2027, 1, 9), last_step=date(2027, 1, 4))) == 2
    assert count_days_to_wait(spec, situation(date(2027, 1, 11), last_step=date(2027, 1, 4))) == 0


def test_a_clock_that_goes_back_is_an_error_that_names_both_dates() -> None:
    check_clock(PROMOTED, PROMOTED, None)
    with pytest.raises(BenchError, match=r"the date goes back: it is 2026-12-31 here, and on 2027-01-01 the champion was promoted"):
        check_clock(date(2026, 12, 31), PROMOTED, None)
    with pytest.raises(BenchError, match=r"on 2027-02-01 the last retraining ended.*today"):
        check_clock(date(2027, 1, 31), PROMOTED, date(2027, 2, 1))
