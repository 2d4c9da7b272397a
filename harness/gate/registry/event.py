"""What happened to a model of a registry: it was promoted, rolled back to, or put in another stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import BenchError, did_you_mean_one
from harness.text import short

Stage = Literal["candidate", "shadow", "challenger", "champion", "retired"]
STAGES: tuple[Stage, ...] = ("champion", "challenger", "shadow", "candidate", "retired")  # in the order in which they are listed
Action = Literal["promote", "force", "rollback", "stage", "force_stage"]


def check_stage(stage: str) -> None:
    """
    Raises:
        BenchError: there is no such stage.
    """
    if stage not in STAGES:
        raise BenchError(f"unknown stage '{short(stage, 40)}'.{did_you_mean_one(stage, STAGES, 'Stages')}")


@dataclass(frozen=True)
class Event:
    """One change of the registry.

    Attributes:
        action: "force" is a promotion without a PASS, "force_stage" a stage that the verdict does not allow.
        digest: of the model's folder.
        folder: the model's folder, relative to the registry.
        outcome: of the gate; empty where the model was not judged.
        verdict: the whole verdict as plain values; empty where the model was not judged.
        reason: as the user stated it.
        stage: that of the model after this event.
        share: of the traffic that a challenger answers, more than 0 and less than 1; None in other stages.
    """

    number: int
    task: str
    action: Action
    at: str
    user: str
    run: str
    strategy: str
    model: str
    digest: str
    folder: str
    outcome: str
    policy_digest: str
    verdict: dict[str, Any]
    reason: str
    stage: Stage = "champion"
    share: float | None = None

    @property
    def is_forced(self) -> bool:
        """Whether a person decided it against the verdict, or without one."""
        return self.action in ("force", "force_stage")
