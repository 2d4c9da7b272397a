"""The table of guardrails: what was measured, on how many examples, and what its words mean."""

from __future__ import annotations

from typing import Any

import pytest

from harness.gate import GuardrailResult
from harness.reporting.wording.gate.guardrail_tables import limit_title, list_guardrails, measured_amount, status_name
from harness.types import Rule

CEILING = Rule(rule="ceiling", score="critical_error_rate", value=0.05)
NOT_WORSE = Rule(rule="not_worse", score="unsupported_rate", margin=0.01, against="base")


def result(rule: Rule, status: Any = "kept", **more: Any) -> GuardrailResult:
    return GuardrailResult(rule, "lora", status, **{"unit": "fraction", "n": 80, "examples": 80} | more)


@pytest.mark.parametrize(
    ("measured", "text"),
    [
        (result(CEILING, estimate=0.6, low=0.48, high=0.71), "60% (48–71%)"),
        (result(CEILING, estimate=0.6, low=0.48, high=0.71, n=40), "60% (48–71%), on 40 of 80 examples"),
        (result(NOT_WORSE, estimate=-0.314, low=-0.428, high=-0.193), "−31.4 (−42.8 to −19.3) percentage points"),
        (result(NOT_WORSE, estimate=0.0, low=0.0, high=0.0, is_reference=True), "–"),
        (
            result(Rule(rule="ceiling", score="length_ratio", value=1.5), estimate=1.42, low=1.3, high=1.6, unit="ratio"),
            "1.420 (1.300–1.600)",
        ),
        (result(CEILING, "no_evidence", n=0), "–"),
    ],
)
def test_measured_amount(measured: GuardrailResult, text: str) -> None:
    assert measured_amount(measured) == text


def test_strategy_that_others_are_compared_with_is_called_the_reference() -> None:
    assert status_name(result(NOT_WORSE, estimate=0.0, is_reference=True)) == "is the reference"
    assert limit_title(NOT_WORSE, "fraction").endswith("by more than 1 percentage point")


def test_limit_of_a_strategy_without_a_value_is_in_the_unit_of_the_others() -> None:
    measured, unmeasured = result(CEILING, "broken", estimate=0.6, low=0.48, high=0.71), result(CEILING, "no_evidence", unit="", n=0)
    assert [row[1] for row in list_guardrails([unmeasured, measured]).rows] == ["Critical errors at most 5%"] * 2


@pytest.mark.parametrize(("claim", "is_explained"), [("refuted", False), ("undecided", True)])
def test_table_explains_a_limit_that_is_broken_by_the_estimate_alone(claim: Any, is_explained: bool) -> None:
    table = list_guardrails([result(CEILING, "broken", estimate=0.06, low=0.03, high=0.1, claim=claim)])
    assert ("beyond the limit" in table.under) is is_explained
