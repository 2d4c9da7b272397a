"""What tests of random sequences of calls share: a process that ends at any step of writing, and what must hold at every moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.api import history, list_models, verify_registry

State = tuple[tuple[str, str, float | None], ...]  # digest, stage and share of each model


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Killer:
    """Ends the process at a step of writing, before or after it."""

    left: int = 0
    after: bool = False

    def wrap(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise Killed
            result = step(*arguments, **named)
            if self.left == 0:
                raise Killed
            return result

        return call


def read_state(folder: Path, task: str) -> State:
    """The models with their stages, after everything that must hold at every moment was checked."""
    models, events = list_models(task, registry=folder), history(registry=folder)
    (champion,) = [model for model in models if model.stage == "champion"]
    promotions = [event for event in events if event.action in ("promote", "force") and event.digest == champion.event.digest]
    assert promotions, "the champion was put into service by name"
    assert all(event.outcome == "PASS" if event.action == "promote" else event.reason for event in promotions)
    assert sum(model.share or 0 for model in models) < 1 and all((model.share is None) == (model.stage != "challenger") for model in models)
    for model in models:
        if model.stage == "challenger":
            assert model.since.outcome in ("PASS", "INCONCLUSIVE") or (model.since.is_forced and model.since.reason)
    assert not any(problem for _, problem in verify_registry(registry=folder))
    return tuple(sorted((model.event.digest, model.stage, model.share) for model in models))
