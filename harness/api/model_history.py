"""The history of a registry: which models were put into service, which one is now, and the way back to the one before."""

from __future__ import annotations

from pathlib import Path

from harness.api.arguments import PathLike
from harness.errors import BenchError, did_you_mean, setting
from harness.gate import Event, Registry
from harness.results import StrategyResult

REGISTRY = "registry"


def history(task: str | None = None, *, registry: PathLike = REGISTRY) -> list[Event]:
    """All promotions, rollbacks and changes of stages, the oldest first.

    Args:
        task: only those of this task.

    Raises:
        BenchError: nothing was promoted for this task, or the history is damaged.
    """
    journal = Registry(Path(registry)).journal
    events = journal.events(task)
    if task is not None and not events:
        known = list(dict.fromkeys(event.task for event in journal.events()))
        raise BenchError(f"{registry}: nothing was promoted for '{task}'.{did_you_mean(task, known)}")
    return events


def find_champion(task: str, registry: PathLike) -> Event:
    """The event that put the model of a task into service.

    Raises:
        BenchError: no model of this task is in service, or the history is damaged.
    """
    history(task, registry=registry)  # raises for an unknown task, with the names of the known ones
    event = Registry(Path(registry)).current(task)
    if event is None:
        first = f"`bench promote` puts one there: the first one with {setting('force')} and {setting('reason', 'TEXT')}"
        raise BenchError(f"{registry}: no model is in service for '{task}'. {first}.")
    return event


def open_champion(task: str, registry: PathLike) -> StrategyResult:
    """The model of a task in service, without reading its weights.

    Raises:
        BenchError: as `find_champion`; the model is missing.
    """
    return Registry(Path(registry)).peek(find_champion(task, registry))


def verify_registry(*, registry: PathLike = REGISTRY) -> list[tuple[Event, str]]:
    """Every model in the registry with its damage: a description, or an empty text for an intact model.

    Raises:
        BenchError: the history itself is damaged.
    """
    return Registry(Path(registry)).verify()


def rollback(task: str, *, registry: PathLike = REGISTRY, reason: str = "") -> Event:
    """Put the previous model of a task back into service.

    Raises:
        BenchError: there is no previous model, or it is damaged.
    """
    return Registry(Path(registry)).rollback(task, reason)
