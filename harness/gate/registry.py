"""The registry of promoted models: an SQLite file with an append-only history, and beside it a copy of everything that a champion is.

    registry.sqlite          events (each sealed with a hash of itself and the one before), looks at test sets
    head.json                the seal of the last event: a history that was cut short does not reach it
    models/<task>/<digest>/  a run folder with the champion's cells alone: artifact, predictions, test rows

SQLite brings transactions, so that several processes may promote at once. The seals do not stop anybody who can write the file; they show
that somebody did.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harness.errors import BenchError
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
  at TEXT NOT NULL, outcome TEXT NOT NULL, UNIQUE (task, test_digest, candidate, policy)
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


@dataclass(frozen=True)
class Look:
    """One gate at a test set."""

    candidate: str
    policy: str
    at: str
    outcome: str


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
            BenchError: the file is damaged, or was changed by somebody else.
        """
        if not self.file.is_file():
            return []
        with self._open() as db:
            every = self._checked(db)
        return [event for event in every if task is None or event.task == task]

    def champion(self, task: str) -> Event | None:
        """What is in service; None where nothing was promoted."""
        history = self.events(task)
        return history[-1] if history else None

    def load(self, event: Event) -> Chosen:
        """The model of an event with its results, after its digest was checked.

        Raises:
            BenchError: a file of it is missing or was changed.
        """
        folder = self.folder / event.folder
        if not (folder / "run.json").is_file():
            raise BenchError(f"{folder}: the model of {event.task} (promoted {event.at}) is gone")
        found = folder_digest(folder)
        if found != event.digest:
            said = f"its sha256 is {found[:16]}…, and the registry has {event.digest[:16]}…"
            raise BenchError(f"{folder}: was changed since it was promoted on {event.at}: {said}")
        return choose(Run(RunFolder(folder)), event.strategy, task=event.task)

    def add(self, chosen: Chosen, action: Action, *, outcome: str, policy_digest: str, verdict: dict[str, Any], reason: str) -> Event:
        """Copy the model into the registry and put it in service, in one transaction.

        Raises:
            BenchError: the registry cannot be written, or its history is damaged.
        """
        task = chosen.rows.task.name
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
        return self._append(task, action, body)

    def rollback(self, task: str, reason: str) -> Event:
        """Put the model before the one in service back in service. The history grows by this; nothing is taken from it.

        Raises:
            BenchError: there is none before, or its files are damaged: then nothing changes.
        """
        history = self.events(task)
        if not history:
            raise BenchError(f"{self.folder}: nothing was promoted for '{task}'")
        before = next((event for event in reversed(history[:-1]) if event.digest != history[-1].digest), None)
        if before is None:
            raise BenchError(f"{self.folder}: there is no model of '{task}' before the one in service ({history[-1].run})")
        self.load(before)
        names = ("run", "strategy", "model", "digest", "folder", "outcome", "policy_digest", "verdict")
        body = {name: value for name, value in asdict(before).items() if name in names}
        return self._append(task, "rollback", body | {"reason": reason})

    def look(self, task: str, test_digest: str, candidate: str, policy: str, outcome: str | None = None) -> int:
        """The how-many-th look at this test set this is; put on record where there is an `outcome`. The same question asked again, of the
        same candidate under the same policy, is no further look."""
        if outcome is None and not self.file.is_file():
            return 1
        with self._open(write=outcome is not None) as db:
            if outcome is not None:
                key = (task, test_digest, candidate, policy, _now(), outcome)
                db.execute("INSERT OR IGNORE INTO looks (task, test_digest, candidate, policy, at, outcome) VALUES (?, ?, ?, ?, ?, ?)", key)
            rows = db.execute(
                "SELECT candidate, policy FROM looks WHERE task = ? AND test_digest = ? ORDER BY number", (task, test_digest)
            ).fetchall()
        seen = [(row[0], row[1]) for row in rows]
        return seen.index((candidate, policy)) + 1 if (candidate, policy) in seen else len(seen) + 1

    def _copied(self, chosen: Chosen) -> tuple[Path, str]:
        """The model's folder in the registry, whole or not at all, and its digest."""
        task = chosen.rows.task.name
        parent = self.folder / "models" / task
        try:
            parent.mkdir(parents=True, exist_ok=True)
            beside = parent / f".{os.getpid()}.part"
            shutil.rmtree(beside, ignore_errors=True)
            _copy_cells(chosen, beside)
            digest = folder_digest(beside)
            target = parent / digest[:16]
            if target.exists():
                shutil.rmtree(beside)
            else:
                beside.rename(target)
        except OSError as error:
            raise BenchError(f"{parent}: cannot be written: {error.strerror}") from None
        return target, digest

    def _append(self, task: str, action: Action, body: dict[str, Any]) -> Event:
        with self._open(write=True) as db:
            history = self._checked(db)
            number, at, user = len(history) + 1, _now(), _user()
            before = db.execute("SELECT seal FROM events ORDER BY number DESC LIMIT 1").fetchone()
            text = json.dumps(body, sort_keys=True)
            seal = _seal(before[0] if before else "", number, task, action, at, user, text)
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (number, task, action, at, user, text, seal))
        self._point_to(number, seal)
        return Event(number, task, action, at, user, **body)

    def _point_to(self, number: int, seal: str) -> None:
        """After the commit, so that a process that is killed between the two leaves a head that is behind, which does no harm."""
        head = self.folder / "head.json"
        known = read_json(head) if head.is_file() else {}
        if not isinstance(known, dict) or known.get("number", 0) < number:
            write_json(head, {"number": number, "seal": seal})

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
        head = self.folder / "head.json"
        if head.is_file():
            known = read_json(head)
            place = known.get("number", 0) if isinstance(known, dict) else 0
            if not isinstance(place, int) or place > len(found) or (place > 0 and seals[place - 1] != known.get("seal")):
                lost = f"it has {len(found)} events, and head.json knows of {place}"
                raise BenchError(f"{self.file}: was cut short or replaced: {lost}. Restore a backup.")
        elif found:
            raise BenchError(f"{head}: is missing, so that nobody can tell whether the history is whole. Restore a backup.")
        return found

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The database within a transaction."""
        try:
            if write:
                self.folder.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.file, timeout=60, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise BenchError(f"{self.file}: cannot be opened: {error}") from None
        try:
            db.execute("PRAGMA synchronous = FULL")
            if write:
                db.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
            else:
                db.execute("BEGIN")
            yield db
            db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise BenchError(f"{self.file}: is damaged, or no registry: {error}. Restore a backup.") from None
        finally:
            db.close()


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
