"""The history of a registry: an SQLite file that is only ever added to, and a small file that knows how far it had come.

    registry.sqlite    events and looks at test sets, each sealed with a hash of itself and the one before
    head.json          the seals of the last event and the last look: a history that was cut short does not reach them

SQLite brings transactions, so that several processes may write at once. The seals do not stop anybody who can write the file; they show
that somebody did.
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError
from harness.store import file_lock, read_json, write_json
from harness.text import one_line

Action = Literal["promote", "force", "rollback"]
_Table = Literal["events", "looks"]
_TABLES: tuple[_Table, ...] = ("events", "looks")

_SCHEMA = """
CREATE TABLE events (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL, action TEXT NOT NULL, at TEXT NOT NULL, user TEXT NOT NULL, body TEXT NOT NULL,
  seal TEXT NOT NULL
) STRICT;
CREATE TABLE looks (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL, test_digest TEXT NOT NULL, candidate TEXT NOT NULL, policy TEXT NOT NULL,
  at TEXT NOT NULL, alpha REAL NOT NULL, planned INTEGER NOT NULL, rows BLOB NOT NULL, seal TEXT NOT NULL,
  UNIQUE (task, test_digest, candidate, policy)
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
    """The how-many-th look at a test set it is, the α that all of them have spent, and the α of those that were planned."""

    number: int
    spent: float
    planned: float


class Journal:
    """The history in a folder, which need not exist before something is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "registry.sqlite"

    @property
    def _head(self) -> Path:
        return self.folder / "head.json"

    def is_new(self) -> bool:
        """Whether nothing was ever written here.

        Raises:
            BenchError: something was, and the database is gone.
        """
        if self.file.is_file():
            return False
        in_use = any(reached for reached, _ in self._reached().values()) if self._head.is_file() else (self.folder / "models").is_dir()
        if in_use:
            raise BenchError(f"{self.file}: is gone, and the registry was in use. Restore a backup.")
        return True

    def events(self, task: str | None = None) -> list[Event]:
        """The history (of a task), the oldest first.

        Raises:
            BenchError: the file is damaged or gone, or was changed by somebody else.
        """
        if self.is_new():
            return []
        with self._open() as db:
            every = self._checked(db)
        return [event for event in every if task is None or event.task == task]

    def append(self, task: str, decided: Callable[[Sequence[Event]], tuple[Action, dict[str, Any]]]) -> Event:
        """Add an event that is decided on the history as it is within the transaction."""
        with self._open(write=True) as db:
            history = self._checked(db)
            action, body = decided([event for event in history if event.task == task])
            number, at, user = len(history) + 1, _now(), _user()
            _append_sealed(db, "events", (task, action, at, user, json.dumps(body, sort_keys=True)))
        return Event(number, task, action, at, user, **body)

    def look(self, task: str, rows: Sequence[str], candidate: str, policy: str, *, alpha: float, planned: bool) -> Look:
        """Put a look at this test set on record, before anything is judged.

        A test set is the same where half of its rows are, whatever the task is called: taking a row away brings no fresh rows. The same
        question asked again, of the same candidate under the same policy, is no further look.

        Args:
            rows: sha256 (hex) of each test row.
            planned: whether the policy plans its looks.
        """
        numbers = _numbers(rows)
        test_digest = hashlib.sha256(numbers.tobytes()).hexdigest()
        with self._open(write=True) as db:
            self._checked(db)
            question = (task, test_digest, candidate, policy)
            asked = db.execute("SELECT 1 FROM looks WHERE task = ? AND test_digest = ? AND candidate = ? AND policy = ?", question)
            if asked.fetchone() is None:
                _append_sealed(db, "looks", (*question, _now(), alpha, int(planned), numbers.tobytes()))
            every = db.execute("SELECT task, test_digest, candidate, policy, alpha, planned, rows FROM looks ORDER BY number").fetchall()
        same = [look for look in every if _overlap(numbers, np.frombuffer(look[6], dtype=np.uint64))]
        place = next(i for i, look in enumerate(same) if look[:4] == question)
        until = same[: place + 1]
        return Look(place + 1, float(sum(look[4] for look in until)), float(sum(look[4] for look in until if look[5])))

    def _checked(self, db: sqlite3.Connection) -> list[Event]:
        """The whole history, each seal recomputed, that of the looks at test sets, too."""
        if not self._head.is_file():
            raise BenchError(f"{self._head}: is missing, so that nobody can tell whether the history is whole. Restore a backup.")
        for table, (reached, seal) in self._reached().items():
            seals = self._seals(db, table)
            if reached > len(seals) or (reached > 0 and seals[reached - 1] != seal):
                lost = f"it has {len(seals)} {table}, and head.json knows of {reached}"
                raise BenchError(f"{self.file}: was cut short or replaced: {lost}. Restore a backup.")
        rows = db.execute("SELECT number, task, action, at, user, body FROM events ORDER BY number")
        return [Event(number, task, action, at, user, **json.loads(body)) for number, task, action, at, user, body in rows]

    def _reached(self) -> dict[_Table, tuple[int, str]]:
        """How far each table had come when the head was written: the number and the seal of its last row.

        Raises:
            BenchError: the head is damaged.
        """
        known = read_json(self._head)
        try:
            found = {table: (known[table]["number"], known[table]["seal"]) for table in _TABLES}
            if all(isinstance(number, int) and isinstance(seal, str) for number, seal in found.values()):
                return found
        except (KeyError, TypeError):
            pass
        raise BenchError(f"{self._head}: is damaged, so that nobody can tell whether the history is whole. Restore a backup.")

    def _seals(self, db: sqlite3.Connection, table: _Table) -> list[str]:
        """The seals of a table, each recomputed."""
        seals: list[str] = []
        for *row, kept in db.execute(f"SELECT * FROM {table} ORDER BY number"):
            seal = _seal(seals[-1] if seals else "", *row)
            if seal != kept or row[0] != len(seals) + 1:
                what = f"{table.removesuffix('s')} {row[0]}"
                raise BenchError(f"{self.file}: {what} was changed, or one before it is gone: its seal differs. Restore a backup.")
            seals.append(seal)
        return seals

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The database within a transaction; for writing, with nobody else writing until the head is written, too."""
        with contextlib.ExitStack() as stack:
            try:
                if write:
                    self.folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(file_lock(self.folder / ".lock"))
                    if self.is_new():
                        self._create()
                db = stack.enter_context(contextlib.closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)))
                db.execute("PRAGMA synchronous = FULL")
                db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                yield db
                head = _head_of(db)
                db.execute("COMMIT")
                if write:  # whoever is killed before this leaves a head that is behind, which does no harm
                    write_json(self._head, head)
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    raise BenchError(f"{self.file}: is damaged, or no registry: {error}. Restore a backup.") from None
                why = "Is another process at work, the disk full, or the folder read-only?"
                raise BenchError(f"{self.file}: cannot be used: {error}. {why}") from None
            except sqlite3.DatabaseError as error:
                raise BenchError(f"{self.file}: is damaged, or no registry: {error}. Restore a backup.") from None
            except OSError as error:
                raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None

    def _create(self) -> None:
        """An empty history, whole or not at all: nobody reads a database without its tables."""
        beside = self.file.with_name(".registry.sqlite.part")
        beside.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(beside)) as db:
            db.executescript(_SCHEMA)
            write_json(self._head, _head_of(db))
        beside.replace(self.file)


