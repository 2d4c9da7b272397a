"""Readers of retraining: lifecycle files, and the files of steps in a registry, damaged or written and sealed by a colleague."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.lifecycle.retraining import (
    ChampionName,
    CostForecast,
    DataCounts,
    LifecycleSpec,
    OpenStep,
    RetrainingState,
    StepResult,
    StepStore,
    StrategyForecast,
    Trigger,
    UsedRows,
    read_lifecycle,
    read_new_data,
)
from harness.reporting import retraining_to_json, retraining_to_junit, retraining_to_markdown
from harness.store import write_sealed
from tests.fuzz.readers.reader import TASK, Read, Reader, get_folder, refusals

_LIFECYCLE = b"""\
version: 1
task: visits.yaml
when: {drift: true, age_days: 30, new_rows: 500, complaints: {share: 0.1, least: 9}, wait_days: 3}
data: {new: [new/*.jsonl, more.csv], harvested: h.jsonl, fields: {input: text}, test_share: 0.2}
run: {strategies: [lora, 'lora:r=8'], seeds: 2, epochs: 1, search: {trials: 3}, race: 0.05}
limits: {hours: 4, price: 20}
notify: {webhook: "https://hooks.example.com/a", email: {file: mail.txt, to: a@b.example}, markdown: a.md}
"""


def read_lifecycle_file(content: bytes, folder: Path) -> None:
    """Read a lifecycle file, and the data that it names."""
    (folder / "lifecycle.yaml").write_bytes(content)
    with refusals():
        data = read_lifecycle(folder / "lifecycle.yaml").spec.data
        read_new_data(TASK, data.new, data.harvested, fields=data.fields, salt="s")


def read_step_file(name: str, *, seals: bool) -> Read:
    """Replace a file of a step, and read all.

    Args:
        seals: the content is a JSON document, which is sealed as bench seals its own.
    """

    def read(content: bytes, folder: Path) -> None:
        store = _fill(folder)
        file = store.folder / name
        if seals:
            try:
                document = json.loads(content)
                assert isinstance(document, dict)
                document.pop("seal", None)
                assert document
                write_sealed(file, dict, document, place=file.relative_to(folder).as_posix())
            except (ValueError, AssertionError, RecursionError):
                return
        else:
            file.write_bytes(content)
        with refusals():
            state = store.read_state()
            store.read_used(state.used)
            for result in store.list_records():
                json.dumps(retraining_to_json(result), allow_nan=False)
                retraining_to_markdown(result)
                retraining_to_junit(result)
            store.write_state(state)

    return read


def _fill(folder: Path) -> StepStore:
    store = StepStore(folder, TASK.name)
    day, triggers = date(2027, 1, 1), (Trigger("age", 31, 30, date(2026, 12, 1)), Trigger("drift", None, 1))
    counts = DataCounts(12, 1, 13, 2, 1, 1, {"train": 9}, {"train": 9}, {"near_test": 1}, ("x",), ("new/*",))
    forecast = CostForecast((StrategyForecast("lora", 10.0, 0.1, "run", "lora"),))
    step = OpenStep(2, day, "0" * 64, 1, day, triggers, counts, forecast, TASK, "run-2")
    limits = LifecycleSpec.model_validate(
        {"task": "a", "when": {"drift": True}, "data": {"new": "a"}, "run": {"strategies": "lora"}, "limits": {"hours": 3}}
    ).limits
    champion = ChampionName("lora", "run", day)
    store.write_used(1, UsedRows(frozenset({"0" * 16}), frozenset({"1" * 16})))
    store.write_record(1, StepResult("fuzz", "held", day, champion, counts, limits, triggers, 1, forecast=forecast, run="run"))
    store.write_state(RetrainingState(1, TASK.name, "salt", 2, day, 1, 1, day, 1, "waiting-1", step))
    return store


@lru_cache(maxsize=1)
def _filled() -> StepStore:
    return _fill(get_folder() / "retrained")


def _documents(name: str) -> Callable[[], list[Any]]:
    return lambda: [json.loads((_filled().folder / name).read_bytes())]


RETRAIN_FILES: dict[str, Reader] = {
    "lifecycle": Reader(read_lifecycle_file, lambda: [_LIFECYCLE]),
    "retrain-state": Reader(read_step_file("state.json", seals=True), lambda: [b"{}"], _documents("state.json"), share=0.5),
    "retrain-record": Reader(read_step_file("1/record.json", seals=True), lambda: [b"{}"], _documents("1/record.json"), share=0.5),
    "retrain-rows": Reader(read_step_file("1/rows.json", seals=True), lambda: [b"{}"], _documents("1/rows.json"), share=0.2),
    "unsealed-retrain-state": Reader(
        read_step_file("state.json", seals=False), lambda: [(_filled().folder / "state.json").read_bytes()], share=0.2
    ),
}
