"""What one call has done, or would do. The terminal, files and notices read this object; it holds no text of any example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

from harness.gate import Event, Verdict
from harness.lifecycle.retraining.cost_forecast import CostForecast
from harness.lifecycle.retraining.lifecycle_file import LimitSpec
from harness.lifecycle.retraining.triggers import Trigger

StepOutcome: TypeAlias = Literal[
    "not_due",  # no trigger fires, or the last retraining is too recent
    "no_new_data",  # a trigger fires, and there is nothing that the champion or the last candidate has not learned from
    "over_limit",  # the forecast exceeds a limit, or a limit is set and nothing can be forecast
    "due",  # what a dry run says where a call would train
    "promoted",
    "held",  # the gate says FAIL
    "undecided",  # the gate says INCONCLUSIVE
    "waiting",  # PASS, and approvals are missing
    "not_trained",  # no strategy has a result
]
EXIT_CODES: Mapping[StepOutcome, int] = {
    "not_due": 0,
    "due": 0,
    "promoted": 0,
    "held": 1,
    "over_limit": 1,
    "not_trained": 1,
    "no_new_data": 3,
    "undecided": 3,
    "waiting": 4,
}


@dataclass(frozen=True)
class DataCounts:
    """The data of a step, in examples.

    Attributes:
        labelled: new rows with a label, each once.
        corrections: of reviews.
        unused: of both, those that no retraining has used.
        unlabelled, repeated: new rows that were left out at once.
        sizes: of the splits; empty where none were assembled.
        added: by split, the new rows in it.
        left_out: by reason, as in `training_data.LeftOutReason`.
        unknown_labels: the first labels that the task does not have.
        edited_left_out: answers that users have edited into something that is not a label of the task.
        empty: patterns that match no file, and empty files.
    """

    labelled: int = 0
    corrections: int = 0
    unused: int = 0
    unlabelled: int = 0
    repeated: int = 0
    edited_left_out: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)
    added: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    unknown_labels: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChampionName:
    """The model in service when the step began."""

    strategy: str
    run: str
    promoted: date


@dataclass(frozen=True)
class StepResult:
    """What one call has done, or would do.

    Attributes:
        number: of the step, from 1; None where none was begun.
        resumed: whether an earlier call began it.
        dry_run: whether nothing was written.
        waits_days: for how many days no trigger counts, because a retraining has just ended.
        forecast: None where nothing was due.
        hours, price: what the run has taken; None without a run or without a price.
        run, candidate: the run and the strategy that was judged; empty before.
        verdict: of the gate, without text.
        promoted: the event that put the candidate into service.
        superseded: why an unfinished step was given up before this one: "champion_changed" or "file_changed"; else empty.
        undelivered: why notices of this step, or of the one before, were not delivered. The next call tries again.
    """

    task: str
    outcome: StepOutcome
    today: date
    champion: ChampionName
    data: DataCounts
    limits: LimitSpec
    triggers: tuple[Trigger, ...] = ()
    number: int | None = None
    resumed: bool = False
    dry_run: bool = False
    waits_days: int = 0
    forecast: CostForecast | None = None
    run: str = ""
    candidate: str = ""
    hours: float | None = None
    price: float | None = None
    currency: str = ""
    verdict: Verdict | None = None
    promoted: Event | None = None
    superseded: str = ""
    undelivered: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 not due or promoted, 1 held, 3 nothing to decide with, 4 waiting for approval."""
        return EXIT_CODES[self.outcome]

    @property
    def is_over(self) -> bool:
        """Whether a step has ended with this call."""
        return self.outcome in ("promoted", "held", "undecided", "not_trained")

    @property
    def situation(self) -> str:
        """What a person should know before a step has ended; empty where nothing is due, or a step has ended."""
        if self.outcome == "waiting":
            return f"waiting-{self.number}"
        return self.outcome if self.outcome in ("no_new_data", "over_limit") else ""
