"""What a schema cannot know about the plan of a run: whether its parts belong together, and whether its names are safe in paths.

The rest of bench looks cells, tasks, models and strategies up by name. A plan that passes these checks has all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any

from harness.store.foreign_paths import find_name_problem
from harness.store.run_plan import EXTERNAL, RunPlan

MAX_SCORE_NAME = 80
_TEXT_OPTIONS = ("device", "device_name", "dtype")
_LISTS_IN_REQUEST = ("models", "plugins", "tasks_dirs", "strategies_dirs")  # what readers of a run use of its request


def find_plan_problem(plan: RunPlan) -> str:
    """The first contradiction or unsafe name in a plan, with its field; empty if there is none."""
    return next(_find_problems(plan), "")


def _find_problems(plan: RunPlan) -> Iterator[str]:
    if not _is_moment(plan.created):
        yield f"created: {plan.created[:80]!r} is not a date and time with a time zone in ISO 8601, such as 2026-01-31T09:30:00+0000"
    yield from _misnamed("tasks", plan.tasks)
    yield from _misnamed("strategies", plan.strategies)
    yield from _misnamed("models", plan.models)
    ids: set[str] = set()
    parts = {"trial_cells": plan.trial_cells, "cells": plan.cells, "leak_cells": plan.leak_cells}
    places = [f"{name}[{i}]" for name, cells in parts.items() for i in range(len(cells))]
    for place, cell in zip(places, plan.all_cells, strict=True):
        if problem := find_name_problem(cell.id):
            yield f"{place}.id: {problem}"
        if cell.id in ids:
            yield f"{place}.id: the id {cell.id!r} occurs twice"
        ids.add(cell.id)
        known = {"task": plan.tasks, "strategy": plan.strategies, "model": {EXTERNAL: None, **plan.models}}
        for field, names in known.items():
            if getattr(cell, field) not in names:
                yield f"{place}.{field}: the plan has no {field} {getattr(cell, field)[:80]!r}"
        if cell.train_size < 0 or (cell.seed is not None and cell.seed < 0):
            yield f"{place}: train_size and seed must not be negative"
    for field in ("data", "data_digests"):
        if missing := [name for name in plan.tasks if name not in getattr(plan, field)]:
            yield f"{field}: the task {missing[0]!r} is missing"
    for name, scores in plan.plugin_scores.items():
        if not scores or not all(score.name.strip() and len(score.name) <= MAX_SCORE_NAME for score in scores):
            yield f"plugin_scores.{name[:80]}: needs scores with names of at most {MAX_SCORE_NAME} characters"
    yield from _search_problems(plan)
    yield from _forecast_problems(plan, ids)
    yield from _option_problems(plan.options)


def _forecast_problems(plan: RunPlan, ids: set[str]) -> Iterator[str]:
    for cell_id, forecast in plan.forecasts.items():
        place = f"forecasts.{cell_id[:80]}"
        if cell_id not in ids:
            yield f"{place}: the plan has no such cell"
        ranges = [each for each in (forecast.peak, forecast.training_seconds, forecast.answer_seconds) if each is not None]
        amounts = [amount for each in ranges for amount in (each.value, each.low, each.high, each.computed)] + [forecast.price]
        amounts += [] if forecast.memory is None else astuple(forecast.memory)
        if not all(amount is None or 0 <= amount < math.inf for amount in amounts):
            yield f"{place}: bytes, seconds and prices must be numbers of 0 or more"


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
        return moment.tzinfo is not None and moment.astimezone(UTC).year > 0  # the first and last days have no time in every zone
    except (ValueError, OverflowError):
        return False


def _search_problems(plan: RunPlan) -> Iterator[str]:
    ids = {cell.id for cell in plan.trial_cells}
    if ids != set(plan.trials):
        yield "trials: must describe each of trial_cells, and nothing else"
    for cell_id, trial in plan.trials.items():
        if trial.previous is not None and trial.previous not in ids:
            yield f"trials.{cell_id[:80]}.previous: the plan has no trial {trial.previous[:80]!r}"
    for i, dropped in enumerate(plan.dropped):
        if missing := next((each for each in (dropped.trial, dropped.rival) if each not in ids), None):
            yield f"dropped[{i}]: the plan has no trial {missing[:80]!r}"


def _misnamed(field: str, named: Mapping[str, Any]) -> Iterator[str]:
    for key, value in named.items():
        if value.name != key:
            yield f"{field}: the entry {key[:80]!r} holds {value.name[:80]!r}"


def _option_problems(options: Mapping[str, Any]) -> Iterator[str]:
    for name in _TEXT_OPTIONS:
        if not isinstance(options.get(name, ""), str):
            yield f"options.{name}: must be text"
    if not isinstance(options.get("trust_remote_code", False), bool):
        yield "options.trust_remote_code: must be true or false"
    price = options.get("price", {})
    if not isinstance(price, Mapping):
        yield "options.price: must be an object"
    else:
        per_hour = price.get("per_hour")
        is_number = isinstance(per_hour, int | float) and not isinstance(per_hour, bool)
        if per_hour is not None and not (is_number and math.isfinite(per_hour) and per_hour >= 0):
            yield "options.price.per_hour: must be a number that is not negative, or null"
        if not all(isinstance(price.get(name, ""), str | None) for name in ("currency", "source")):
            yield "options.price: currency and source must be text"
    request = options.get("request", {})
    if not isinstance(request, Mapping):
        yield "options.request: must be an object"
        return
    for name in _LISTS_IN_REQUEST:
        value = request.get(name, ())
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
            yield f"options.request.{name}: must be a list of texts"
