"""A run for programs: one record for each cell, as plain JSON values. Texts are as they were stored, numbers are not rounded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from harness.data.privacy import tag_identifiers
from harness.decision import Decision
from harness.reporting.formats.judge_export import judge_to_json
from harness.reporting.formats.money_export import claims_to_json, leak_to_json, money_to_json, safety_to_json
from harness.reporting.formats.search_export import search_to_json
from harness.reporting.views import TaskOutcome, build_task_outcome
from harness.reporting.views.comparison import ComparisonView
from harness.reporting.views.sections import StrategyCurve
from harness.reporting.wording import cascade_sentences, cell_notes, comparison_sentences, decision_sentences, learning_sentences
from harness.results import PHASES, RunResults, TaskResults, total_cost
from harness.statistics import Step
from harness.store import to_jsonable
from harness.types import Cell, CellResult, Cost, Score


def to_json(run: RunResults, *, volume: int | None = None) -> dict[str, Any]:
    """`{"run": name, "cells": [...], "decisions": [...], "learning_curves": [...], "judges": [...]}`, the cells in the order of the plan.

    The status of an unfinished cell is 'interrupted'; only cells that are done have scores. Scores are computed from the stored
    predictions. Seconds are wall-clock time, memory is in bytes, energy in joules. A number that was not measured is null, never NaN.

    Args:
        volume: outputs per month, for costs; by default those that each task declares.
    """
    outcomes = [build_task_outcome(results, volume=volume) for results in run.by_task.values()]
    record: dict[str, Any] = to_jsonable(
        {
            "run": run.name,
            "cells": [_cell(cell, run.status(cell.id), run.results.get(cell.id), run.by_task[cell.task]) for cell in run.cells],
            "decisions": [_decision(outcome) for outcome in outcomes],
            "learning_curves": [_learning_curve(outcome, c) for outcome in outcomes if outcome.learning for c in outcome.learning.curves],
            "judges": [judge_to_json(findings) for outcome in outcomes for findings in outcome.judges],
        }
    )
    return record


def comparison_to_json(views: Sequence[ComparisonView]) -> dict[str, Any]:
    """`{"comparisons": [...]}`: every value of the views, A first. A number that does not exist is null, never NaN."""
    record: dict[str, Any] = to_jsonable(
        {"comparisons": [_comparison(view) | {"warnings": comparison_sentences.list_warnings(view)} for view in views]}
    )
    return record


def _comparison(view: ComparisonView) -> dict[str, Any]:
    """The values of the view. "Not worse" has the number of examples instead of the check that it follows from."""
    record = asdict(replace(view, not_worse=None))
    if claim := view.not_worse:
        size = claim.sample_size
        values = {each.name: getattr(claim, each.name) for each in fields(claim) if each.name != "check"}
        record["not_worse"] = values | {"sample_size": asdict(size) if size else None}
    return record


def _decision(outcome: TaskOutcome) -> dict[str, Any]:
    """The decision with its codes, numbers and sentences. `comparison` is how the strategies that are not ruled out compare."""
    decision = outcome.decision
    values = asdict(replace(decision, recommendation=None, rules=(), guardrails=()))
    del values["recommendation"], values["rules"]
    compared = decision.recommendation
    text = decision_sentences.describe_decision(outcome)
    return values | {
        "task": outcome.name,
        "score": outcome.primary.name,
        "trivial": asdict(outcome.trivial) if outcome.trivial else None,
        "rules": [rule.model_dump(mode="json", exclude_none=True) for rule in decision.rules],
        "guardrails": guardrails_to_json(decision),
        "comparison": {name: value for name, value in asdict(compared).items() if name != "choice"} if compared else None,
        "against_full": [{"strategy": share.label, **asdict(share.kept), "cost_ratio": share.cost} for share in outcome.full_tuning],
        "costs_in_use": money_to_json(outcome),
        "claims": claims_to_json(outcome),
        "safety": safety_to_json(outcome),
        "leak_test": leak_to_json(outcome),
        "search": search_to_json(outcome),
        "cascades": [asdict(each) | {"sentences": cascade_sentences.describe_cascade(each)} for each in outcome.cascades],
        "headline_code": decision.headline,
        "headline": text.headline,
        "sentences": [text.headline, *text.why, *text.conditions, *filter(None, [text.confidence])],
        "next_steps": [
            {**asdict(step), "sentence": words.text, "command_line": words.code}
            for step, words in zip(decision.next_steps, text.steps, strict=True)
        ],
    }


def guardrails_to_json(decision: Decision) -> list[dict[str, Any]]:
    """The guardrails with what was measured of each."""
    return [vars(each) | {"rule": each.rule.model_dump(mode="json", exclude_none=True)} for each in decision.guardrails]


def _learning_curve(outcome: TaskOutcome, own: StrategyCurve) -> dict[str, Any]:
    """What was measured, and what more training examples are predicted to bring."""
    curve = own.curve
    return {
        "task": outcome.name,
        "model": own.model,
        "strategy": own.strategy,
        "score": outcome.primary.name,
        "margin": curve.margin,
        "points": [{"train_size": size, **score_to_json(score)} for size, score in curve.points],
        "trainings_per_size": curve.min_seeds,
        "last_step": _step(curve.last_step),
        "laws": [{"law": law.name, **asdict(law)} for law in curve.laws],
        "rejected_law": curve.rejected,
        "problem": curve.problem or None,
        "forecasts": [
            {
                "train_size": f.size,
                "value": f.value,
                "low": f.low,
                "high": f.high,
                "gain": _step(f.step),
                "beyond_ten_times": f.is_far,
                "outlook": f.outlook,
            }
            for f in curve.forecasts
        ],
        "method": curve.method,
        "reliable": curve.reliable,
        "reason": curve.reason or None,
        "sentences": learning_sentences.describe_curve(curve, outcome.primary),
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "from": step.start,
        "to": step.end,
        "value": step.gain,
        "low": step.low,
        "high": step.high,
        "reliable": step.reliable,
        "examples_needed": step.examples_needed,
    }


def _cell(cell: Cell, status: str, result: CellResult | None, results: TaskResults) -> dict[str, Any]:
    scores = results.scores([cell]) if status == "done" else {}
    costs = result.costs if result else ()
    return {
        "task": cell.task,
        "model": cell.model,
        "strategy": cell.strategy,
        "train_size": cell.train_size,
        "seed": cell.seed,
        "status": status,
        "error": tag_identifiers(result.error) if result and result.error else None,
        "scores": {name: score_to_json(score) for name, score in scores.items()},
        "costs": {phase: _cost(own) for phase in PHASES if (own := [c for c in costs if c.phase == phase])},
        "total_cost": _total(costs),
        "parameters": {
            "trainable": result.trainable_parameters if result else None,
            "total": result.total_parameters if result else None,
        },
        "artifact_bytes": result.artifact_bytes if result else None,
        "general_loss": _general_loss(result),
        "notes": [cell_notes.note_sentence(note) for note in result.notes] if result else [],
    }


def _general_loss(result: CellResult | None) -> dict[str, float] | None:
    """In nats per token of general text."""
    if result is None or result.general_loss is None:
        return None
    before, after = result.general_loss
    return {"before": before, "after": after, "forgetting": after - before}


def score_to_json(score: Score) -> dict[str, Any]:
    """A score with its interval, and how far it can be trusted."""
    return {
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "n": score.n,
        "method": score.method,
        "reliable": score.reliable,
        "reason": score.reason or None,
    }


def _total(costs: Sequence[Cost]) -> dict[str, Any]:
    """All phases of a cell together."""
    total = asdict(total_cost(costs))
    del total["peak_reserved"]  # each phase has it
    return total


def _cost(costs: Sequence[Cost]) -> dict[str, Any]:
    """The entries of one phase together."""
    total = total_cost(costs)
    return {
        "seconds": total.seconds,
        "peak_allocated": total.peak_allocated,
        "peak_reserved": total.peak_reserved,
        "tokens": total.tokens,
        "energy": total.energy,
        "price": total.price,
        "currency": total.currency,
    }
