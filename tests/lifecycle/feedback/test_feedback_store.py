"""The log of feedback: private, sealed, complete after kills, and never written by two processes at once."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.lifecycle.feedback import AnswerFeedback, FeedbackStore, LogPart, feedback_store
from harness.store import file_lock

TASK = "visits"


def add(registry: Path, *ids: str, task: str = TASK) -> None:
    answers = tuple(AnswerFeedback(id_, "complaint", "2026-03-01", corrected="ü\u202e\n", inputs={"input": id_}) for id_ in ids)
    FeedbackStore(registry, task).add(lambda log, hash_user: LogPart(0, "2026-03-01", "a.csv", answers))


def read(registry: Path, task: str = TASK) -> list[str]:
    return [each.id for each in FeedbackStore(registry, task).read().answers]


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    for ids in (("a", "b"), ("c",), ("d", "e")):
        add(tmp_path, *ids)
    return tmp_path


def test_files_are_private_and_texts_come_back_as_they_were(registry: Path) -> None:
    folder = registry / "feedback" / TASK
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == dict.fromkeys(
        (".lock", "head.json", "log.jsonl"), 0o600
    )
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    log = FeedbackStore(registry, TASK).read()
    assert log.position == 3 and log.answers[0].corrected == "ü\u202e\n"


def test_a_task_cannot_lead_out_of_the_registry(tmp_path: Path) -> None:
    with pytest.raises(BenchError):
        FeedbackStore(tmp_path / "registry", "../../etc")


def damages() -> dict[str, Callable[[Path], None]]:
    def edit(change: Callable[[bytes], bytes], name: str = "log.jsonl") -> Callable[[Path], None]:
        def damage(folder: Path) -> None:
            (folder / name).write_bytes(change((folder / name).read_bytes()))

        return damage

    return {
        "edited verdict": edit(lambda text: text.replace(b"complaint", b"accepted ", 1)),
        "last line removed": edit(lambda text: b"".join(text.splitlines(keepends=True)[:-1])),
        "middle line removed": edit(lambda text: b"".join(text.splitlines(keepends=True)[::2])),
        "lines exchanged": edit(lambda text: b"".join(text.splitlines(keepends=True)[::-1])),
        "emptied": edit(lambda text: b""),
        "cut": edit(lambda text: text[:-20]),
        "log missing": lambda folder: (folder / "log.jsonl").unlink(),
        "head missing": lambda folder: (folder / "head.json").unlink(),
        "head edited": edit(lambda text: text.replace(b'"parts": 3', b'"parts": 2'), "head.json"),
        "head emptied": edit(lambda text: b"", "head.json"),
        "head is huge": edit(lambda text: text + b" " * 5000, "head.json"),
    }


@pytest.mark.parametrize("damage", damages())
def test_damage_is_one_clear_error_and_nothing_is_added(registry: Path, damage: str) -> None:
    folder = registry / "feedback" / TASK
    damages()[damage](folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    for use in (lambda: read(registry), lambda: add(registry, "f")):
        with pytest.raises(BenchError, match="Restore a backup"):
            use()
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_random_damage_never_passes(registry: Path, tmp_path: Path) -> None:
    """Bit flips and cuts anywhere in both files, and files of another task: refused, or the content is as it was."""
    add(registry, "x", "y", task="letters")
    folder, draw = registry / "feedback" / TASK, random.Random(5)
    expected = read(registry)
    for number in range(150):
        file = folder / draw.choice(["log.jsonl", "head.json"])
        intact = file.read_bytes()
        if number % 5 == 0:
            shutil.copy(registry / "feedback" / "letters" / file.name, file)
        else:
            damaged = bytearray(intact)
            bit = draw.randrange(8 * len(damaged))
            damaged[bit // 8] ^= 1 << bit % 8
            file.write_bytes(bytes(damaged) if number % 2 else intact[: bit // 8])
        with contextlib.suppress(BenchError):
            assert read(registry) == expected, "only accepted if nothing is lost"
        file.write_bytes(intact)
    assert read(registry) == expected


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_line_that_a_killed_process_left_does_not_count(registry: Path, kept: int) -> None:
    """The head is behind, and the last line is not complete."""
    folder = registry / "feedback" / TASK
    head, before = (folder / "head.json").read_bytes(), (folder / "log.jsonl").read_bytes()
    add(registry, "f")
    line = (folder / "log.jsonl").read_bytes()[len(before) :]
    (folder / "log.jsonl").write_bytes(before + line[:kept])
    (folder / "head.json").write_bytes(head)
    assert read(registry) == ["a", "b", "c", "d", "e"]
    add(registry, "g")
    assert read(registry) == ["a", "b", "c", "d", "e", "g"]


def test_a_complete_line_counts_although_the_head_is_behind(registry: Path) -> None:
    folder = registry / "feedback" / TASK
    head = (folder / "head.json").read_bytes()
    add(registry, "f")
    (folder / "head.json").write_bytes(head)
    assert read(registry) == ["a", "b", "c", "d", "e", "f"]


def test_a_kill_before_the_first_line_leaves_an_empty_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int, *rest: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(BenchError, match="No space left on device"):
        add(tmp_path, "a")
    monkeypatch.undo()
    assert read(tmp_path) == []
    add(tmp_path, "b")
    assert read(tmp_path) == ["b"]


def test_a_log_that_another_process_holds_is_one_error(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_store, "_PATIENCE_SECONDS", 0.05)
    with file_lock(registry / "feedback" / TASK / ".lock"), pytest.raises(BenchError, match="is in use: another process has been changing"):
        add(registry, "f")
    assert len(read(registry)) == 5, "reading does not wait"


def test_a_log_has_a_largest_size(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback_store, "MOST_BYTES", (registry / "feedback" / TASK / "log.jsonl").stat().st_size + 100)
    with pytest.raises(BenchError, match="would be larger than"):
        add(registry, "f")
    assert len(read(registry)) == 5


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "feedback").write_text("a file")
    with pytest.raises(BenchError, match="cannot be written"):
        add(tmp_path, "a")
