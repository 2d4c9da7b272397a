"""A/B tests: planned before anything is deployed, assigned by a hash, and read at any time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY
from harness.api.serving import find_registered
from harness.errors import BenchError, did_you_mean, setting
from harness.lifecycle.experiments import (
    BURN_IN_DAYS,
    BURN_IN_UNITS,
    KNOWN_OUTCOMES,
    WINDOW_DAYS,
    Experiment,
    ExperimentPlan,
    ExperimentReading,
    Goal,
    Traffic,
    VariantName,
    judge_events,
    make_plan,
    pick_variant,
    read_events,
    read_experiment,
)
from harness.validation import describe_problem, field_path

ExperimentLike: TypeAlias = str | os.PathLike[str] | Experiment
GUARDRAIL_FIELDS = ("margin", "expected", "spread", "direction", "low", "high")


def plan_experiment(
    name: str,
    *,
    outcome: str = "accepted",
    margin: float,
    answers_per_day: float,
    units_per_day: float | None = None,
    expected: float | None = None,
    spread: float | None = None,
    correlation: float = 1.0,
    share: float = 0.5,
    goal: Goal = "better",
    unit: str = "user",
    direction: str | None = None,
    low: float | None = None,
    high: float | None = None,
    guardrails: Mapping[str, Mapping[str, float | str]] | None = None,
    also: Sequence[str] = (),
    champion: str = "",
    challenger: str = "",
    assigned_by: str = "bench",
    salt: str | None = None,
    alpha: float = 0.05,
    window_days: float = WINDOW_DAYS,
    burn_in_units: int = BURN_IN_UNITS,
    burn_in_days: float = BURN_IN_DAYS,
) -> ExperimentPlan:
    """How many units and days an A/B test takes, before anything is deployed, and the experiment to write into a file.

    Args:
        name: of the experiment; also its salt, unless one is given. Use every name once.
        outcome: what decides: accepted, edited, edit_distance, rating, minutes, complaint, or another one with direction, low and high.
        margin: the difference that matters, in the unit of the outcome.
        answers_per_day: of both variants together.
        units_per_day: new units a day; by default, each answer is one of a new unit.
        expected: the champion's mean.
        spread: the standard deviation of the outcome of one answer. That of a share follows from its mean; by default, the largest that
            the bounds allow.
        correlation: between two answers of one unit, 0–1.
        share: of the units, for the challenger.
        guardrails: by outcome, its margin; and what is expected of it, as `margin`, `expected` and `spread` above.
        also: outcomes that are reported only.
        champion, challenger: names or digests of the models.
        assigned_by: "service" where another program draws the variants.
        window_days: after the first event of a unit, until its outcome is final; with 0, only its first event counts.
        burn_in_units, burn_in_days: units of each variant, and days, before the first verdict.

    Raises:
        BenchError: a value that is impossible, by its name.
    """
    guardrails = guardrails or {}
    _check_guardrails(guardrails)
    values = {
        "name": name,
        "salt": name if salt is None else salt,
        "unit": unit,
        "goal": goal,
        "assigned_by": assigned_by,
        "variants": {"champion": {"model": champion, "share": 1 - share}, "challenger": {"model": challenger, "share": share}},
        "outcome": _describe_outcome(outcome, margin=margin, direction=direction, low=low, high=high),
        "guardrails": tuple(
            _describe_outcome(each, **{key: fields.get(key) for key in ("margin", "direction", "low", "high")})
            for each, fields in guardrails.items()
        ),
        "also": tuple(_describe_outcome(each) for each in also),
        "alpha": alpha,
        "window_days": window_days,
        "burn_in": {"units": burn_in_units, "days": burn_in_days},
    }
    try:
        experiment = Experiment.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise BenchError([f"{field_path(detail['loc'])}: {describe_problem(detail)}".removeprefix(": ") for detail in details]) from None
    known = {outcome: (expected, spread), **{each: (fields.get("expected"), fields.get("spread")) for each, fields in guardrails.items()}}
    return make_plan(
        experiment,
        Traffic(answers_per_day, answers_per_day if units_per_day is None else units_per_day, correlation),
        {each: float(mean) for each, (mean, _) in known.items() if mean is not None},
        {each: float(value) for each, (_, value) in known.items() if value is not None},
    )


@dataclass(frozen=True)
class RegisteredSides:
    """The champion and the challenger of a task, by their digests, and the challenger's share of the traffic."""

    champion: str
    challenger: str
    share: float


