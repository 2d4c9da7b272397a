"""How much data is enough, as JSON."""

from __future__ import annotations

from typing import Any

from harness.reporting.views import CurveOutlook, DataEnough, SizeOutlook
from harness.reporting.wording.data import enough_sentences


def data_enough_to_json(enough: DataEnough) -> dict[str, Any]:
    """What more labelled examples would bring and cost, and which parts lack examples, with the sentences of the terminal."""
    price = enough.price
    return {
        "run": enough.run,
        "task": enough.task,
        "score": enough.score.name,
        "margin": enough.margin,
        "labelled_training_examples": enough.available,
        "cost_per_label": None if price is None else {"amount": price.amount, "currency": price.currency},
        "curves": [_curve(outlook, enough) for outlook in enough.curves],
        "parts": {
            "score": enough.part_score or None,
            "strategy": enough.judged,
            "sentence": enough_sentences.describe_parts(enough) or None,
            "rows": [
                {
                    "by": part.by,
                    "name": part.name,
                    "training": part.training,
                    "test": part.test,
                    "value": part.score.value,
                    "low": part.score.low,
                    "high": part.score.high,
                    "lacks_examples": part.lacks,
                    "too_few_to_judge": part.too_few,
                }
                for part in enough.parts
            ],
        },
    }


def _curve(outlook: CurveOutlook, enough: DataEnough) -> dict[str, Any]:
    curve = outlook.own.curve
    return {
        "strategy": outlook.own.label,
        "model": outlook.own.model,
        "measured": [{"train_size": size, "value": score.value, "low": score.low, "high": score.high} for size, score in curve.points],
        "problem": curve.problem or None,
        "reliable": curve.reliable,
        "sizes": [_size(size) for size in outlook.sizes],
        "sentences": enough_sentences.describe_outlook(outlook, enough),
    }


def _size(size: SizeOutlook) -> dict[str, Any]:
    forecast, step = size.forecast, size.forecast.step
    per_margin = size.cost_per_margin
    return {
        "train_size": forecast.size,
        "value": forecast.value,
        "low": forecast.low,
        "high": forecast.high,
        "gain": {"from": step.start, "value": step.gain, "low": step.low, "high": step.high},
        "outlook": forecast.outlook,
        "beyond_ten_times": forecast.is_far,
        "new_labels": size.new_labels,
        "cost": size.cost,
        "cost_per_margin": None if per_margin is None else dict(zip(("value", "low", "high"), per_margin, strict=True)),
    }
