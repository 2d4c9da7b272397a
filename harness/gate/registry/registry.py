"""The registry of models: a history, and a copy of everything that a model is that was in service or in another stage.

registry.sqlite, head.json, salt.key   the history: see `journal`
models/<task>/<digest>/                a run folder with the cell of one model: weights or adapter, predictions, test examples
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.errors import BenchError, setting
from harness.gate.registry.event import Action, Event, Stage
from harness.gate.registry.journal import Journal
from harness.gate.registry.salt_file import digest_salt
from harness.gate.registry.stages import StagedModel, assign_stages, check_stage, find_obstacle, find_staged, stack_service
from harness.results import FinishedCell, RunResults, StrategyResult
from harness.store import RunFolder, make_private_folder, refuse_links, resolve_inside

_PART = ".part-"
# What an event about a model that is in the registry already takes from the one before.
_COPIED = ("run", "strategy", "model", "digest", "folder", "outcome", "policy_digest", "verdict")


class Registry:
    """A registry's folder.

    Args:
        new: start a registry in this folder when something is first written. Otherwise the registry must exist.
    """

    def __init__(self, folder: Path, *, new: bool = False) -> None:
        self.folder = folder
        self.journal = Journal(folder, new=new)

    @property
    def identity(self) -> str:
        """Identifies this registry among others; a copy of it has the same.

        Raises:
            BenchError: its key is missing or damaged.
        """
        return digest_salt(self.folder)[:16]

    def current(self, task: str) -> Event | None:
        """The event that put the model in service there; None where nothing was promoted."""
        stack = stack_service(self.journal.events(task))
        return stack[-1] if stack else None

    def models(self, task: str) -> list[StagedModel]:
        """Every model of a task with its stage, the champion first."""
        return assign_stages(self.journal.events(task))

    def load(self, event: Event) -> StrategyResult:
        """The model of an event with its results, after its digest was verified.

        Raises:
            BenchError: a file of it is missing or was changed.
        """
        problem = self._find_problem(event)
        if problem:
            raise BenchError(f"{problem}. Promote its run again, or roll back.")
        return self._read(event)

    def peek(self, event: Event) -> StrategyResult:
        """The model of an event with its results, without reading its weights: each file that is read later is checked by itself.

        Raises:
            BenchError: the model is missing, or this version cannot read it.
        """
        return self._read(event)

    def verify(self) -> list[tuple[Event, str]]:
        """Every model of the registry, by its last event, and what is wrong with it; empty if it is intact.

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
                return f"{folder}: the model of {event.task}, {_describe_entry(event)}, is missing"
            refuse_links(folder)
            digest = digest_folder(folder)
            if digest != event.digest:
                sums = f"its sha256 is {digest[:16]}…, and the registry has {event.digest[:16]}…"
                return f"{folder}: was changed after it was {_describe_entry(event)}: {sums}"
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
        task = model.task.name
        _check_weights(model)

        def decide(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            current = next(reversed(stack_service(history)), None)
            if judged_against is not None and judged_against != (current.number if current else 0):
                _refuse_other_model(task, current)
            return action, {
                **self._copy_in(model),
                "outcome": outcome,
                "policy_digest": policy_digest,
                "verdict": verdict,
                "reason": reason,
            }

        return self.journal.append(task, decide)

    def add_to_stage(
        self,
        model: StrategyResult,
        stage: Stage,
        *,
        outcome: str,
        policy_digest: str,
        verdict: dict[str, Any],
        reason: str,
        share: float | None = None,
        force: bool = False,
    ) -> Event:
        """Copy a model into the registry, if it is not there, and put it in a stage other than champion; both or neither.

        Args:
            model: a strategy with one cell.
            outcome, policy_digest, verdict: what the gate has found about the model; empty if it was not judged.
            share: of the traffic, for a challenger.
            force: whether the stage is set against the verdict, too.

        Raises:
            BenchError: the model is the champion, the share does not fit, the verdict does not allow the stage, the artifact is damaged, or
                the registry cannot be written.
        """
        _check_weights(model)

        def decide(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            action = _choose_action(stage, outcome, force=force)
            copied, models = self._copy_in(model), assign_stages(history)
            try:
                check_stage(models, copied["digest"], stage, share)
            except BenchError:
                if all(known.event.digest != copied["digest"] for known in models):
                    shutil.rmtree(self.folder / copied["folder"], ignore_errors=True)
                raise
            judged = {"outcome": outcome, "policy_digest": policy_digest, "verdict": verdict}
            return action, {**copied, **judged, "reason": reason, "stage": stage, "share": share}

        return self.journal.append(model.task.name, decide)

    def move(self, task: str, name: str, stage: Stage, *, reason: str, share: float | None = None, force: bool = False) -> Event:
        """Put a model that is in the registry in another stage. It keeps the verdict of its last event.

        Args:
            name: its digest, or the beginning of it.
            share, force: as for `add_to_stage`.

        Raises:
            BenchError: no such model; as `add_to_stage`; its files are damaged, and the stage is not "retired".
        """

        def decide(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            models = assign_stages(history)
            event = find_staged(models, name).event
            check_stage(models, event.digest, stage, share)
            problem = "" if stage == "retired" else self._find_problem(event)
            if problem:
                raise BenchError(f"{problem}. Name the model of its run, RUN:STRATEGY, to copy it again.")
            action = _choose_action(stage, event.outcome, force=force)
            return action, {**_take(event), "reason": reason, "stage": stage, "share": share}

        return self.journal.append(task, decide)

    def rollback(self, task: str, reason: str) -> Event:
        """Put the previous model back in service. This adds an event and removes nothing. Another rollback goes one further back.

        Raises:
            BenchError: there is no previous model, or its files are damaged: then nothing changes.
        """

        def decide(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            stack = stack_service(history)
            if not stack:
                raise BenchError(f"{self.folder}: nothing was promoted for '{task}'")
            if len(stack) == 1:
                raise BenchError(f"{self.folder}: '{task}' has no model before the one in service ({stack[-1].run})")
            previous = stack[-2]
            problem = self._find_problem(previous)
            if problem:
                override = f"{setting('force')} and {setting('reason', 'TEXT')} promote one whatever the verdict"
                raise BenchError(f"{problem}. Promote its run again, or promote another model: {override}.")
            return "rollback", {**_take(previous), "reason": reason}

        return self.journal.append(task, decide)

    def _copy_in(self, model: StrategyResult) -> dict[str, Any]:
        """Copy the model into the registry; what its event holds about it."""
        folder, digest = self._copy(model)
        place = folder.relative_to(self.folder).as_posix()
        return {"run": model.run.name, "strategy": model.strategy, "model": model.model, "digest": digest, "folder": place}

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


def refuse_cascade(model: StrategyResult) -> None:
    """
    Raises:
        BenchError: it is a cascade, which is no single model that could be copied and put into service.
    """
    if model.method == "cascade":
        raise BenchError(
            f"'{model.strategy}' is a cascade: its answers come from two strategies, and the registry holds single models. "
            f"Promote '{model.definition.first}', the model that answers first."
        )


def _check_weights(model: StrategyResult) -> None:
    """
    Raises:
        BenchError: the trained weights are damaged, or it is a cascade.
    """
    from harness.engine.artifacts import check_artifact

    refuse_cascade(model)

    if not model.external:
        check_artifact(FinishedCell(model.run, model.cell))


def _describe_entry(event: Event) -> str:
    return f"{'promoted' if event.stage == 'champion' else f'put in stage {event.stage}'} on {event.at}"


def _choose_action(stage: Stage, outcome: str, *, force: bool) -> Action:
    """
    Raises:
        BenchError: the verdict does not allow the stage, and `force` is not set.
    """
    obstacle = find_obstacle(stage, outcome)
    if obstacle and not force:
        override = f"set {setting('force')} and {setting('reason', 'TEXT')}"
        raise BenchError(f"a challenger answers real requests, and {obstacle}. To make it a challenger anyway, {override}.")
    return "force_stage" if obstacle else "stage"


def _take(event: Event) -> dict[str, Any]:
    """What another event about the same model holds."""
    return {name: value for name, value in asdict(event).items() if name in _COPIED}


def _refuse_other_model(task: str, current: Event | None) -> None:
    now = f"{current.user} put {current.strategy} of {current.run} in service" if current else "the model in service was removed"
    raise BenchError(f"{task}: {now} meanwhile, so the verdict compares with another model. Run `bench promote` again.")


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
