"""Forecasts as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from harness.types import CellForecast, PlannedForecast


def forecasts_to_json(forecasts: Sequence[PlannedForecast]) -> list[dict[str, Any]]:
    """One object for each strategy, with one for each device. Bytes, seconds, and money in the currency named beside it."""
    return [
        {
            "task": planned.task,
            "model": planned.model,
            "strategy": planned.strategy,
            "train_size": planned.train_size,
            "cheapest_device": None if planned.cheapest is None else planned.cheapest.device,
            "devices": [_to_json(each) for each in planned.forecasts],
        }
        for planned in forecasts
    ]


def _to_json(forecast: CellForecast) -> dict[str, Any]:
    known = forecast.peak is not None
    return asdict(forecast) | {
        "fits": forecast.fits,
        "seconds": forecast.seconds if known else None,
        "seconds_range": forecast.seconds_range if known else None,
    }
