"""The ledger of forecasts and the seconds of trials, in the user's cache."""

from __future__ import annotations

import json
import time
from pathlib import Path

from harness.cache import cache_folder, use_cache_folder
from harness.forecast import ledger_file, read_calibration, read_ledger, read_trials, trial_file
from harness.reporting.wording.forecast_sentences import build_ledger_table, describe_ledger
from tests.fuzz.readers.reader import Reader, refusals


def _read(content: bytes, folder: Path) -> None:
    before = cache_folder()
    use_cache_folder(folder)
    try:
        ledger_file().write_bytes(content)
        read_calibration("a CPU")
        with refusals():
            records = read_ledger()
            build_ledger_table(records, "a CPU")
            describe_ledger(records, len(records))
    finally:
        use_cache_folder(before)


def _read_trials(content: bytes, folder: Path) -> None:
    before = cache_folder()
    use_cache_folder(folder)
    try:
        trial_file().write_bytes(content)
        assert all(0 <= value <= 1e6 for trial in read_trials().values() for value in trial)
    finally:
        use_cache_folder(before)


def _trial() -> dict[str, object]:
    return {"key": "0a" * 32, "at": time.time(), "values": [0.5, 0.01, 0.25]}


def _record() -> dict[str, object]:
    names = {"at": "2026-11-28T06:00:00+0000", "device": "a CPU", "task": "visits", "model": "tiny", "strategy": "lora"}
    forecast = {"peak": 1e9, "training": 60.0, "answering": 5.0}
    return names | forecast | {"measured_peak": 1.1e9, "measured_training": 70.0, "measured_answering": None}


def _seed() -> bytes:
    return (json.dumps(_record()) + "\n").encode() * 4


FORECAST_FILES: dict[str, Reader] = {
    "forecast-ledger": Reader(_read, lambda: [_seed()], lambda: [_record()], share=0.3),
    "trials": Reader(_read_trials, lambda: [(json.dumps(_trial()) + "\n").encode() * 2], lambda: [_trial()], share=0.1),
}
