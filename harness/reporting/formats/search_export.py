"""The search as plain values, for the JSON report."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from harness.reporting.views import TaskOutcome
from harness.reporting.views.sections import SearchedStrategy
from harness.reporting.wording import search_sentences
from harness.results import FieldFinding, RateRatio, TotalCost, TrialFinding
from harness.statistics import Comparison


def search_to_json(outcome: TaskOutcome) -> dict[str, Any] | None:
    """How the values of each strategy were chosen: budgets, trials, chosen values, and what the race dropped; None without a search.

    Losses are in nats per target token of the validation examples. A strategy with `dropped` has no cells in the run.
    """
    report = outcome.search
    if report is None:
        return None
    summary, spec = report.summary, report.summary.spec
    return {
        "budget": spec and {"trials": spec.most_trials, "hours": spec.hours, "price": spec.price},
        "race_error_rate": summary.race,
        "validation_examples": report.examples,
        "cost": _cost(summary.spent),
        "share_of_time": summary.share_of_total,
        "strategies": [_strategy(each) for each in report.strategies],
        "dropped": [each.label for each in report.dropped],
        "learning_rate_ratios": [_ratio(ratio) for ratio in summary.ratios],
        "sentences": search_sentences.list_findings(report),
    }


def _strategy(each: SearchedStrategy) -> dict[str, Any]:
    findings, drop = each.findings, each.drop
    return {
        "strategy": findings.search.strategy,
        "model": findings.search.model,
        "chosen": None if drop else dict(findings.chosen.trial.values),
        "fields": [_field(field) for field in findings.fields],
        "improvement_on_own_values": _difference(findings.improvement),
        "trials": [_trial(trial) for trial in findings.trials],
        "best_so_far": [asdict(point) for point in findings.progress],
        "full_trainings": findings.full_trainings,
        "cost": _cost(findings.search.spent),
        "dropped": drop
        and {
            **asdict(drop.dropped),
            "share_of_training": drop.share,
            "rival_strategy": drop.rival_strategy,
            "search_seconds_saved": drop.search_seconds,
            "training_seconds_saved": drop.grid_seconds,
        },
    }


def _field(field: FieldFinding) -> dict[str, Any]:
    return {
        "field": field.name,
        "searched": {"low": field.range.low, "high": field.range.high, "log": field.range.log, "values": list(field.range.values) or None},
        "own": field.own,
        "chosen": field.chosen,
        "as_good_as_chosen": list(field.plausible),
        "values_tried": field.tried,
        "share_near_best": field.robust_share,
        "edge": field.edge,
    }


def _trial(each: TrialFinding) -> dict[str, Any]:
    interval = each.interval
    return {
        "number": each.trial.number + 1,
        "values": dict(each.trial.values),
        "share_of_training": each.trial.share,
        "loss": each.trial.loss if math.isfinite(each.trial.loss) else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "reliable": interval.reliable if interval else None,
        "method": interval.method if interval else None,
        "losses": [part.loss if math.isfinite(part.loss) else None for part in each.trial.parts],
        "standing": each.standing,
        "difference_to_chosen": _difference(each.difference),
        "seconds": each.trial.spent.seconds,
    }


def _difference(difference: Comparison | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {name: getattr(difference, name) for name in ("difference", "low", "high", "p_value", "n", "method", "reliable", "reason")}


def _ratio(ratio: RateRatio) -> dict[str, Any]:
    return asdict(ratio) | {
        "ratio": ratio.ratio,
        "beyond": list(ratio.beyond),
        "ten_is_plausible": ratio.allows(10),
        "ten_is_excluded": ratio.excludes(10),
    }


def _cost(spent: TotalCost) -> dict[str, Any]:
    return {"seconds": spent.seconds, "price": spent.price, "currency": spent.currency, "energy": spent.energy}