def _head_of(db: sqlite3.Connection) -> dict[str, Any]:
    """How far each table has come, as the head has it."""
    return {table: dict(zip(("number", "seal"), _last(db, table), strict=True)) for table in _TABLES}


def _last(db: sqlite3.Connection, table: _Table) -> tuple[int, str]:
    found = db.execute(f"SELECT number, seal FROM {table} ORDER BY number DESC LIMIT 1").fetchone()
    return (found[0], found[1]) if found else (0, "")


def _append_sealed(db: sqlite3.Connection, table: _Table, values: Sequence[object]) -> None:
    """A row at the end of a table, with its number before and its seal behind it."""
    number, seal = _last(db, table)
    row = (number + 1, *values)
    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * (len(row) + 1))})", (*row, _seal(seal, *row)))


def _numbers(rows: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of each row's digest, in order: enough to see which rows two test sets share."""
    return np.unique(np.array([int(row[:16], 16) for row in rows], dtype=np.uint64))


def _overlap(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> bool:
    """Whether half of the smaller set, or more, is in the other."""
    return 2 * len(np.intersect1d(one, other)) >= max(1, min(len(one), len(other)))


def _seal(before: str, *parts: object) -> str:
    plain = [hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else part for part in parts]
    return hashlib.sha256(json.dumps([before, *plain]).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    """Who is at the keyboard, as far as the machine knows."""
    try:
        return one_line(getpass.getuser().encode("utf-8", "replace").decode(), 80)
    except (OSError, KeyError):
        return "unknown"
