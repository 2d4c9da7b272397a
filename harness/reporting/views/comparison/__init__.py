"""Comparisons of two strategies, and what a test set can show before a run."""

from harness.reporting.views.comparison.compare_strategies import compare_runs
from harness.reporting.views.comparison.comparison_request import ComparisonRequest
from harness.reporting.views.comparison.comparison_view import (
    ChangedExample,
    ComparedScore,
    ComparedSlice,
    ComparedStrategy,
    ComparisonView,
    SetupDifference,
)
from harness.reporting.views.comparison.guardrail_forecast import GuardrailForecast
from harness.reporting.views.comparison.power_forecast import PowerForecast, SpreadSource, forecast_power

__all__ = [
    "ChangedExample",
    "ComparedScore",
    "ComparedSlice",
    "ComparedStrategy",
    "ComparisonRequest",
    "ComparisonView",
    "GuardrailForecast",
    "PowerForecast",
    "SetupDifference",
    "SpreadSource",
    "compare_runs",
    "forecast_power",
]
