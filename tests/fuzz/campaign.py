"""Running a reader on inputs: what it raises, and whether it takes too long."""

from __future__ import annotations

import hashlib
import shutil
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType

from tests.fuzz.readers import READERS

MAX_SECONDS = 5
REGRESSIONS = Path(__file__).parent / "regressions"


class HangError(BaseException):
    """An input took too long. Not an `Exception`, so that no reader mistakes it for a defect of its file."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Interrupt what takes longer.

    Raises:
        HangError: it took longer.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_once(name: str, content: bytes, *, seconds: float = MAX_SECONDS) -> str:
    """Have a reader read one input; returns what kind of failure it was, or an empty text."""
    _warm_up(name)
    folder = Path(tempfile.mkdtemp(prefix="bench-fuzz-"))
    start = time.process_time()
    try:
        with time_limit(12 * seconds):  # other processes may take the processor meanwhile
            READERS[name].read(content, folder)
    except HangError as error:
        return f"hang at {_last_place(error)}"
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in Rust is not an Exception
        return f"{type(error).__name__} at {_last_place(error)}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    taken = time.process_time() - start
    return f"more than {seconds:g} seconds of processor time" if taken > seconds else ""


@cache
def _warm_up(name: str) -> None:
    """Read a valid file, so that importing libraries does not count."""
    folder = Path(tempfile.mkdtemp(prefix="bench-fuzz-"))
    try:
        READERS[name].read(next(iter(READERS[name].seeds())), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def save_regression(name: str, content: bytes) -> Path:
    """Keep an input that failed; the short test reads it from then on."""
    folder = REGRESSIONS / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / hashlib.sha256(content).hexdigest()[:12]
    file.write_bytes(content)
    return file


def _last_place(error: BaseException) -> str:
    """The last line of our own code in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/harness/" in frame.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
