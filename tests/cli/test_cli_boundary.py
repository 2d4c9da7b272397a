"""An exception that no command has turned into a message: one line, a log file, exit code 70."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from harness.cli import main as entry
from harness.cli.boundary import FOLDER, describe_system_error, describe_unexpected_error


class Panic(BaseException):
    """As a library written in Rust raises it: not an `Exception`."""


@pytest.fixture
def end_with(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> object:
    """Run a command that raises this; returns the exit code and what was written to standard error."""
    monkeypatch.setenv("BENCH_CACHE_DIR", str(here / "cache"))
    monkeypatch.setattr("harness.cache._Choice.folder", None)
    monkeypatch.setattr(entry.signal, "signal", lambda *_: None)

    def end_with(error: BaseException) -> tuple[object, str]:
        @click.command()
        def fail() -> None:
            raise error

        monkeypatch.setattr(entry, "cli", fail)
        monkeypatch.setattr("sys.argv", ["bench"])
        with pytest.raises(SystemExit) as ended:
            entry.main()
        written = capsys.readouterr()
        assert written.out == ""
        return ended.value.code, written.err

    return end_with


@pytest.mark.parametrize("error", [KeyError("x"), Panic("index\nout of range"), RecursionError("deep"), ValueError("\x1b[31m\ud800")])
def test_unexpected_error_is_one_line_with_a_log_file(end_with: object, here: Path, error: BaseException) -> None:
    code, text = end_with(error)  # type: ignore[operator]
    assert code == 70
    assert text.count("\n") == 1
    assert text.isprintable() or text[:-1].isprintable()
    assert text.startswith(f"error: bench failed unexpectedly ({type(error).__name__}")
    (log,) = (here / "cache" / FOLDER).iterdir()
    assert str(log) in text
    assert log.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_log_goes_to_the_temporary_folder_if_the_cache_cannot_be_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "file").write_text("")
    (here / "tmp").mkdir()
    monkeypatch.setattr("harness.cache._Choice.folder", here / "file")
    monkeypatch.setattr("tempfile.tempdir", str(here / "tmp"))
    assert str(here / "tmp") in describe_unexpected_error(KeyError("x"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.ENAMETOOLONG, errno.EACCES])
def test_system_error_is_a_message_with_advice(end_with: object, number: int) -> None:
    code, text = end_with(OSError(number, "the reason", "x" * 300))  # type: ignore[operator]
    assert code == 2
    assert text.startswith("error: xxx")
    assert f"…: {os.strerror(number)}. " in text
    assert text.count("\n") == 1
    assert len(text) < 300


def test_missing_memory_is_a_message(end_with: object) -> None:
    assert end_with(MemoryError()) == (2, "error: there is not enough memory. Free some, or use less data at once\n")  # type: ignore[operator]
    assert describe_system_error(FileNotFoundError(errno.ENOENT, "no", "x")) is None  # whoever opened it knows better what is missing


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_disk_behind_standard_output_is_a_message(here: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "harness.cli.main", "--help"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: No space left on device. Free some space, and run the same command again.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "{}"),
        ("report", "latest", "--runs-dir", "{}"),
        ("run", "--task", "classification", "--data", "{}.csv"),
        ("run", "--task", "{}"),
        ("run", "--task", "{}.yaml"),
        ("run", "--task", "classification", "--strategies", "{}"),
        ("run", "--task", "classification", "--strategies", "outputs:{}"),
        ("run", "--task", "classification", "--model", "{}"),
        ("run", "--task", "classification", "--tasks-dir", "{}"),
        ("run", "--grid", "{}.yaml"),
        ("init", "{}.csv"),
        ("registry", "--registry", "{}"),
        ("review", "import", "latest", "{}.csv"),
        ("tasks", "validate", "{}.yaml"),
        ("tasks", "show", "{}"),
    ],
)
def test_names_of_300_characters_are_a_message(call: object, arguments: tuple[str, ...]) -> None:
    ended = call(*(argument.format("x" * 300) for argument in arguments))  # type: ignore[operator]
    assert ended.code == 2
    assert ended.err
