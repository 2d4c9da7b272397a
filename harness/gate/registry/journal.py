"""The history of a registry: an SQLite file that only grows, and a small file that records how far it had come.

    registry.sqlite    events, and evaluations ("looks") of test sets; each row is sealed with a hash of itself and of the row before
    head.json          the seals of the last event and of the last look: a history that was cut short does not reach them

SQLite provides transactions, so several processes may write at the same time. The seals do not prevent changes to the file; they reveal
them.
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
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from harness.errors import BenchError, setting
from harness.gate.registry.event import Action, Event
from harness.gate.registry.salt_file import SALT, create_salt, digest_salt, hide_examples
from harness.store import PRIVATE_FILE, file_lock, from_json_text, make_private_folder, read_json, write_json
from harness.text import one_line

_Table = Literal["events", "looks"]
_TABLES: tuple[_Table, ...] = ("events", "looks")

_PATIENCE_SECONDS = 60.0  # for another process that changes the registry; copying a large model takes as long
FORMAT = 3  # of the database, as its `user_version`; raise it when this version cannot read older ones
_SCHEMA = f"""
CREATE TABLE events (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL, action TEXT NOT NULL, at TEXT NOT NULL, user TEXT NOT NULL, body TEXT NOT NULL,
  seal TEXT NOT NULL
) STRICT;
CREATE TABLE looks (
  number INTEGER PRIMARY KEY, task TEXT NOT NULL, test_digest TEXT NOT NULL, candidate TEXT NOT NULL, policy TEXT NOT NULL,
  at TEXT NOT NULL, alpha REAL NOT NULL, planned INTEGER NOT NULL, examples BLOB NOT NULL, seal TEXT NOT NULL,
  UNIQUE (task, test_digest, candidate, policy)
) STRICT;
PRAGMA user_version = {FORMAT};
"""
_RESTORE = "Restore a backup."
# What a process that was killed while it started a registry leaves.
_OWN_FILES = ("head.json", SALT, ".lock", ".registry.sqlite.part", ".registry.sqlite.part-journal", ".head.json.*.part", f".{SALT}.*.part")


@dataclass(frozen=True)
class Look:
    """One evaluation of a test set.

    Attributes:
        number: its number among the evaluations of this test set, from 1.
        spent_alpha: the α of all evaluations up to this one.
        planned_alpha: the α of those that were planned.
    """

    number: int
    spent_alpha: float
    planned_alpha: float


class Journal:
    """The history in a folder.

    Args:
        new: start a registry in this folder when something is first written. Otherwise the registry must exist.
    """

    def __init__(self, folder: Path, *, new: bool = False) -> None:
        self.folder = folder
        self._new = new

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / "registry.sqlite"

    @property
    def _head(self) -> Path:
        return self.folder / "head.json"

    def check(self) -> None:
        """Check that the registry exists, or that a new one can be started here.

        A new one in which nothing was promoted may be there: the same command has started it, and was killed. See `record_look`.

        Raises:
            BenchError: it does not exist, or is in use although a new one was requested; its database is missing.
        """
        if self._exists():
            if self._new and self.events():
                self._refuse_to_start()
        elif not self._new:
            registry = setting("registry", str(self.folder))
            raise BenchError(
                f"{self.folder}: {'is not a registry' if self.folder.exists() else 'does not exist'} ({registry}). Correct the path, "
                f"or start a registry there: `bench gate` and `bench promote` do with {setting('new_registry')}."
            )
        elif self.folder.exists() and (not self.folder.is_dir() or not all(map(_is_own, self.folder.iterdir()))):
            raise BenchError(f"{self.folder}: is not an empty folder, so no registry can be started there")

    def check_salt(self) -> None:
        """Check the key of the digests of test examples, without which the history can be read, but no test set be evaluated.

        Raises:
            BenchError: it is missing or damaged, or is another registry's.
        """
        recorded = read_json(self._head).get("salt")
        if digest_salt(self.folder) != recorded:
            raise BenchError(f"{self.folder / SALT}: is not the key of this registry: head.json has another sha256. {_RESTORE}")

    def _refuse_to_start(self) -> NoReturn:
        raise BenchError(f"{self.folder}: there already is a registry here. Leave out {setting('new_registry')}.")

    def _exists(self) -> bool:
        """Whether the history was ever started.

        Raises:
            BenchError: it was, and its database is missing.
        """
        if self.file.is_file():
            return True
        in_use = any(number for number, _ in self._read_head().values()) if self._head.is_file() else (self.folder / "models").is_dir()
        if in_use:
            raise BenchError(f"{self.file}: is missing, but the registry was in use. {_RESTORE}")
        return False

    def events(self, task: str | None = None) -> list[Event]:
        """The history (of a task), oldest first.

        Raises:
            BenchError: the registry does not exist, or its database is damaged or missing, was modified, or is another version's.
        """
        if self._new and not self._exists():
            return []
        with self._open() as db:
            history = self._verified_events(db)
        return [event for event in history if task is None or event.task == task]

    def append(self, task: str, decide: Callable[[Sequence[Event]], tuple[Action, dict[str, Any]]]) -> Event:
        """Add an event.

        Args:
            decide: its action and body, from the history of the task as it is within the transaction.
        """
        with self._open(write=True) as db:
            history = self._verified_events(db)
            action, body = decide([event for event in history if event.task == task])
            event = Event(len(history) + 1, task, action, _now(), _user(), **body)
            _append_sealed(db, "events", (task, action, event.at, event.user, json.dumps(body, sort_keys=True)))
        return event

    def record_look(self, task: str, digests: Sequence[str], candidate: str, policy: str, *, alpha: float, planned: bool) -> Look:
        """Record an evaluation of a test set, before anything is judged.

        Two test sets are the same if they share at least half of the smaller one's examples, whatever the task is called: removing an
        example does not make a new test set. The same question again, about the same candidate under the same policy, is not another
        evaluation.

        Args:
            digests: sha256 (hex) of each test example.
            candidate: what identifies the question: a hash of the candidate's and the baseline's outputs.
            policy: the digest of the policy.
            planned: whether the policy plans its evaluations.

        Raises:
            BenchError: a new registry was requested, and this one has evaluated something else; it is damaged or cannot be written.
        """
        with self._open(write=True) as db:
            self._verified_events(db)
            self.check_salt()
            numbers = hide_examples(self.folder, digests)
            test_digest = hashlib.sha256(numbers.tobytes()).hexdigest()
            question = (task, test_digest, candidate, policy)
            known = db.execute("SELECT 1 FROM looks WHERE task = ? AND test_digest = ? AND candidate = ? AND policy = ?", question)
            if known.fetchone() is None:
                _append_sealed(db, "looks", (*question, _now(), alpha, int(planned), numbers.tobytes()))
            columns = "task, test_digest, candidate, policy, alpha, planned, examples"
            looks = db.execute(f"SELECT {columns} FROM looks ORDER BY number").fetchall()
            if self._new and any(look[:4] != question for look in looks):
                self._refuse_to_start()
        same = [look for look in looks if _is_same_test_set(numbers, np.frombuffer(look[6], dtype=np.uint64))]
        number = next(i for i, look in enumerate(same, start=1) if look[:4] == question)
        until = same[:number]
        return Look(number, float(sum(look[4] for look in until)), float(sum(look[4] for look in until if look[5])))

    def _verified_events(self, db: sqlite3.Connection) -> list[Event]:
        """All events, after the seals of all events and looks were verified."""
        if not self._head.is_file():
            raise BenchError(f"{self._head}: is missing, so the history cannot be verified. {_RESTORE}")
        for table, (number, seal) in self._read_head().items():
            seals = self._verified_seals(db, table)
            if number > len(seals) or (number > 0 and seals[number - 1] != seal):
                lost = f"it has {len(seals)} {table}, but head.json records {number}"
                raise BenchError(f"{self.file}: was truncated or replaced: {lost}. {_RESTORE}")
        rows = db.execute("SELECT number, task, action, at, user, body FROM events ORDER BY number")
        return [self._read_event(*row) for row in rows]

    def _read_event(self, number: int, task: str, action: str, at: str, user: str, body: str) -> Event:
        try:
            columns = {"number": number, "task": task, "action": action, "at": at, "user": user}
            return from_json_text(Event, json.dumps(json.loads(body) | columns))
        except (ValueError, TypeError) as error:  # damaged before it was sealed, or another version's
            raise BenchError(f"{self.file}: event {number} is damaged: {error}. {_RESTORE}") from None

    def _read_head(self) -> dict[_Table, tuple[int, str]]:
        """The number and the seal of the last row of each table when the head was written.

        Raises:
            BenchError: the head is damaged.
        """
        head = read_json(self._head)
        try:
            rows = {table: (head[table]["number"], head[table]["seal"]) for table in _TABLES}
            if all(isinstance(number, int) and isinstance(seal, str) for number, seal in rows.values()):
                return rows
        except (KeyError, TypeError):
            pass
        raise BenchError(f"{self._head}: is damaged, so the history cannot be verified. {_RESTORE}")

    def _verified_seals(self, db: sqlite3.Connection, table: _Table) -> list[str]:
        """The seals of a table, each recomputed."""
        seals: list[str] = []
        for *row, stored in db.execute(f"SELECT * FROM {table} ORDER BY number"):
            seal = _seal(seals[-1] if seals else "", *row)
            if seal != stored or row[0] != len(seals) + 1:
                what = f"{table.removesuffix('s')} {row[0]}"
                raise BenchError(f"{self.file}: {what} was changed, or one before it was removed: its seal differs. {_RESTORE}")
            seals.append(seal)
        return seals

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """The database within a transaction. When writing, no other process writes until the head is written as well."""
        with contextlib.ExitStack() as stack:
            try:
                if write and self._new:
                    make_private_folder(self.folder)
                if not self._new:
                    self.check()
                if write:
                    stack.enter_context(file_lock(self.folder / ".lock", patience=_PATIENCE_SECONDS))
                    if not self._exists():
                        self._create()
                db = stack.enter_context(contextlib.closing(sqlite3.connect(self.file, timeout=_PATIENCE_SECONDS, isolation_level=None)))
                db.execute("PRAGMA synchronous = FULL")
                db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                self._check_format(db)
                yield db
                head = _head_of(db)
                db.execute("COMMIT")
                if write:  # a process that is killed before this leaves a head that is behind, which does no harm
                    write_json(self._head, read_json(self._head) | head)
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    raise BenchError(f"{self.file}: is damaged, or not a registry: {error}. {_RESTORE}") from None
                why = "Is another process using it, is the disk full, or is the folder read-only?"
                raise BenchError(f"{self.file}: cannot be used: {error}. {why}") from None
            except sqlite3.DatabaseError as error:
                raise BenchError(f"{self.file}: is damaged, or not a registry: {error}. {_RESTORE}") from None
            except OSError as error:
                raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None

    def _check_format(self, db: sqlite3.Connection) -> None:
        """Refuse the registry of another version. A database without tables is damaged instead, which its first query finds."""
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version != FORMAT and db.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone() is not None:
            raise BenchError(
                f"{self.file}: is in format {version or 1}; this version of bench reads format {FORMAT}. "
                "Move the registry away, and promote the model in service again."
            )

    def _create(self) -> None:
        """An empty history, completely or not at all: no process reads a database without its tables."""
        temporary = self.file.with_name(".registry.sqlite.part")
        for abandoned in (temporary, temporary.with_name(f"{temporary.name}-journal")):
            abandoned.unlink(missing_ok=True)  # a journal would be applied to the new database
        with contextlib.closing(sqlite3.connect(temporary)) as db:
            db.executescript(_SCHEMA)
            create_salt(self.folder)
            write_json(self._head, {**_head_of(db), "salt": digest_salt(self.folder)})
        temporary.chmod(PRIVATE_FILE)  # verdicts quote outputs, which may be what patients said
        temporary.replace(self.file)


def _is_own(file: Path) -> bool:
    return any(file.match(name) for name in _OWN_FILES)


def _head_of(db: sqlite3.Connection) -> dict[str, Any]:
    """The number and the seal of the last row of each table, as the head stores them."""
    return {table: dict(zip(("number", "seal"), _last_row(db, table), strict=True)) for table in _TABLES}


def _last_row(db: sqlite3.Connection, table: _Table) -> tuple[int, str]:
    row = db.execute(f"SELECT number, seal FROM {table} ORDER BY number DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, "")


def _append_sealed(db: sqlite3.Connection, table: _Table, values: Sequence[object]) -> None:
    """Add a row: its number, the values, its seal."""
    number, seal = _last_row(db, table)
    row = (number + 1, *values)
    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * (len(row) + 1))})", (*row, _seal(seal, *row)))


def _is_same_test_set(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> bool:
    """Whether half of the smaller set, or more, is in the other."""
    return 2 * len(np.intersect1d(one, other)) >= max(1, min(len(one), len(other)))


def _seal(previous: str, *parts: object) -> str:
    plain = [hashlib.sha256(part).hexdigest() if isinstance(part, bytes) else part for part in parts]
    return hashlib.sha256(json.dumps([previous, *plain]).encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _user() -> str:
    """The user's name as far as the machine knows it."""
    try:
        return one_line(getpass.getuser().encode("utf-8", "replace").decode(), 80)
    except (OSError, KeyError):
        return "unknown"
