"""The feedback on the answers of a task, in the registry beside its models. It only grows.

feedback/<task>/log.jsonl    one line for each part that was added: a seal, and the part as JSON
feedback/<task>/head.json    the key of users' hashes, and how far the log had come: a log that was cut short does not reach it
feedback/<task>/.lock        held by the process that adds

The seal of a line is a sha256 over its place, its text and the seal of the line before, so that no line can be changed, moved or removed
without notice. A line behind the head that is not complete is what a killed process has left: it does not count, and the next one replaces
it. Seals do not prevent changes; they reveal them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from harness.bounded_file import read_bounded
from harness.errors import BenchError
from harness.lifecycle.feedback.feedback_log import FeedbackLog
from harness.lifecycle.feedback.log_part import LogPart
from harness.store import (
    PRIVATE_FILE,
    file_lock,
    from_json_text,
    make_private_folder,
    read_sealed,
    resolve_inside,
    to_json_line,
    write_sealed,
)

LOG, HEAD = "log.jsonl", "head.json"
FORMAT = 1  # of both files; raise it when this version cannot read older ones
MOST_BYTES = 2**30  # of a log; a million short answers take less
_MOST_HEAD_BYTES = 4096
_PATIENCE_SECONDS = 60.0  # for another process that adds feedback
_RESTORE = "Restore a backup."


@dataclass(frozen=True)
class _Head:
    """What `head.json` holds.

    Attributes:
        salt: the key of the hashes of users.
        parts: how many lines the log had.
        seal: that of its last line; empty without one.
    """

    format: int
    salt: str
    parts: int
    seal: str


@dataclass(frozen=True)
class _Chain:
    """The intact lines of a log: their parts, their seals and how many bytes they are."""

    parts: tuple[LogPart, ...]
    seals: tuple[str, ...]
    size: int


class FeedbackStore:
    """The feedback on one task.

    Args:
        registry: the folder of the registry.

    Raises:
        BenchError: the name of the task leads out of the registry.
    """

    def __init__(self, registry: Path, task: str) -> None:
        self._place = f"feedback/{task}"
        self.folder = resolve_inside(registry, self._place)

    def read(self) -> FeedbackLog:
        """Everything that was added; an empty log where nothing was.

        Raises:
            BenchError: a file is missing, damaged, another task's, or another version's.
        """
        head = self._read_head()
        return FeedbackLog(() if head is None else self._read_chain(head).parts)

    def add(self, decide: Callable[[FeedbackLog, Callable[[str], str]], LogPart | None]) -> FeedbackLog:
        """Add a part, completely or not at all, while no other process adds one.

        Args:
            decide: the part, from the log as it is and a function that hashes the names of users; None to add nothing. Its number is set
                here.

        Raises:
            BenchError: as `read`; another process holds the log; it has become too large; the folder cannot be written.
        """
        try:
            make_private_folder(self.folder)
        except OSError as error:
            raise BenchError(f"{self.folder}: cannot be written: {error.strerror}") from None
        with file_lock(self.folder / ".lock", patience=_PATIENCE_SECONDS):
            head = self._read_head() or _Head(FORMAT, secrets.token_hex(16), 0, "")
            chain = self._read_chain(head)
            log = FeedbackLog(chain.parts)
            part = decide(log, lambda name: hash_user(head.salt, name))
            if part is None:
                return log
            part = replace(part, number=len(chain.parts) + 1)
            text = to_json_line(LogPart, part)
            seal = seal_line(self._place, chain.seals[-1] if chain.seals else "", text)
            line = f"{seal} {text}\n".encode()
            if chain.size + len(line) > MOST_BYTES:
                raise BenchError(f"{self.folder / LOG}: would be larger than {MOST_BYTES // 2**20:,} MiB, the limit. Leave out long texts")
            self._write(head, chain, line, seal)
        return FeedbackLog((*chain.parts, part))

    def _write(self, head: _Head, chain: _Chain, line: bytes, seal: str) -> None:
        file = self.folder / LOG
        try:
            if not chain.parts and head.parts == 0:  # the key comes first: hashes of users without it could not be repeated
                self._write_head(replace(head, parts=0, seal=""))
            handle = os.open(file, os.O_WRONLY | os.O_CREAT, PRIVATE_FILE)
            with os.fdopen(handle, "wb") as stream:
                stream.truncate(chain.size)
                stream.seek(chain.size)
                stream.write(line)
                stream.flush()
                os.fsync(stream.fileno())
            self._write_head(replace(head, parts=len(chain.parts) + 1, seal=seal))
        except OSError as error:
            raise BenchError(f"{file}: cannot be written: {error.strerror}") from None

    def _write_head(self, head: _Head) -> None:
        write_sealed(self.folder / HEAD, _Head, head, place=f"{self._place}/{HEAD}")

    def _read_head(self) -> _Head | None:
        """The head; None where nothing was ever added.

        Raises:
            BenchError: it is missing beside a log, damaged, or another version's.
        """
        file = self.folder / HEAD
        if not file.is_file():
            if (self.folder / LOG).is_file():
                raise BenchError(f"{file}: is missing, so the feedback beside it cannot be verified. {_RESTORE}")
            return None
        read_bounded(file, _MOST_HEAD_BYTES, too_large=f"is too large to be written by bench. {_RESTORE}")
        head = read_sealed(file, _Head, place=f"{self._place}/{HEAD}", advice=_RESTORE)
        if head.format != FORMAT:
            raise BenchError(f"{file}: is in format {head.format}; this version of bench reads format {FORMAT}")
        if head.parts < 0 or bool(head.parts) != bool(head.seal):
            raise BenchError(f"{file}: is damaged: its counts are out of range. {_RESTORE}")
        return head

    def _read_chain(self, head: _Head) -> _Chain:
        file = self.folder / LOG
        if not file.is_file():
            if head.parts:
                raise BenchError(f"{file}: is missing, and {HEAD} records {head.parts:,} lines. {_RESTORE}")
            return _Chain((), (), 0)
        too_large = f"is larger than {MOST_BYTES // 2**20:,} MiB, so bench did not write it. {_RESTORE}"
        content = read_bounded(file, MOST_BYTES, too_large=too_large)
        parts: list[LogPart] = []
        seals: list[str] = []
        size = 0
        for line in content.splitlines(keepends=True):
            text = _open_line(line, self._place, seals[-1] if seals else "")
            if text is None:
                if len(seals) >= head.parts and size + len(line) == len(content):
                    break  # what a killed process has left
                raise BenchError(f"{file}:{len(seals) + 1}: was changed, or a line before it was removed: its seal differs. {_RESTORE}")
            parts.append(_read_part(text, f"{file}:{len(seals) + 1}", len(seals) + 1))
            seals.append(line[:64].decode())
            size += len(line)
        if len(seals) < head.parts or (head.parts and seals[head.parts - 1] != head.seal):
            lost = f"it has {len(seals):,} lines, and {HEAD} records {head.parts:,}"
            raise BenchError(f"{file}: was cut short or replaced: {lost}. {_RESTORE}")
        return _Chain(tuple(parts), tuple(seals), size)


def hash_user(salt: str, name: str) -> str:
    """The hash under which a user is stored: the same name gives the same one in one log."""
    return hashlib.sha256(f"{salt}\0{name}".encode("utf-8", "replace")).hexdigest()[:16]


def seal_line(place: str, previous: str, text: str) -> str:
    """The seal of a line of a log.

    Args:
        place: of the log's folder in the registry.
        previous: the seal of the line before; empty for the first one.
    """
    return hashlib.sha256(f"{place}\0{previous}\0{text}".encode()).hexdigest()


def _open_line(line: bytes, place: str, previous: str) -> str | None:
    """The text of a line; None if it is not complete, or its seal differs."""
    seal, _, rest = line.partition(b" ")
    if not rest.endswith(b"\n"):
        return None
    try:
        text = rest[:-1].decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if seal_line(place, previous, text).encode() == seal else None


def _read_part(text: str, location: str, number: int) -> LogPart:
    try:
        part = from_json_text(LogPart, text)
        if part.number != number or (problem := part.find_problem()):
            raise ValueError("its number is another line's" if part.number != number else problem)
    except ValueError as error:  # damaged before it was sealed, or another version's
        raise BenchError(f"{location}: is damaged: {error}. {_RESTORE}") from None
    return part