def read_registered_sides(task: str, *, challenger: str | None = None, registry: PathLike = REGISTRY) -> RegisteredSides:
    """What a registry knows about an A/B test of the champion and the challenger of a task.

    Args:
        challenger: the digest of the challenger, or the beginning of it, where the task has several.

    Raises:
        BenchError: no such task, no champion or no challenger; several challengers.
    """
    champion = find_registered(task, "champion", None, registry).event.digest
    other = find_registered(task, "challenger", challenger, registry, parameter="challenger")
    assert other.share is not None  # the registry gives every challenger one
    return RegisteredSides(champion, other.event.digest, other.share)


def _check_guardrails(guardrails: Mapping[str, Mapping[str, float | str]]) -> None:
    for name, fields in guardrails.items():
        unknown = next((key for key in fields if key not in GUARDRAIL_FIELDS), None)
        if unknown is not None:
            raise BenchError(f"{setting('guardrails', name)}: unknown field '{unknown}'.{did_you_mean(unknown, GUARDRAIL_FIELDS)}")
        if "margin" not in fields:
            raise BenchError(f"{setting('guardrails', name)}: needs a margin, by how much it may get worse")


def _describe_outcome(name: str, **fields: float | str | None) -> dict[str, float | str]:
    given = {key: value for key, value in fields.items() if value is not None}
    if name not in KNOWN_OUTCOMES and not {"direction", "low", "high"} <= given.keys():
        known = ", ".join(KNOWN_OUTCOMES)
        raise BenchError(
            f"'{name}' is not one of the known outcomes ({known}): give its direction (whether higher or lower is better), "
            "and its bounds, low and high"
        )
    return {"name": name, **given}


def assign_variant(experiment: ExperimentLike, unit: str) -> VariantName:
    """The variant of a unit: "champion" or "challenger", always the same. Any service can compute it: see docs/lifecycle.md.

    Args:
        experiment: its file, or the experiment.
        unit: the name of the unit, exactly as the service writes it.

    Raises:
        BenchError: an invalid file, or a name that is empty, too long or not valid Unicode.
    """
    return next(iter(assign_variants(experiment, [unit])))[1]


def assign_variants(experiment: ExperimentLike, units: Iterable[str]) -> Iterable[tuple[str, VariantName]]:
    """Units with their variants, one by one. The file is read once, before the first.

    Raises:
        BenchError: an invalid file, variants that another service assigns, or a unit without a valid name.
    """
    opened = open_experiment(experiment)
    if opened.assigned_by != "bench":
        raise BenchError(f"{opened.name}: its variants are assigned by a service, not by the hash. Set assigned_by: bench to change this")
    return ((unit, pick_variant(opened, unit)) for unit in units)


def open_experiment(experiment: ExperimentLike) -> Experiment:
    """An experiment, or that of a file.

    Raises:
        BenchError: an invalid file, with every problem.
    """
    return experiment if isinstance(experiment, Experiment) else read_experiment(Path(experiment))


def read_ab_test(experiment: ExperimentLike, events: PathLike, *, now: float | None = None) -> ExperimentReading:
    """What the events of an A/B test show. It may be read as often as you like: its limits and its verdict hold at all looks together.

    Args:
        experiment: its file, or the experiment.
        events: a file (CSV, JSON Lines or another table) with the columns time, unit, variant and the outcomes of the experiment; a column
            `event` may name each event.
        now: seconds since 1970 (UTC), after which no event may be; the present by default.

    Raises:
        BenchError: an invalid file, with the first ten problems.
    """
    import time

    opened = open_experiment(experiment)
    return judge_events(read_events(Path(events), opened, time.time() if now is None else now), opened)
