"""The registry of promoted models: a history, and beside it a copy of everything that a champion is.

registry.sqlite, head.json   the history: see `journal`
models/<task>/<digest>/      a run folder with the champion's cells alone: artifact, predictions, test rows
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.gate.registry.journal import Action, Event, Journal
from harness.results import FinishedCell, RunResults, StrategyResult
from harness.store import RunFolder

_PART = ".part-"
_AGAIN = "Promote its run again."
_WAYS_OUT = f"{_AGAIN.removesuffix('.')}, roll back, or name another baseline with --baseline RUN:strategy."


class Registry:
    """A registry's folder; it need not exist before something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = Journal(folder)

    def champion(self, task: str) -> Event | None:
        """What is in service; None where nothing was promoted."""
        stack = _in_service(self.journal.events(task))
        return stack[-1] if stack else None

    def load(self, event: Event) -> StrategyResult:
        """The model of an event with its results, after its digest was checked.

        Raises:
            BenchError: a file of it is missing or was changed.
        """
        folder = self.folder / event.folder
        if not (folder / "run.json").is_file():
            raise BenchError(f"{folder}: the model of {event.task}, promoted {event.at}, is gone. {_WAYS_OUT}")
        found = folder_digest(folder)
        if found != event.digest:
            said = f"its sha256 is {found[:16]}…, and the registry has {event.digest[:16]}…"
            raise BenchError(f"{folder}: was changed since it was promoted on {event.at}: {said}. {_WAYS_OUT}")
        return RunResults(RunFolder(folder)).find(event.strategy, task=event.task)

    def verify(self) -> list[tuple[Event, str]]:
        """Every model that ever came into service, by the event that last did so, and what is wrong with it; empty where it is whole.

        Raises:
            BenchError: the history itself is damaged.
        """
        models = {event.folder: event for event in self.journal.events()}
        return [(event, self._damage(event)) for event in models.values()]

    def _damage(self, event: Event) -> str:
        try:
            self.load(event)
        except BenchError as error:
            return str(error)
        return ""

    def add(
        self,
        chosen: StrategyResult,
        action: Action,
        *,
        outcome: str,
        policy_digest: str,
        verdict: dict[str, Any],
        reason: str,
        judged_against: int | None,
    ) -> Event:
        """Copy the model into the registry and put it in service, both or neither.

        Args:
            judged_against: the number of the champion's event when the verdict was made, 0 where there was none; None where somebody named
                another baseline.

        Raises:
            BenchError: the artifact is damaged, the champion is another one by now, the registry cannot be written or is damaged.
        """
        from harness.engine.artifacts import check_artifact

        task = chosen.task.name
        for cell in () if chosen.external else chosen.done:
            check_artifact(FinishedCell(chosen.run, cell))

        def decided(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            now = next(reversed(_in_service(history)), None)
            if judged_against is not None and judged_against != (now.number if now else 0):
                what = f"{now.strategy} of {now.run} was put in service by {now.user}" if now else "what was in service is gone"
                raise BenchError(f"{task}: {what} meanwhile: the verdict is about another champion. Run bench promote again.")
            place, digest = self._copied(chosen)
            return action, {
                "run": chosen.run.name,
                "strategy": chosen.strategy,
                "model": chosen.model,
                "digest": digest,
                "folder": place.relative_to(self.folder).as_posix(),
                "outcome": outcome,
                "policy_digest": policy_digest,
                "verdict": verdict,
                "reason": reason,
            }

        return self.journal.append(task, decided)

    def rollback(self, task: str, reason: str) -> Event:
        """Put the model before the one in service back in service. The history grows by this; nothing is taken from it. Another rollback
        goes one further back.

        Raises:
            BenchError: there is none before, or its files are damaged: then nothing changes.
        """

        def decided(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            stack = _in_service(history)
            if not stack:
                raise BenchError(f"{self.folder}: nothing was promoted for '{task}'")
            if len(stack) == 1:
                raise BenchError(f"{self.folder}: there is no model of '{task}' before the one in service ({stack[-1].run})")
            before = stack[-2]
            damage = self._damage(before)
            if damage:
                way = "Or promote another model: --force --reason TEXT puts it in service whatever the gate says."
                raise BenchError(f"{damage.removesuffix(_WAYS_OUT)}{_AGAIN} {way}")
            names = ("run", "strategy", "model", "digest", "folder", "outcome", "policy_digest", "verdict")
            body = {name: value for name, value in asdict(before).items() if name in names}
            return "rollback", body | {"reason": reason}

        if self.journal.is_new():
            raise BenchError(f"{self.folder}: nothing was promoted for '{task}'")
        return self.journal.append(task, decided)

    def _copied(self, chosen: StrategyResult) -> tuple[Path, str]:
        """The model's folder in the registry, whole or not at all, and its digest. Nobody else writes meanwhile: the history is locked."""
        models = self.folder / "models" / chosen.task.name
        models.mkdir(parents=True, exist_ok=True)
        for left in models.glob(f"{_PART}*"):  # by a process that was killed
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=models, prefix=_PART) as place:
            beside = Path(place) / "model"
            _copy_cells(chosen, beside)
            digest = folder_digest(beside)
            target = models / digest[:16]
            if target.exists() and folder_digest(target) != digest:
                target.rename(Path(place) / "damaged")  # it goes with the temporary folder
            if not target.exists():
                beside.rename(target)
        return target, digest


def _in_service(history: Sequence[Event]) -> list[Event]:
    """What is in service, last, over what would be after each rollback: a promotion puts on top, a rollback takes off. Whoever promotes
    what is in service already puts nothing on top."""
    stack: list[Event] = []
    for event in history:
        if event.action != "rollback":
            if stack and stack[-1].digest == event.digest:
                stack.pop()
            stack.append(event)
        elif len(stack) > 1:
            stack.pop()
            stack[-1] = replace(event, action=stack[-1].action)
    return stack


def folder_digest(folder: Path) -> str:
    """sha256 (hex) over the names and contents of all files, in order."""
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _copy_cells(chosen: StrategyResult, target: Path) -> None:
    """A run folder that holds these cells alone."""
    source, task = chosen.run.folder, chosen.task.name
    target.mkdir(parents=True)
    (target / "data").mkdir()
    shutil.copy2(source.path / "data" / f"{task}.parquet", target / "data")
    for cell in chosen.done:
        shutil.copytree(source.cell(cell.id).path, target / "cells" / cell.id, ignore=shutil.ignore_patterns("checkpoint", "log.txt"))
    RunFolder(target).write_plan(chosen.run.plan.restrict_to(chosen.done))
