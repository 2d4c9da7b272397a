"""What an experiment shows so far. Codes and numbers; `harness.reporting` has the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.lifecycle.experiments.experiment_file import Experiment, OutcomeSpec
from harness.lifecycle.experiments.unit_outcomes import UnitCounts

# "challenger": put it into service; "champion": keep it, the experiment is over; "undecided": go on, or repair the experiment.
ExperimentState: TypeAlias = Literal["challenger", "champion", "undecided"]
ReadingCode: TypeAlias = Literal[
    "challenger_better",  # with the goal "better"
    "challenger_not_worse",  # with the goal "not_worse"
    "champion_better",  # the challenger is shown to be worse
    "gain_ruled_out",  # with the goal "better": it is not better by the margin
    "guardrail_broken",
    "guardrail_undecided",  # the outcome is decided for the challenger, a guardrail is not
    "too_early",  # during the burn-in
    "undecided",
    "unequal_counts",  # the sample ratio is not as planned
    "wrongly_served",  # too many units got both variants, or not the one of their hash
]
OutcomeRole: TypeAlias = Literal["decides", "guardrail", "reported"]
OutcomeStatus: TypeAlias = Literal[
    "better", "not_worse", "worse", "gain_ruled_out", "kept", "broken", "undecided", "not_comparable", "reported"
]


@dataclass(frozen=True)
class LookPoint:
    """The limits at one look. Differences are challenger minus champion, in the unit of the outcome."""

    time: float
    units: int
    estimate: float | None
    low: float
    high: float


@dataclass(frozen=True)
class OutcomeReading:
    """One outcome.

    Attributes:
        champion, challenger: the means over units; None without units.
        champion_units, challenger_units: units with a value.
        missing: units whose window closed without a value.
        alpha: of both limits together, over all looks.
        path: the limits from the first unit to the last, at most 200 points.
    """

    spec: OutcomeSpec
    role: OutcomeRole
    status: OutcomeStatus
    champion: float | None
    challenger: float | None
    champion_units: int
    challenger_units: int
    missing: int
    alpha: float
    path: tuple[LookPoint, ...]

    @property
    def last(self) -> LookPoint | None:
        """The latest look."""
        return self.path[-1] if self.path else None


@dataclass(frozen=True)
class RatioReading:
    """Whether units are divided as planned.

    Attributes:
        share: of the challenger, as planned.
        champion, challenger: the units seen.
        of_measured: whether it is about the units with a value of the deciding outcome, instead of all.
        is_broken: whether the share is shown to be another one.
        p_value: valid at every look.
    """

    share: float
    champion: int
    challenger: int
    of_measured: bool
    is_broken: bool
    p_value: float


@dataclass(frozen=True)
class MoreUnits:
    """What a verdict still takes, if the difference stays as it is measured.

    Attributes:
        units, days: None where it is more than a trillion units, or the rate is not known.
    """

    units: int | None
    days: float | None


@dataclass(frozen=True)
class ExperimentReading:
    """The decision on an experiment. Every form of the page shows this one object.

    Attributes:
        source: the name of the file of events.
        broken: the names of the guardrails that are shown to be broken.
        open_guardrails: those that are undecided.
        first, last: the times of the first and the last event, seconds since 1970.
        decided: when the verdict was reached; later events do not change it. None where it is undecided.
        decided_units: the units whose window had closed by then.
        units: those whose window has closed.
        more: None where the experiment is decided, or has to be repaired first.
        burn_in_left: units that the smaller variant lacks, and days.
        unused: columns of the file that the experiment does not name.
    """

    experiment: Experiment
    source: str
    state: ExperimentState
    code: ReadingCode
    outcomes: tuple[OutcomeReading, ...]
    ratios: tuple[RatioReading, ...]
    broken: tuple[str, ...]
    open_guardrails: tuple[str, ...]
    counts: UnitCounts
    events: int
    doubled: int
    out_of_order: int
    first: float
    last: float
    decided: float | None
    decided_units: int | None
    units: int
    more: MoreUnits | None
    burn_in_left: tuple[int, float]
    unused: tuple[str, ...] = ()

    @property
    def deciding(self) -> OutcomeReading:
        """The outcome that decides."""
        return self.outcomes[0]
