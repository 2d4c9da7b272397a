"""Forecasts and what was measured afterwards, in the user's cache: later forecasts are corrected by earlier ones on the same device.

One line of JSON for each finished cell. The file holds no text of any example.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from harness.bounded_file import read_bounded
from harness.cache import cache_folder
from harness.errors import BenchError
from harness.types import CellForecast, CellResult
from harness.validation import describe_problem, field_path

FILE = "forecasts.jsonl"
_LARGEST = 4 * 2**20  # bytes
_KEPT = 2000  # cells; older ones are dropped when the file is half full
_TRAINED = ("train", "validate")

_Text = Annotated[str, Field(max_length=300)]
_Amount = Annotated[float, Field(ge=0, le=1e18, allow_inf_nan=False)]


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid", strict=True))
class ForecastRecord:
    """One finished cell. Bytes and seconds; a measurement that is missing is None.

    Attributes:
        at: when it ended, in ISO 8601.
        device: its name.
        peak, training, answering: as they were forecast, without a correction.
        measured_peak, measured_training, measured_answering: as they turned out.
        is_tried, is_sampled: as of the forecast (`CellForecast`).
    """

    at: _Text
    device: _Text
    task: _Text
    model: _Text
    strategy: _Text
    peak: _Amount
    training: _Amount
    answering: _Amount
    measured_peak: _Amount | None
    measured_training: _Amount | None
    measured_answering: _Amount | None
    is_tried: bool = False
    is_sampled: bool = False


_RECORD = TypeAdapter(ForecastRecord)


def ledger_file() -> Path:
    """Where the ledger is."""
    return cache_folder() / FILE


def read_ledger() -> tuple[ForecastRecord, ...]:
    """All records, the oldest first; none without a file.

    Raises:
        BenchError: the file is too large, or a line of it is invalid.
    """
    file = ledger_file()
    if not file.exists():
        return ()
    content = read_bounded(file, _LARGEST, too_large=f"is larger than {_LARGEST // 2**20} MiB. Delete it: forecasts start without it.")
    lines = content.split(b"\n")
    return tuple(_read_line(line, f"{file}:{number}") for number, line in enumerate(lines, start=1) if line.strip())


def _read_line(line: bytes, place: str) -> ForecastRecord:
    advice = "Delete the file: forecasts start without it."
    try:
        return _RECORD.validate_json(line)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = field_path(detail["loc"])
        raise BenchError(f"{place}: {f'{field}: ' if field else ''}{describe_problem(detail)}. {advice}") from None


def add_to_ledger(result: CellResult, forecast: CellForecast) -> None:
    """Add a finished cell. A ledger that cannot be written or read is no reason to stop a run: it is then left as it is."""
    record = make_record(result, forecast)
    if record is None:
        return
    file = ledger_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > _LARGEST // 2:
            _shorten(file)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, json.dumps(asdict(record)).encode() + b"\n")
        finally:
            os.close(descriptor)
    except OSError:
        return


def _shorten(file: Path) -> None:
    lines = file.read_bytes().splitlines()[-_KEPT:]
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_bytes(b"\n".join(lines) + b"\n")
    part.rename(file)


def make_record(result: CellResult, forecast: CellForecast) -> ForecastRecord | None:
    """What a finished cell adds to the ledger; None for one that did not finish, that was forecast without memory, or that trained together
    with others, of which no forecast speaks."""
    if result.status != "done" or forecast.peak is None or not result.costs:
        return None
    if result.training is not None and result.training.trained_together > 1:
        return None
    cell = result.cell
    peaks = [cost.peak_allocated for cost in result.costs if cost.peak_allocated is not None]
    seconds = {str(phase): sum(c.seconds for c in result.costs if c.phase == phase) for phase in {c.phase for c in result.costs}}
    names = {"device": forecast.device, "task": cell.task, "model": cell.model, "strategy": cell.strategy}
    return ForecastRecord(
        at=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        **{field: name[:300] for field, name in names.items()},
        peak=forecast.peak.uncorrected,
        training=forecast.training_seconds.uncorrected,
        answering=forecast.answer_seconds.uncorrected,
        measured_peak=float(max(peaks)) if peaks else None,
        measured_training=sum(seconds.get(phase, 0.0) for phase in _TRAINED) if "train" in seconds else None,
        measured_answering=seconds.get("predict"),
        is_tried=forecast.is_tried,
        is_sampled=forecast.is_sampled,
    )
