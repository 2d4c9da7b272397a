"""Watching the data of a model in service."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY, find_champion
from harness.api.predicting import predict
from harness.errors import BenchError
from harness.gate import Event, Registry
from harness.results import StrategyResult

if TYPE_CHECKING:
    from harness.api.exporting import FinishedListener
    from harness.lifecycle.watch import Fingerprint, RowScorer, WatchResult, WatchStore
    from harness.types import Prediction


def watch(
    task: str,
    data: PathLike,
    *,
    fields: Mapping[str, str] | None = None,
    date_column: str | None = None,
    output: str | None = None,
    feedback: str | None = None,
    answer: bool = False,
    registry: PathLike = REGISTRY,
    model_path: PathLike | None = None,
    today: date | None = None,
    listener: FinishedListener | None = None,
) -> WatchResult:
    """Compare new rows with the test examples of the model in service, and remember them: the next call adds to what this one has seen.

    The chance that any signal ever sounds a false alarm is at most 5%, however often this is called. Rows that were seen before do not
    count again. A call that is interrupted changes nothing.

    Args:
        task: a task with a model in service.
        data: a file with the new rows, with the columns of the task. Labels, outputs, feedback and dates are optional.
        fields: columns by role, if they are named otherwise than in the run's data.
        date_column: the column with the date of each row; by default "date". Without one, all rows are of today.
        output: the column with what the model wrote; by default "output".
        feedback: the column with what users thought of it, a number or a word; by default "accepted", "feedback" or "rating".
        answer: let the model in service answer rows that have no output.
        registry: the folder of the promoted models.
        model_path: folder of the base model, if it cannot be found by its name.
        today: the date of this look; by default that of this machine, in UTC.
        listener: receives the progress of the answers.

    Raises:
        BenchError: nothing was promoted for this task; a file of the model or of the monitor is damaged; an invalid row; a row that is new
            although its date is before the last one that was seen.
    """
    from harness.lifecycle.watch import (
        RowColumns,
        RowScorer,
        WatchStore,
        describe_look,
        find_early_row,
        look,
        open_token_counter,
        read_reference,
        read_watched_rows,
        start_monitor,
    )

    event, model = _load_champion(task, registry)
    scorer = RowScorer(model.task_scores)
    base = None if model_path is None else os.fspath(model_path)
    predictions = _answer(event, model, data, fields, model_path, listener) if answer else None
    store = WatchStore(Path(registry), task, event.digest)
    with store.locked():
        fingerprint = _read_or_build(store, event, model, scorer, base)
        rows = read_watched_rows(
            model.task,
            Path(data),
            fields=dict(fields or {}),
            columns=RowColumns(date_column, output, feedback),
            reference=model.examples,
            scorer=scorer,
            salt=fingerprint.salt,
            today=today or datetime.now(UTC).date(),
            predictions=predictions,
        )
        monitor = store.read_monitor(fingerprint) or start_monitor(fingerprint)
        early = find_early_row(monitor, rows)
        if early is not None and monitor.last_day is not None:
            seen = date.fromordinal(monitor.last_day).isoformat()
            raise BenchError(
                f"{Path(data).name}: row {early + 1}: is of {date.fromordinal(rows[early].day).isoformat()}, and rows until {seen} were "
                "watched before. Rows must arrive in the order of their days. Remove the older rows, or correct their dates"
            )
        count_tokens = None
        notes = []
        if any(test.signal == "input_tokens_per_word" for test in fingerprint.tests):
            count_tokens = open_token_counter(model, base)
            notes = [] if count_tokens else ["no_tokenizer"]
        looked = look(monitor, fingerprint, rows, reference=read_reference(model, scorer), count_tokens=count_tokens)
        store.write_monitor(looked.monitor)
    return describe_look(looked, fingerprint, strategy=event.strategy, run=event.run, promoted=event.at, metric=scorer.metric, notes=notes)


def store_fingerprint(task: str, *, registry: PathLike = REGISTRY, model_path: PathLike | None = None) -> None:
    """Store the fingerprint of the model in service, with which `watch` compares new rows; keep one that exists.

    Raises:
        BenchError: nothing was promoted for this task, a file of the model is damaged, or the registry cannot be written.
    """
    from harness.lifecycle.watch import RowScorer, WatchStore

    event, model = _load_champion(task, registry)
    store = WatchStore(Path(registry), task, event.digest)
    with store.locked():
        _read_or_build(store, event, model, RowScorer(model.task_scores), None if model_path is None else os.fspath(model_path))


def _load_champion(task: str, registry: PathLike) -> tuple[Event, StrategyResult]:
    event = find_champion(task, registry)
    return event, Registry(Path(registry)).load(event)


def _read_or_build(store: WatchStore, event: Event, model: StrategyResult, scorer: RowScorer, base: str | None) -> Fingerprint:
    """The stored fingerprint, or one of the examples that the registry has. The lock is held."""
    from harness.lifecycle.watch import build_fingerprint, new_salt, open_token_counter, read_reference

    if store.has_fingerprint():
        return store.read_fingerprint()
    fingerprint = build_fingerprint(
        read_reference(model, scorer),
        task=event.task,
        model=event.digest,
        created=event.at,
        salt=new_salt(),
        chooses=model.task.chooses,
        score_scale=scorer.scale,
        count_tokens=open_token_counter(model, base),
    )
    store.write_fingerprint(fingerprint)
    return fingerprint


def _answer(
    event: Event,
    model: StrategyResult,
    data: PathLike,
    fields: Mapping[str, str] | None,
    model_path: PathLike | None,
    listener: FinishedListener | None,
) -> dict[str, Prediction]:
    """The answers of the model to all rows, by the id of the row."""
    table = predict(model.run.path, event.strategy, data, task=event.task, fields=fields, model_path=model_path, listener=listener)
    return {row.example.id: row.prediction for row in table.answered}
