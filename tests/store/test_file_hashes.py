"""Large files are read once per process, also when several threads ask for their hash, and after a fork."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import pytest

from harness.store import hash_file, hash_in_background
from harness.store.seals import file_hashes

SIZE = 3 << 20  # large enough to be hashed once per process
LONGEST = 60  # seconds that a thread waits for another


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read to be hashed. Files count as old, so that their hashes are kept."""
    names: list[str] = []
    digest = file_hashes._digest

    def note(stream: Any, piece: int) -> str:
        names.append(Path(stream.name).name)
        return digest(stream, piece)

    monkeypatch.setattr(file_hashes, "_digest", note)
    monkeypatch.setattr(file_hashes, "_SETTLED_SECONDS", -1)
    return names


def write(file: Path, letter: bytes = b"a") -> str:
    """Write a large file. Returns its sha256."""
    file.write_bytes(letter * SIZE)
    return hashlib.sha256(letter * SIZE).hexdigest()


def test_a_thread_waits_for_another_that_reads_the_file(tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    began, asked_again = Event(), Event()
    note = file_hashes._digest

    def wait_for_the_other(stream: Any, piece: int) -> str:
        began.set()
        assert asked_again.wait(LONGEST), "the other thread does not wait"
        return note(stream, piece)

    class Locks(dict[tuple[int, ...], Any]):
        def setdefault(self, identity: tuple[int, ...], lock: Any = None) -> Any:
            if identity in self:
                asked_again.set()
            return super().setdefault(identity, lock)

    monkeypatch.setattr(file_hashes, "_digest", wait_for_the_other)
    monkeypatch.setattr(file_hashes, "_locks", Locks())
    expected = write(tmp_path / "weights")
    hash_in_background([tmp_path / "weights"])
    assert began.wait(LONGEST)
    assert hash_file(tmp_path / "weights") == expected
    assert reads == ["weights"]


def test_files_are_hashed_in_the_background_and_each_is_read_once(tmp_path: Path, reads: list[str]) -> None:
    names = [f"shard-{number}" for number in range(6)]
    expected = [write(tmp_path / name, name[-1:].encode()) for name in names]
    (tmp_path / "small").write_text("{}")
    files = [*(tmp_path / name for name in names), tmp_path / "small", tmp_path / "missing", tmp_path]
    hash_in_background(files, threads=3)
    assert [hash_file(tmp_path / name) for name in names] == expected
    assert sorted(reads) == names, "what is small is not read ahead, and what is missing is no error"


def test_what_has_just_changed_is_not_read_ahead(tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hash is not kept, because it may change again without a visible difference: it would be read twice."""
    monkeypatch.setattr(file_hashes, "_SETTLED_SECONDS", 3600)
    monkeypatch.setattr(Thread, "start", Thread.run)
    write(tmp_path / "weights")
    hash_in_background([tmp_path / "weights"])
    assert not reads


def test_without_threads_the_files_are_hashed_when_they_are_asked_for(
    tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", refuse)
    expected = write(tmp_path / "weights")
    hash_in_background([tmp_path / "weights"], threads=3)
    assert not reads and hash_file(tmp_path / "weights") == expected


def test_a_fresh_hash_reads_the_file_again(tmp_path: Path, reads: list[str]) -> None:
    expected = write(tmp_path / "weights")
    assert [hash_file(tmp_path / "weights"), hash_file(tmp_path / "weights"), hash_file(tmp_path / "weights", fresh=True)] == [expected] * 3
    assert reads == ["weights"] * 2


FORKS = """
import os, sys, threading, warnings
from pathlib import Path
from harness.store import hash_file, hash_in_background
from harness.store.seals import file_hashes

warnings.simplefilter("ignore")  # newer Pythons warn of a fork beside threads, which is what is tried here
file, digest, began = Path(sys.argv[1]), file_hashes._digest, threading.Event()

def never_ends(*_):
    began.set()
    threading.Event().wait()

file_hashes._SETTLED_SECONDS = -1
file_hashes._digest = never_ends
hash_in_background([file])
began.wait()
file_hashes._digest = digest
child = os.fork()
if not child:
    print(hash_file(file), flush=True)
    os._exit(0)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("size", [0, 1, 5, 8, 9, 4096])
def test_the_size_of_the_pieces_does_not_matter(tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    for piece in (1, 4, 8 << 20):
        monkeypatch.setattr(file_hashes, "_SMALLEST_PIECE", 1)
        monkeypatch.setattr(file_hashes, "_PIECE", piece)
        assert hash_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_forked_process_does_not_wait_for_threads_that_it_does_not_have(tmp_path: Path) -> None:
    expected = write(tmp_path / "weights")
    command = [sys.executable, "-c", FORKS, str(tmp_path / "weights")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, expected), done.stderr


def test_threads_leave_no_lock_held(tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read is no reason to wait for it for ever."""
    held: dict[tuple[int, ...], Lock] = {}  # type: ignore[valid-type,unused-ignore]
    monkeypatch.setattr(file_hashes, "_locks", held)

    def fail(*_: Any) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(file_hashes, "_digest", fail)
    write(tmp_path / "weights")
    with pytest.raises(Exception, match="cannot be read: Input/output error"):
        hash_file(tmp_path / "weights")
    assert held and not any(lock.locked() for lock in held.values())  # type: ignore[attr-defined,unused-ignore]
