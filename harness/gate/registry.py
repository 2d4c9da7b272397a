"""The registry of promoted models: an SQLite file with an append-only history, and beside it a copy of everything that a champion is.

    registry.sqlite          events (each sealed with a hash of itself and the one before), looks at test sets
    head.json                the seal of the last event: a history that was cut short does not reach it
    models/<task>/<digest>/  a run folder with the champion's cells alone: artifact, predictions, test rows

SQLite brings transactions, so that several processes may promote at once. The seals do not stop anybody who can write the file; they show
that somebody did.
"""

from __future__ import annotations

import contextlib
import fcntl
import getpass
import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.grid.artifact import check_artifact
from harness.grid.finished import FinishedCell
from harness.results import Chosen, choose
from harness.store import Run, RunFolder
from harness.store.atomic import write_json
from harness.store.folder import read_json

Action = Literal["promote", "force", "rollback"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL, action TEXT NOT NULL, at TEXT NOT NULL, user TEXT NOT NULL, body TEXT NOT NULL,
  seal TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS looks (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL, test_digest TEXT NOT NULL, candidate TEXT NOT NULL, policy TEXT NOT NULL,
  at TEXT NOT NULL, alpha REAL NOT NULL, rows BLOB NOT NULL, UNIQUE (task, test_digest, candidate, policy)
) STRICT;
"""


@dataclass(frozen=True)
class Event:
    """One promotion or rollback. `digest` is that of the model's folder, `outcome` what the gate said, `reason` what the user did."""

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


_WAYS_OUT = "Promote its run again, roll back, or name another baseline with --baseline RUN:strategy."


class Registry:
    """A registry's folder; it need not exist before something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "registry.sqlite"

    def events(self, task: str | None = None) -> list[Event]:
        """The history (of a task), the oldest first.

        Raises:
            BenchError: the file is damaged or gone, or was changed by somebody else.
        """
        if self._is_new():
            return []
        with self._open() as db:
            every = self._checked(db)
        return [event for event in every if task is None or event.task == task]

    def _is_new(self) -> bool:
        """Whether nothing was ever written here."""
        if self.file.is_file():
            return False
        if self._head.is_file() or (self.folder / "models").is_dir():
            raise BenchError(f"{self.file}: is gone, and the registry was in use. Restore a backup.")
        return True

    @property
    def _head(self) -> Path:
        return self.folder / "head.json"

    def champion(self, task: str) -> Event | None:
        """What is in service; None where nothing was promoted."""
        stack = _in_service(self.events(task))
        return stack[-1] if stack else None

    def load(self, event: Event) -> Chosen:
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
        return choose(Run(RunFolder(folder)), event.strategy, task=event.task)

    def add(
        self,
        chosen: Chosen,
        action: Action,
        *,
        outcome: str,
        policy_digest: str,
        verdict: dict[str, Any],
        reason: str,
        judged_against: int | None,
    ) -> Event:
        """Copy the model into the registry and put it in service, in one transaction.

        Args:
            judged_against: the number of the champion's event when the verdict was made, 0 where there was none; None where somebody named
                another baseline.

        Raises:
            BenchError: the artifact is damaged, the champion is another one by now, the registry cannot be written or is damaged.
        """
        task = chosen.rows.task.name
        for cell in chosen.cells:
            if chosen.run.plan.strategy_of(cell).outputs is None:
                check_artifact(FinishedCell(chosen.run, cell))
        place, digest = self._copied(chosen)
        body = {
            "run": chosen.run.name,
            "strategy": chosen.cell.strategy,
            "model": chosen.cell.model,
            "digest": digest,
            "folder": place.relative_to(self.folder).as_posix(),
            "outcome": outcome,
            "policy_digest": policy_digest,
            "verdict": verdict,
            "reason": reason,
        }

        def decided(history: Sequence[Event]) -> tuple[Action, dict[str, Any]]:
            stack = _in_service(history)
            now = stack[-1] if stack else None
            number = now.number if now else 0
            if judged_against is not None and number != judged_against:
                what = f"{now.strategy} of {now.run} was put in service by {now.user}" if now else "what was in service is gone"
                raise BenchError(f"{task}: {what} meanwhile: the verdict is about another champion. Run bench promote again.")
            return action, body

        return self._append(task, decided)

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
            self.load(before)
            names = ("run", "strategy", "model", "digest", "folder", "outcome", "policy_digest", "verdict")
            body = {name: value for name, value in asdict(before).items() if name in names}
            return "rollback", body | {"reason": reason}

        if self._is_new():
            raise BenchError(f"{self.folder}: nothing was promoted for '{task}'")
        return self._append(task, decided)

    def look(self, task: str, rows: Sequence[str], candidate: str, policy: str, alpha: float) -> tuple[int, float]:
        """Put a look at this test set on record, before anything is judged: the how-many-th it is, and the α that all of them have spent.

        A test set is the same where half of its rows are, whatever the task is called: taking a row away brings no fresh rows. The same
        question asked again, of the same candidate under the same policy, is no further look.

        Args:
            rows: a digest of each test row.
        """
        numbers = _numbers(rows)
        test_digest = hashlib.sha256(numbers.tobytes()).hexdigest()
        with self._open(write=True) as db:
            self._checked(db)
            key = (task, test_digest, candidate, policy, _now(), alpha, numbers.tobytes())
            db.execute(
                "INSERT OR IGNORE INTO looks (task, test_digest, candidate, policy, at, alpha, rows) VALUES (?, ?, ?, ?, ?, ?, ?)", key
            )
            every = db.execute("SELECT task, test_digest, candidate, policy, alpha, rows FROM looks ORDER BY number").fetchall()
            self._noted(db)
        same = [look for look in every if _overlap(numbers, np.frombuffer(look[5], dtype=np.uint64))]
        place = next(i for i, look in enumerate(same) if look[:4] == (task, test_digest, candidate, policy))
        return place + 1, float(sum(look[4] for look in same[: place + 1]))

    def _copied(self, chosen: Chosen) -> tuple[Path, str]:
        """The model's folder in the registry, whole or not at all, and its digest."""
        task = chosen.rows.task.name
        parent = self.folder / "models" / task
        try:
            parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=parent, prefix=".part-") as place:
                beside = Path(place) / "model"
                _copy_cells(chosen, beside)
                digest = folder_digest(beside)
                target = parent / digest[:16]
                if target.exists() and folder_digest(target) != digest:
                    target.rename(Path(place) / "damaged")  # it goes with the temporary folder
                with contextlib.suppress(FileExistsError, OSError):
                    beside.rename(target)
                if folder_digest(target) != digest:
                    raise BenchError(f"{target}: could not be put in its place")
        except OSError as error:
            raise BenchError(f"{parent}: cannot be written: {error.strerror}") from None
        return target, digest

    def _append(self, task: str, decided: Callable[[Sequence[Event]], tuple[Action, dict[str, Any]]]) -> Event:
        """Add an event that is decided on the history as it is within the transaction."""
        with self._open(write=True) as db:
            history = self._checked(db)
            action, body = decided([event for event in history if event.task == task])
            number, at, user = len(history) + 1, _now(), _user()
            before = db.execute("SELECT seal FROM events ORDER BY number DESC LIMIT 1").fetchone()
            text = json.dumps(body, sort_keys=True)
            seal = _seal(before[0] if before else "", number, task, action, at, user, text)
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (number, task, action, at, user, text, seal))
            self._noted(db)
        return Event(number, task, action, at, user, **body)

    def _noted(self, db: sqlite3.Connection) -> None:
        """Commit, then write what the head knows, with nobody else writing meanwhile.

        Whoever is killed between the two leaves a head that is behind, which does no harm.
        """
        last = db.execute("SELECT number, seal FROM events ORDER BY number DESC LIMIT 1").fetchone()
        looks = db.execute("SELECT count(*) FROM looks").fetchone()[0]
        db.execute("COMMIT")
        write_json(self._head, {"number": last[0] if last else 0, "seal": last[1] if last else "", "looks": looks})
        db.execute("BEGIN")

    def _checked(self, db: sqlite3.Connection) -> list[Event]:
        """The whole history, each seal recomputed."""
        found: list[Event] = []
        seal = ""
        seals: list[str] = []
        for number, task, action, at, user, body, kept in db.execute("SELECT * FROM events ORDER BY number"):
            seal = _seal(seal, number, task, action, at, user, body)
            if seal != kept or number != len(found) + 1:
                raise BenchError(f"{self.file}: event {number} was changed, or one before it is gone: its seal differs. Restore a backup.")
            seals.append(seal)
            found.append(Event(number, task, action, at, user, **json.loads(body)))
        if not self._head.is_file():
            raise BenchError(f"{self._head}: is missing, so that nobody can tell whether the history is whole. Restore a backup.")
        known = read_json(self._head)
        place, looks = (known.get(name) if isinstance(known, dict) else None for name in ("number", "looks"))
        seen = db.execute("SELECT count(*) FROM looks").fetchone()[0]
        if not isinstance(place, int) or place > len(found) or (place > 0 and seals[place - 1] != known.get("seal")):
            lost = f"it has {len(found)} events, and head.json knows of {place}"
            raise BenchError(f"{self.file}: was cut short or replaced: {lost}. Restore a backup.")
        if not isinstance(looks, int) or looks > seen:
            raise BenchError(f"{self.file}: was cut short: it has {seen} looks, and head.json knows of {looks}. Restore a backup.")
        return found

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The database within a transaction; for writing, with nobody else writing until the head is written, too."""
        with contextlib.ExitStack() as stack:
            try:
                if write:
                    self._is_new()
                    self.folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(_alone(self.folder / ".lock"))
                    if not self.file.is_file():
                        write_json(self._head, {"number": 0, "seal": "", "looks": 0})
                db = stack.enter_context(contextlib.closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)))
                db.execute("PRAGMA synchronous = FULL")
                for statement in _SCHEMA.split(";") if write else ():
                    db.execute(statement)  # committed by themselves: what is undone later must leave a registry
                db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                yield db
                db.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    raise BenchError(f"{self.file}: is damaged, or no registry: {error}. Restore a backup.") from None
                why = "Is another process at work, the disk full, or the folder read-only?"
                raise BenchError(f"{self.file}: cannot be used: {error}. {why}") from None
            except sqlite3.DatabaseError as error:
                raise BenchError(f"{self.file}: is damaged, or no registry: {error}. Restore a backup.") from None
            except OSError as error:
                raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until nobody else writes; the kernel lets go however a process ends."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _in_service(history: Sequence[Event]) -> list[Event]:
    """What is in service, last, over what would be after each rollback: a promotion puts on top, a rollback takes off."""
    stack: list[Event] = []
    for event in history:
        if event.action != "rollback":
            stack.append(event)
        elif len(stack) > 1:
            stack.pop()
            stack[-1] = replace(event, action=stack[-1].action)
    return stack


def _numbers(rows: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of each row's digest, in order: enough to see which rows two test sets share."""
    return np.unique(np.array([int(hashlib.sha256(row.encode()).hexdigest()[:16], 16) for row in rows], dtype=np.uint64))


def _overlap(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> bool:
    """Whether half of the smaller set, or more, is in the other."""
    return 2 * len(np.intersect1d(one, other)) >= max(1, min(len(one), len(other)))


def folder_digest(folder: Path) -> str:
    """sha256 (hex) over the names and contents of all files, in order."""
    total = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def _copy_cells(chosen: Chosen, target: Path) -> None:
    """A run folder that holds these cells alone."""
    source, task = chosen.run.folder, chosen.rows.task.name
    target.mkdir(parents=True)
    (target / "data").mkdir()
    shutil.copy2(source.path / "data" / f"{task}.parquet", target / "data")
    for cell in chosen.cells:
        shutil.copytree(source.cell(cell.id).path, target / "cells" / cell.id, ignore=shutil.ignore_patterns("checkpoint", "log.txt"))
    RunFolder(target).write_plan(chosen.run.plan.only(chosen.cells))


def _seal(before: str, *parts: object) -> str:
    return hashlib.sha256(json.dumps([before, *parts]).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    """Who is at the keyboard, as far as the machine knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
