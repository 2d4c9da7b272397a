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
from harness.store.atomic import write_json
from harness.store.folder import read_json
from harness.store.lock import waiting_lock
from harness.text import one_line

Action = Literal["promote", "force", "rollback"]

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
        known = read_json(self._head) if self._head.is_file() else {}
        if known.get("number") or known.get("looks") or (not known and (self.folder / "models").is_dir()):
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
            before = db.execute("SELECT seal FROM events ORDER BY number DESC LIMIT 1").fetchone()
            text = json.dumps(body, sort_keys=True)
            seal = _seal(before[0] if before else "", number, task, action, at, user, text)
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", (number, task, action, at, user, text, seal))
        return Event(number, task, action, at, user, **body)

    def look(self, task: str, rows: Sequence[str], candidate: str, policy: str, *, alpha: float, planned: bool) -> Look:
        """Put a look at this test set on record, before anything is judged.

        A test set is the same where half of its rows are, whatever the task is called: taking a row away brings no fresh rows. The same
        question asked again, of the same candidate under the same policy, is no further look.

        Args:
            rows: a digest of each test row.
            planned: whether the policy plans its looks.
        """
        numbers = _numbers(rows)
        test_digest = hashlib.sha256(numbers.tobytes()).hexdigest()
        with self._open(write=True) as db:
            self._checked(db)
            question = (task, test_digest, candidate, policy)
            asked = db.execute("SELECT 1 FROM looks WHERE task = ? AND test_digest = ? AND candidate = ? AND policy = ?", question)
            if asked.fetchone() is None:
                last = db.execute("SELECT number, seal FROM looks ORDER BY number DESC LIMIT 1").fetchone() or (0, "")
                look = (last[0] + 1, *question, _now(), alpha, int(planned), numbers.tobytes())
                db.execute("INSERT INTO looks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*look, _seal(last[1], *look)))
            every = db.execute("SELECT task, test_digest, candidate, policy, alpha, planned, rows FROM looks ORDER BY number").fetchall()
        same = [look for look in every if _overlap(numbers, np.frombuffer(look[6], dtype=np.uint64))]
        place = next(i for i, look in enumerate(same) if look[:4] == question)
        until = same[: place + 1]
        return Look(place + 1, float(sum(look[4] for look in until)), float(sum(look[4] for look in until if look[5])))

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
        of_looks = self._sealed_looks(db)
        if not isinstance(place, int) or place > len(found) or (place > 0 and seals[place - 1] != known.get("seal")):
            lost = f"it has {len(found)} events, and head.json knows of {place}"
            raise BenchError(f"{self.file}: was cut short or replaced: {lost}. Restore a backup.")
        if not isinstance(looks, int) or looks > len(of_looks) or (looks > 0 and of_looks[looks - 1] != known.get("look_seal")):
            lost = f"it has {len(of_looks)} looks, and head.json knows of {looks}"
            raise BenchError(f"{self.file}: was cut short or replaced: {lost}. Restore a backup.")
        return found

    def _sealed_looks(self, db: sqlite3.Connection) -> list[str]:
        """The seals of all looks, each recomputed."""
        seals: list[str] = []
        for *look, kept in db.execute("SELECT * FROM looks ORDER BY number"):
            seal = _seal(seals[-1] if seals else "", *look)
            if seal != kept or look[0] != len(seals) + 1:
                raise BenchError(f"{self.file}: look {look[0]} was changed, or one before it is gone: its seal differs. Restore a backup.")
            seals.append(seal)
        return seals

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The database within a transaction; for writing, with nobody else writing until the head is written, too."""
        with contextlib.ExitStack() as stack:
            try:
                if write:
                    self.folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(waiting_lock(self.folder / ".lock"))
                    if self.is_new():
                        self._create()
                db = stack.enter_context(contextlib.closing(sqlite3.connect(self.file, timeout=60, isolation_level=None)))
                db.execute("PRAGMA synchronous = FULL")
                db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                yield db
                head = self._head_of(db)
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
            write_json(self._head, self._head_of(db))
        beside.replace(self.file)

    def _head_of(self, db: sqlite3.Connection) -> dict[str, Any]:
        last = db.execute("SELECT number, seal FROM events ORDER BY number DESC LIMIT 1").fetchone()
        look = db.execute("SELECT number, seal FROM looks ORDER BY number DESC LIMIT 1").fetchone()
        events = {"number": last[0] if last else 0, "seal": last[1] if last else ""}
        return events | {"looks": look[0] if look else 0, "look_seal": look[1] if look else ""}


def _numbers(rows: Sequence[str]) -> NDArray[np.uint64]:
    """64 bits of each row's digest, in order: enough to see which rows two test sets share."""
    return np.unique(np.array([int(hashlib.sha256(row.encode()).hexdigest()[:16], 16) for row in rows], dtype=np.uint64))


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
