"""The registry of promoted models: a history, and a copy of everything that a model in service is.

registry.sqlite, head.json, salt.key   the history: see `journal`
models/<task>/<digest>/                a run folder with the cell of one model: weights or adapter, predictions, test examples
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness.errors import BenchError, setting
from harness.gate.registry.journal import Action, Event, Journal
from harness.results import FinishedCell, RunResults, StrategyResult
from harness.store import RunFolder, make_private_folder, refuse_links, resolve_inside

_PART = ".part-"
_COPIED = ("run", "strategy", "model", "digest", "folder", "outcome", "policy_digest", "verdict")  # from the event that is rolled back to


class Registry:
    """A registry's folder.

    Args:
        new: start a registry in this folder when something is first written. Otherwise the registry must exist.
    """

    def __init__(self, folder: Path, *, new: bool = False) -> None:
        self.folder = folder
        self.journal = Journal(folder, new=new)

    def current(self, task: str) -> Event | None:
        """The event that put the model in service there; None where nothing was promoted."""
        stack = _service_stack(self.journal.events(task))
        return stack[-1] if stack else None

    def load(self, event: Event) -> StrategyResult:
        """The model of an event with its results, after its digest was verified.

        Raises:
            BenchError: a file of it is missing or was changed.
        """
        problem = self._find_problem(event)
        if problem:
            baseline = setting("baseline", "RUN:STRATEGY")
            raise BenchError(f"{problem}. Promote its run again, roll back, or name another baseline with {baseline}.")
        return self._read(event)

    def verify(self) -> list[tuple[Event, str]]:
        """Every model that was ever in service, by its last event, and what is wrong with it; empty if it is intact.

        Raises:
            BenchError: the history itself is damaged, or the key of its test examples is missing.
        """
        models = {event.folder: event for event in self.journal.events()}
        self.journal.check_salt()
        return [(event, self._describe_damage(event)) for event in models.values()]

    def _describe_damage(self, event: Event) -> str:
        try:
            self.load(event)
        except BenchError as error:
            return "\n".join(error.problems)
        return ""

    def _find_problem(self, event: Event) -> str:
        """Why the model cannot be used: its files are not as they were promoted, or this version cannot read them; empty if it can."""
        try:
            folder = resolve_inside(self.folder, event.folder)
            if not (folder / "run.json").is_file():
                return f"{folder}: the model of {event.task}, promoted on {event.at}, is missing"
            refuse_links(folder)
            digest = digest_folder(folder)
            if digest != event.digest:
                sums = f"its sha256 is {digest[:16]}…, and the registry has {event.digest[:16]}…"
                return f"{folder}: was changed after it was promoted on {event.at}: {sums}"
            self._read(event)
        except BenchError as error:
            return error.problems[0].removesuffix(".")
        except OSError as error:
            return f"{error.filename}: cannot be read: {error.strerror}"
        return ""

    def _read(self, event: Event) -> StrategyResult:
        return RunResults(RunFolder(resolve_inside(self.folder, event.folder))).find(event.strategy, task=event.task)

    def add(
        self,
        model: StrategyResult,
        action: Action,
        *,
        outcome: str,
        policy_digest: str,
        verdict: dict[str, Any],
        reason: str,
        judged_against: int | None,
    ) -> Event:
        """Copy a model into the registry and put it in service, both or neither.

        Args:
            model: a strategy with one cell: the model that was judged, and no other.
            judged_against: the number of the event of the model in service when the verdict was made, 0 if there was none; None if the user
                named another baseline.

        Raises:
            BenchError: the artifact is damaged, another model is in service by now, the registry cannot be written or is damaged.
        """
        from harness.engine.artifacts import check_artifact

        task = model.task.name
        if not model.external:
            check_artifact(FinishedCell(model.run, model.cell))

        def decide(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            current = next(reversed(_service_stack(history)), None)
            if judged_against is not None and judged_against != (current.number if current else 0):
                _refuse_other_model(task, current)
            folder, digest = self._copy(model)
            return action, {
                "run": model.run.name,
                "strategy": model.strategy,
                "model": model.model,
                "digest": digest,
                "folder": folder.relative_to(self.folder).as_posix(),
                "outcome": outcome,
                "policy_digest": policy_digest,
                "verdict": verdict,
                "reason": reason,
            }

        return self.journal.append(task, decide)

    def rollback(self, task: str, reason: str) -> Event:
        """Put the previous model back in service. This adds an event and removes nothing. Another rollback goes one further back.

        Raises:
            BenchError: there is no previous model, or its files are damaged: then nothing changes.
        """

        def decide(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            stack = _service_stack(history)
            if not stack:
                raise BenchError(f"{self.folder}: nothing was promoted for '{task}'")
            if len(stack) == 1:
                raise BenchError(f"{self.folder}: '{task}' has no model before the one in service ({stack[-1].run})")
            previous = stack[-2]
            problem = self._find_problem(previous)
            if problem:
                override = f"{setting('force')} and {setting('reason', 'TEXT')} promote one whatever the verdict"
                raise BenchError(f"{problem}. Promote its run again, or promote another model: {override}.")
            return "rollback", {name: value for name, value in asdict(previous).items() if name in _COPIED} | {"reason": reason}

        return self.journal.append(task, decide)

    def _copy(self, model: StrategyResult) -> tuple[Path, str]:
        """Copy the model into the registry, completely or not at all; its folder and digest. The history is locked meanwhile."""
        models = self.folder / "models" / model.task.name
        make_private_folder(models)
        for left in models.glob(f"{_PART}*"):  # of a process that was killed
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=models, prefix=_PART) as place:
            copy = Path(place) / "model"
            _copy_cell(model, copy)
            digest = digest_folder(copy)
            target = models / digest[:16]
            if target.exists() and digest_folder(target) != digest:
                target.rename(Path(place) / "damaged")  # removed with the temporary folder
            if not target.exists():
                copy.rename(target)
        return target, digest


def _refuse_other_model(task: str, current: Event | None) -> None:
    now = f"{current.user} put {current.strategy} of {current.run} in service" if current else "the model in service was removed"
    raise BenchError(f"{task}: {now} meanwhile, so the verdict compares with another model. Run `bench promote` again.")


def _service_stack(history: Sequence[Event]) -> list[Event]:
    """The model in service, last, on top of those that rollbacks would go back to: a promotion puts one on top, a rollback removes one.
    Promoting the model that is already in service adds nothing."""
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


def digest_folder(folder: Path) -> str:
    """sha256 (hex) over the names and contents of all files, in order."""
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _copy_cell(model: StrategyResult, target: Path) -> None:
    """A run folder with the cell of one model. Its run may be a stranger's: no path leaves the target, and no link is followed.

    Raises:
        BenchError: a name in the run would lead outside of the target, the run holds a link, or a file of it is damaged.
    """
    source, task, cell, copy = model.run.folder, model.task.name, model.cell, RunFolder(target)
    source.refuse_links()
    resolve_inside(target, f"data/{task}.parquet")
    files = resolve_inside(target, f"cells/{cell.id}")
    source.copy_data_to(copy, task)
    source.cell(cell.id).check("")
    shutil.copytree(source.cell(cell.id).path, files, symlinks=True, ignore=shutil.ignore_patterns("checkpoint", "log.txt"))
    refuse_links(target)  # the run may have changed while it was copied
    copy.cell(cell.id).check("")
    copy.write_plan(model.run.plan.restrict_to((cell,)))
