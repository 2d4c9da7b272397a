"""An experiment: a YAML file with strict fields, whose errors are all reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, model_validator

from harness.catalog import YamlFile, parse
from harness.errors import BenchError
from harness.types import Declared, Name

Direction: TypeAlias = Literal["higher", "lower"]
Goal: TypeAlias = Literal["better", "not_worse"]
VariantName: TypeAlias = Literal["champion", "challenger"]
VARIANTS: tuple[VariantName, VariantName] = ("champion", "challenger")

# The outcomes that need no direction and bounds: which is better, and the smallest and the largest value.
KNOWN_OUTCOMES: Mapping[str, tuple[Direction, float, float]] = {
    "accepted": ("higher", 0.0, 1.0),
    "edited": ("lower", 0.0, 1.0),
    "edit_distance": ("lower", 0.0, 1.0),
    "rating": ("higher", 1.0, 5.0),
    "minutes": ("lower", 0.0, 60.0),
    "complaint": ("lower", 0.0, 1.0),
}
RESERVED_COLUMNS = ("time", "unit", "variant", "event")  # of an event; outcomes have other names
BURN_IN_UNITS, BURN_IN_DAYS, WINDOW_DAYS = 30, 7.0, 7.0


class OutcomeSpec(Declared):
    """What is measured of each unit: the mean of a column of the events. `margin` is the difference that matters."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
    direction: Direction
    low: float
    high: float
    margin: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_known(cls, values: Any) -> Any:
        """Direction and bounds of the known outcomes."""
        if isinstance(values, Mapping) and isinstance(values.get("name"), str) and values["name"] in KNOWN_OUTCOMES:
            direction, low, high = KNOWN_OUTCOMES[values["name"]]
            return {"direction": direction, "low": low, "high": high, **values}
        return values

    @model_validator(mode="after")
    def _check_numbers(self) -> OutcomeSpec:
        if self.name in RESERVED_COLUMNS:
            raise ValueError(f"'{self.name}' is a column of every event; an outcome needs another name")
        if self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.margin is not None and self.margin >= self.high - self.low:
            raise ValueError(f"{self.name} ranges from {self.low:g} to {self.high:g}, so no difference can exceed {self.margin:g}")
        return self

    @property
    def is_share(self) -> bool:
        """Whether it is a share, such as that of accepted answers."""
        return (self.low, self.high) == (0.0, 1.0)

    @property
    def sign(self) -> int:
        """1 where a higher value is better, −1 where a lower one is."""
        return 1 if self.direction == "higher" else -1


class VariantSpec(Declared):
    """One side of the experiment: the model, by its name or digest, and the share of units that it serves."""

    model: Annotated[str, Field(max_length=200)] = ""
    share: Annotated[float, Field(gt=0, lt=1)]


class VariantSpecs(Declared):
    """Both sides."""

    champion: VariantSpec
    challenger: VariantSpec

    @model_validator(mode="after")
    def _check_shares(self) -> VariantSpecs:
        total = self.champion.share + self.challenger.share
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the shares must add up to 1, not {total:g}. Every unit counts, whichever variant it gets")
        return self


class BurnIn(Declared):
    """What must have been seen before the first verdict: units of each variant, and days since the first event."""

    units: Annotated[int, Field(ge=1, le=10**9)] = BURN_IN_UNITS
    days: Annotated[float, Field(ge=0, le=3660)] = BURN_IN_DAYS


class Experiment(Declared):
    """A comparison of two models in production.

    `unit` is what is assigned to a variant, and counts once: a user, a patient, a ward. Its outcome is the mean of its events in the first
    `window_days` after its first event; with 0, of its first event alone. With the goal `better`, the challenger has to be shown to be
    better than the champion, and is given up when a gain of the margin is ruled out. With `not_worse`, it has to be shown that it is not
    worse by the margin. `assigned_by` is `bench` where units are assigned by the hash of `bench ab assign`, which the events must then
    agree with, and `service` where another program draws the variants. Guardrails must not get worse by their margin; outcomes under `also`
    are reported only.
    """

    version: Literal[1] = 1
    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    salt: Annotated[str, Field(min_length=1, max_length=200)]
    unit: Annotated[str, Field(pattern=r"^[a-z][a-z -]*$", max_length=30)] = "user"
    goal: Goal = "better"
    assigned_by: Literal["bench", "service"] = "bench"
    variants: VariantSpecs
    outcome: OutcomeSpec
    guardrails: Annotated[tuple[OutcomeSpec, ...], Field(max_length=20)] = ()
    also: Annotated[tuple[OutcomeSpec, ...], Field(max_length=20)] = ()
    alpha: Annotated[float, Field(ge=1e-4, le=0.2)] = 0.05
    burn_in: BurnIn = BurnIn()
    window_days: Annotated[float, Field(ge=0, le=366)] = WINDOW_DAYS

    @model_validator(mode="after")
    def _check_outcomes(self) -> Experiment:
        if self.outcome.margin is None:
            raise ValueError(f"outcome {self.outcome.name} needs 'margin', the difference that matters")
        without = [each.name for each in self.guardrails if each.margin is None]
        if without:
            raise ValueError(f"guardrail {without[0]} needs 'margin', by how much it may get worse")
        names = [each.name for each in self.outcomes]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            raise ValueError(f"the outcome '{twice}' is named twice")
        return self

    @property
    def outcomes(self) -> tuple[OutcomeSpec, ...]:
        """The outcome that decides, the guardrails, and those that are only reported."""
        return (self.outcome, *self.guardrails, *self.also)

    @property
    def margin(self) -> float:
        """The difference that matters, on the outcome that decides."""
        return self.outcome.margin or 0.0

    @property
    def challenger_share(self) -> float:
        """The probability that a unit gets the challenger."""
        return self.variants.challenger.share


def read_experiment(path: Path) -> Experiment:
    """The experiment of a file.

    Raises:
        BenchError: every problem of the file, each with its line.
    """
    source = YamlFile(path)
    experiment, problems = parse(source, source.values, Experiment)
    if experiment is None or problems:
        raise BenchError(source.in_order(problems))
    return experiment


def experiment_to_yaml(experiment: Experiment, heading: str) -> str:
    """The text of a file that `read_experiment` reads.

    Args:
        heading: comment lines at the top, without "#".
    """
    import yaml

    values = experiment.model_dump(mode="json")
    for key in ("description", "also", "guardrails"):
        if not values[key]:
            del values[key]
    for each in values.get("also", ()):
        del each["margin"]
    comment = "".join(f"# {line}\n" for line in heading.splitlines())
    return comment + yaml.safe_dump(values, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
