"""What trials measured, in the user's cache, so that the next run of the same shape begins at once: seconds, and lengths of outputs. It
counts for a day: then the machine may be busier or idler.

One line of JSON for each trial. A file that cannot be read counts for nothing, and is written anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from harness.bounded_file import read_bounded
from harness.cache import cache_folder
from harness.errors import BenchError
from harness.forecast.trials.cpu_pace import TrialValues, watched_paces, watching_pace
from harness.measure import get_result_versions, keeping_freed_memory, usable_cores

FILE = "trials.jsonl"
_LARGEST = 2**20  # bytes
_VALID = 86_400.0  # seconds
_Value = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class _Line:
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    at: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
    values: Annotated[list[_Value], Field(min_length=2, max_length=4)]


_LINE = TypeAdapter(_Line)
_Forecasts = TypeVar("_Forecasts")


def trial_file() -> Path:
    """Where the trials are."""
    return cache_folder() / FILE


def cached_trial(
    parts: list[object], run: Callable[[], TrialValues], *, is_timed: bool = True, only_first: Collection[int] = ()
) -> TrialValues:
    """What a trial measured that `parts` describe, as JSON, together with the threads and the packages: from the cache, or by `run`.

    Args:
        is_timed: whether it measures seconds, so that the pace of the CPU matters.
        only_first: places of the values that only its first run can measure.
    """
    threads = os.environ.get("OMP_NUM_THREADS", str(usable_cores()))
    text = json.dumps([parts, usable_cores(), threads, get_result_versions()], sort_keys=True)
    key = hashlib.sha256(text.encode()).hexdigest()
    known = read_trials()
    if key in known:
        return known[key]
    paces = watched_paces()
    with keeping_freed_memory():  # as a cell does
        values = run() if paces is None or not is_timed else paces.run(key, run, only_first)
    _add(_Line(key, time.time(), list(values)))
    return values


def repeat_slow_trials(forecast: Callable[[], _Forecasts]) -> _Forecasts:
    """What `forecast` returns. If the CPU was slower during some of its trials than during others, these are made again."""
    with watching_pace() as paces:
        forecasts, known = forecast(), read_trials()
        slow = [key for key in paces.list_slow() if key in known]
        for key in slow:
            with keeping_freed_memory():
                again = paces.repeat(key, known[key])
            _add(_Line(key, time.time(), list(again)))
        return forecast() if slow else forecasts


def read_trials() -> dict[str, TrialValues]:
    """The valid trials by key; none from a file that cannot be read."""
    try:
        lines = read_bounded(trial_file(), _LARGEST, too_large="is too large").split(b"\n")
        parsed = [_LINE.validate_json(line) for line in lines if line.strip()]
    except (BenchError, ValidationError):
        return {}
    oldest = time.time() - _VALID
    return {each.key: tuple(each.values) for each in parsed if oldest < each.at <= time.time()}


def _add(line: _Line) -> None:
    """Add a line; without any valid one before, the file begins anew. A cache that cannot be written is none."""
    file, is_readable = trial_file(), bool(read_trials())  # read again: the trial itself, or another process, may have added lines
    text = json.dumps({"key": line.key, "at": line.at, "values": line.values}).encode() + b"\n"
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if is_readable else os.O_TRUNC)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, flags, 0o600)
        try:
            os.write(descriptor, text)
        finally:
            os.close(descriptor)
    except OSError:
        return
