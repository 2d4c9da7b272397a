"""How long an experiment takes, before anything is deployed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.api import plan_experiment
from harness.errors import BenchError


def plan(**changes: Any) -> Any:
    return plan_experiment("test", **{"margin": 0.05, "expected": 0.7, "answers_per_day": 40, **changes})


def test_fewer_users_take_longer() -> None:
    each_new, eight = plan(), plan(units_per_day=8)
    assert eight.outcomes[0].units == each_new.outcomes[0].units
    assert eight.days - 7 == pytest.approx(5 * (each_new.days - 7))


def test_answers_that_differ_add_something() -> None:
    alike, different = plan(units_per_day=8), plan(units_per_day=8, correlation=0.2)
    assert different.outcomes[0].units < 0.5 * alike.outcomes[0].units


def test_an_equal_share_is_the_fastest() -> None:
    assert plan(share=0.1).outcomes[0].units > 2 * plan(share=0.5).outcomes[0].units


def test_rare_guardrails_are_planned_for() -> None:
    made = plan(guardrails={"complaint": {"margin": 0.005, "expected": 0.03}, "minutes": {"margin": 1}})
    assert [each.spec.name for each in made.outcomes] == ["accepted", "complaint"]
    assert made.unplanned == ("minutes",)
    assert made.days == made.outcomes[1].days > made.outcomes[0].days


def test_more_weeks_find_smaller_differences() -> None:
    found = [each.difference for each in plan().horizons]
    assert found == sorted(found, reverse=True) and len(found) == 3


def test_the_burn_in_is_the_least() -> None:
    assert plan(margin=0.9, expected=0.05, answers_per_day=10_000).days == pytest.approx(7, abs=0.1)
    assert plan(margin=0.5, expected=0.2, answers_per_day=10_000, burn_in_days=60).days == 60


def test_hopeless_plans_say_so() -> None:
    made = plan(margin=1e-8)
    assert made.outcomes[0].units is None and made.days is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"margin": 0}, "outcome.margin"),
        ({"margin": 1.0}, "no difference can exceed 1"),
        ({"expected": 0.97}, "so it cannot get better by 0.05"),
        ({"expected": 70}, "accepted ranges from 0 to 1"),
        ({"answers_per_day": 0}, "answers_per_day=0"),
        ({"units_per_day": 50}, "each new unit has at least one answer"),
        ({"correlation": 2}, "correlation=2"),
        ({"spread": 0.8}, "at most 0.5"),
        ({"share": 1.0}, "variants"),
        ({"outcome": "stars"}, "'stars' is not one of the known outcomes"),
        ({"outcome": "time", "direction": "higher", "low": 0, "high": 1}, "is a column of every event"),
        ({"guardrails": {"complaint": {}}}, "needs a margin"),
        ({"guardrails": {"complaint": {"margin": 0.1, "expect": 0.1}}}, "unknown field 'expect'"),
        ({"guardrails": {"accepted": {"margin": 0.1}}}, "named twice"),
        ({"assigned_by": "nobody"}, "assigned_by"),
        ({"salt": ""}, "salt"),
        ({"direction": "up"}, "direction"),
    ],
)
def test_impossible_plans_are_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(BenchError) as refused:
        plan(**changes)
    assert message in str(refused.value)
