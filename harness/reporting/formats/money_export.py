"""Costs in use, common claims, error rates and the leak test as plain values, for the JSON report."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.reporting.views import TaskOutcome
from harness.reporting.views.sections import MoneyRow, ReplacementReport, SpeedRow
from harness.reporting.wording import claim_sentences, leak_sentences, money_sentences, replacement_sentences, safety_sentences


def money_to_json(outcome: TaskOutcome) -> dict[str, Any]:
    """What each strategy costs a month, per acceptable output, and once; `assumptions` are sentences."""
    money = outcome.money
    return {
        "volume": money.volume,
        "price_per_hour": money.per_hour,
        "price_source": money.source or None,
        "currency": money.currency,
        "accepted_by": money.accepted_by,
        "assumptions": money_sentences.list_assumptions(outcome),
        "strategies": [_row(row) for row in money.rows],
        "replacement": None if outcome.replacement is None else _replacement(outcome.replacement),
        "served": [{"strategy": each.label} | asdict(each.measured) | asdict(each.costs) for each in outcome.served],
        "speeds": None if outcome.speeds is None else [_speed(row) for row in outcome.speeds.rows],
    }


def claims_to_json(outcome: TaskOutcome) -> list[dict[str, Any]]:
    """Each common claim with what was measured, the verdict, and the reason in words."""
    return [
        asdict(claim)
        | {"claim": claim_sentences.describe_claim(claim), "sentence": claim_sentences.describe_reason(claim, outcome.primary)}
        for claim in outcome.claims
    ]


def safety_to_json(outcome: TaskOutcome) -> dict[str, Any]:
    """Error rates of every strategy with their change against the untuned model, and the subgroups with most critical errors."""
    safety = outcome.safety
    tables = [
        asdict(table) | {"rows": [asdict(row) | {"sentence": safety_sentences.describe_change(row) or None} for row in table.rows]}
        for table in safety.tables
    ]
    return asdict(safety) | {"tables": tables}


def leak_to_json(outcome: TaskOutcome) -> dict[str, Any] | None:
    """What each strategy remembers of its training data, by the number of times that a secret was planted; None without a leak test."""
    report = outcome.leaks
    if report is None:
        return None
    rows = [
        asdict(row)
        | {"by_repeats": [{"repeats": n, "exposure": bits, "at_least": censored} for n, (bits, censored) in row.by_repeats.items()]}
        for row in report.rows
    ]
    return asdict(report) | {"rows": rows, "sentences": leak_sentences.list_findings(report)}


def _replacement(report: ReplacementReport) -> dict[str, Any]:
    """The break-even of each own strategy with each hosted one, and what it assumes."""
    rows = [asdict(row.replacement) | {"quality": row.quality} for rival in report.rivals for row in rival.rows]
    return {
        "assumptions": report.spec.model_dump(),
        "volume": report.volume,
        "sentences": replacement_sentences.list_assumptions(report),
        "pairs": rows,
    }


def _speed(row: SpeedRow) -> dict[str, Any]:
    """The speed of one form of a model's weights. Times are in seconds; an interval tells its method and whether it is reliable."""
    costs = asdict(row.costs)
    return {"strategy": row.label, "seed": row.seed, "alone_to_run_price_ratio": row.times_run_price} | costs


def _row(row: MoneyRow) -> dict[str, Any]:
    use, costs = row.use, row.costs
    return {
        "strategy": row.label,
        "monthly_price": use.monthly_price,
        "monthly_seconds": use.monthly_seconds,
        "acceptable_share": asdict(use.acceptable) if use.acceptable else None,
        "price_per_acceptable_output": use.acceptable_price,
        "price_per_acceptable_output_low": use.acceptable_low,
        "price_per_acceptable_output_high": use.acceptable_high,
        "training_price": costs.training_price,
        "training_seconds": costs.training_seconds,
        "search_price": costs.search_price,
        "search_seconds": costs.search_seconds,
        "seconds_per_output": costs.answer_seconds,
        "price_per_1k": costs.thousand_price,
        "payback": asdict(use.payback) if use.payback else None,
        "baseline": row.baseline or None,
        "rating_minutes": row.review.minutes if row.review else None,
    }
