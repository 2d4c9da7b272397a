"""The files of retraining in a registry, each complete and sealed.

retrain/<task>/state.json            what the next call has to know: written at every turn of a step
retrain/<task>/<number>/rows.json    the keys of the rows and corrections that this step has used, and of those that were ever tested
retrain/<task>/<number>/record.json  the result of the step, written when it ends
retrain/<task>/<number>/data/        the assembled examples, while the step is unfinished
retrain/<task>/.lock                 held by the process that works on the task
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from harness.errors import BenchError
from harness.lifecycle.retraining.cost_forecast import CostForecast
from harness.lifecycle.retraining.new_data import join_keys, split_keys
from harness.lifecycle.retraining.step_result import DataCounts, StepResult
from harness.lifecycle.retraining.triggers import Trigger
from harness.store import RunLock, find_name_problem, make_private_folder, read_sealed, resolve_inside, write_sealed
from harness.types import Task

T = TypeVar("T")

FORMAT = 1
MOST_BYTES = 256 * 2**20  # of a file; the keys of ten million rows take less
_STATE, _ROWS, _RECORD, _DATA = "state.json", "rows.json", "record.json", "data"


@dataclass(frozen=True)
class OpenStep:
    """A step that is not finished.

    Attributes:
        lifecycle: the digest of the file and the task that it began with.
        champion: the number of the event that had put the champion into service.
        promoted: the day of that promotion.
        task: the task with the assembled data, once that is written completely.
        run: the name of its run; empty before it has one.
    """

    number: int
    began: date
    lifecycle: str
    champion: int
    promoted: date
    triggers: tuple[Trigger, ...]
    data: DataCounts
    forecast: CostForecast | None = None
    task: Task | None = None
    run: str = ""


@dataclass(frozen=True)
class RetrainingState:
    """What is known between two calls.

    Attributes:
        salt: of the keys of rows.
        steps: the number of the last step that was begun.
        last_day: on which the last step ended; None before.
        used: the last step whose rows a model was trained on, and whose model was judged; 0 without one.
        promoted_event, promoted_day: the last promotion by a step, and its day; 0 and None without one.
        undelivered: the step whose notices are not delivered; 0 without one.
        notified: the situation of the last notice about something that is not a step's end; empty once it is over.
    """

    format: int
    task: str
    salt: str
    steps: int = 0
    last_day: date | None = None
    used: int = 0
    promoted_event: int = 0
    promoted_day: date | None = None
    undelivered: int = 0
    notified: str = ""
    step: OpenStep | None = None


@dataclass(frozen=True)
class _StoredKeys:
    """`UsedRows` with the keys one after the other in one text, so that the file stays small."""

    format: int
    keys: str
    tested: str


@dataclass(frozen=True)
class UsedRows:
    """The rows that steps have used, by their keys, from which no text can be read.

    Attributes:
        keys: of the rows and corrections of one step.
        tested: of the inputs of new rows that were in the test set of this step or an earlier one.
    """

    keys: frozenset[str] = frozenset()
    tested: frozenset[str] = frozenset()


class StepStore:
    """The files of one task.

    Args:
        registry: the folder of the registry.

    Raises:
        BenchError: the name of the task leads out of the registry.
    """

    def __init__(self, registry: Path, task: str) -> None:
        self._registry = registry
        self._task = task
        self._place = f"retrain/{task}"
        self.folder = resolve_inside(registry, self._place)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the task.

        Raises:
            BenchError: another process holds it, or the folder cannot be written.
        """
        try:
            make_private_folder(self.folder)
        except OSError as error:
            raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None
        with RunLock(self.folder):
            yield

    def read_state(self) -> RetrainingState:
        """What is known; a new state before the first step.

        Raises:
            BenchError: the file is damaged, or another version's.
        """
        file = self.folder / _STATE
        if not file.is_file():
            return RetrainingState(FORMAT, self._task, secrets.token_hex(16), steps=max(self._list_numbers(), default=0))
        forgotten = "an unfinished retraining is then forgotten, and all rows count as new. This changes no model."
        advice = f"Restore a backup, or delete {file}: {forgotten}"
        state = self._read(_STATE, RetrainingState, advice)
        problem = _find_problem(state, self._task)
        if problem:
            raise BenchError(f"{file}: {problem}. {advice}")
        return state

    def write_state(self, state: RetrainingState) -> None:
        """Write what is known. The lock is held."""
        self._write(_STATE, RetrainingState, state)

    def read_used(self, number: int) -> UsedRows:
        """What a step has used; nothing for 0.

        Raises:
            BenchError: the file is missing or damaged.
        """
        if number == 0:
            return UsedRows()
        place = f"{number}/{_ROWS}"
        advice = f"Restore a backup, or delete {self.folder / _STATE}: all rows then count as new."
        stored = self._read(place, _StoredKeys, advice)
        return UsedRows(split_keys(stored.keys), split_keys(stored.tested))

    def write_used(self, number: int, used: UsedRows) -> None:
        """Write what a step uses. The lock is held."""
        self._make(self.folder / str(number))
        self._write(f"{number}/{_ROWS}", _StoredKeys, _StoredKeys(FORMAT, join_keys(used.keys), join_keys(used.tested)))

    def write_record(self, number: int, result: StepResult) -> None:
        """Write the result of a step. The lock is held."""
        self._make(self.folder / str(number))
        self._write(f"{number}/{_RECORD}", StepResult, result)

    def read_record(self, number: int) -> StepResult:
        """The result of a step.

        Raises:
            BenchError: the file is missing or damaged, or another version's.
        """
        return self._read(f"{number}/{_RECORD}", StepResult, "Restore a backup. The registry and its models do not depend on this file.")

    def list_records(self) -> list[StepResult]:
        """The results of all steps that have ended, in order.

        Raises:
            BenchError: one of them is damaged.
        """
        return [self.read_record(number) for number in self._list_numbers() if (self.folder / str(number) / _RECORD).is_file()]

    def data_folder(self, number: int) -> Path:
        """Where the examples of a step are."""
        return self.folder / str(number) / _DATA

    def remove_data(self, keep: int = 0) -> None:
        """Remove the examples of all steps but one: they may be what patients said."""
        for folder in self.folder.glob(f"*/{_DATA}"):
            if folder.parent.name != str(keep):
                shutil.rmtree(folder, ignore_errors=True)

    def _list_numbers(self) -> list[int]:
        """The steps that have a folder."""
        names = [each.name for each in self.folder.iterdir()] if self.folder.is_dir() else []
        return sorted(int(name) for name in names if name.isdecimal() and name.isascii() and len(name) < 10)

    def _make(self, folder: Path) -> None:
        try:
            make_private_folder(folder)
        except OSError as error:
            raise BenchError(f"{folder}: cannot be written: {error.strerror}") from None

    def _read(self, name: str, kind: type[T], advice: str) -> T:
        file = self.folder / name
        if file.is_file() and file.stat().st_size > MOST_BYTES:
            raise BenchError(f"{file}: is larger than {MOST_BYTES // 2**20} MiB, so bench did not write it. {advice}")
        return read_sealed(file, kind, place=f"{self._place}/{name}", advice=advice)

    def _write(self, name: str, kind: type, value: object) -> None:
        file = self.folder / name
        try:
            write_sealed(file, kind, value, place=f"{self._place}/{name}")
        except OSError as error:
            raise BenchError(f"{file}: cannot be written: {error.strerror}") from None


def _find_problem(state: RetrainingState, task: str) -> str:
    """Why a state cannot be used, as the end of a sentence; empty if it can."""
    if state.format != FORMAT:
        return f"is in format {state.format}; this version of bench reads format {FORMAT}"
    if state.task != task:
        return f"is the state of another task, '{state.task}'"
    number = state.step.number if state.step is not None else state.steps
    if min(state.used, state.promoted_event, state.undelivered, number) < 0 or max(state.used, state.undelivered, number) > state.steps:
        return "is damaged: the number of a step is out of range"
    step = state.step
    if step is not None and step.run and find_name_problem(step.run):
        return "is damaged: the run of the step is not a name"
    return ""
