"""Answering new examples with the model of a finished cell, or with the champion: the model that is in service."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from harness.api.arguments import PathLike, RunLike, check_counts
from harness.api.exporting import FinishedListener
from harness.api.loaded_run import load_results
from harness.api.model_history import REGISTRY, history
from harness.data import STREAM, ByteStream, NewRows, load_inputs, map_rows, map_stream
from harness.errors import BenchError, setting
from harness.gate import Event, Registry
from harness.results import FinishedCell, find_cell
from harness.types import Prediction

if TYPE_CHECKING:  # imported where a model is loaded
    from harness.engine.artifacts import AnsweredRow, PredictionTable

# A file, rows by column, or a binary stream of JSON Lines such as `sys.stdin.buffer`.
NewData: TypeAlias = PathLike | ByteStream | Iterable[Mapping[str, Any]]


@dataclass(frozen=True)
class Champion:
    """The model of a task that is in service.

    Attributes:
        run: a run folder in the registry, with this model alone.
        strategy: its strategy in that run.
        event: when it was promoted, by whom, and with which verdict.
    """

    run: Path
    strategy: str
    event: Event


def champion(task: str, *, registry: PathLike = REGISTRY) -> Champion:
    """The model of a task that is in service, after its files were checked.

    Raises:
        BenchError: nothing was promoted for this task, or a file of the model is damaged.
    """
    models = Registry(Path(registry))
    history(task, registry=registry)  # raises where nothing was promoted, with the names of the tasks that have a champion
    event = models.current(task)
    if event is None:
        others = "only models in other stages are there. `bench promote` puts one into service"
        raise BenchError(f"{registry}: no model is in service for '{task}', {others}.")
    return Champion(models.load(event).run.path, event.strategy, event)


def predict(
    run: RunLike,
    strategy: str,
    data: NewData,
    *,
    out: PathLike | None = None,
    force: bool = False,
    limit: int | None = None,
    lines: bool = False,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    fields: Mapping[str, str] | None = None,
    model_path: PathLike | None = None,
    trust_remote_code: bool = False,
    runs_dir: PathLike = "runs",
    listener: FinishedListener | None = None,
) -> PredictionTable:
    """Answer new examples with the model of a finished cell, with the prompt and the decoding of its run.

    Args:
        run: a run, its folder, its name in `runs_dir`, or "latest".
        strategy: the name of the strategy.
        data: a file with the new examples, rows as dictionaries, or a binary stream of JSON Lines; they need no target.
        out: also write the answers to this file (.jsonl or .csv). Until they are complete they are kept in `OUT.partial`: after an
            interruption, the same call answers the rest.
        force: replace an existing `out`, and drop answers of another call that are kept there.
        limit: answer only the first rows.
        lines: `data` is a file of plain text, and each line is the only input that the prompt needs.
        task, model, train_size: required if the strategy has several.
        seed: the training seed; by default the lowest one with a result.
        fields: columns by role, if they are named otherwise than in the run's data.
        model_path: folder of the base model, if it cannot be found by its name.
        trust_remote_code: allow Python code that comes with the model.
        listener: receives progress.

    Raises:
        BenchError: no such cell, or several; invalid rows; another base model than the run's; a damaged artifact; `out` cannot be written.
    """
    from harness.engine.artifacts import KeptAnswers, PredictionTable, check_out_file

    if out is not None:
        check_out_file(Path(out), None if not isinstance(data, str | os.PathLike) else Path(data), force=force)
    finished = _find(run, strategy, runs_dir, listener, task=task, model=model, seed=seed, train_size=train_size)
    parts = list(_read(finished, data, fields, limit, lines))
    examples = [example for part in parts for example in part.examples]
    report = _report(listener, len(examples))
    if out is None:
        return PredictionTable(finished, tuple(_answer(finished, parts, model_path, trust_remote_code, on_batch=report)))
    with KeptAnswers(Path(out), finished, examples, force=force) as kept:
        predictions = kept.read()
        report(tuple(predictions.values()))

        def keep(batch: Sequence[Prediction]) -> None:
            if batch:
                kept.append(batch)
            report(batch)

        answers = _answer(finished, parts, model_path, trust_remote_code, kept=predictions, on_batch=keep)
        table = PredictionTable(finished, tuple(answers))
        kept.complete(table.text(Path(out)))
    return table


def predict_stream(
    run: RunLike,
    strategy: str,
    data: NewData,
    *,
    limit: int | None = None,
    lines: bool = False,
    task: str | None = None,
    model: str | None = None,
    seed: int | None = None,
    train_size: int | None = None,
    fields: Mapping[str, str] | None = None,
    model_path: PathLike | None = None,
    trust_remote_code: bool = False,
    runs_dir: PathLike = "runs",
    listener: FinishedListener | None = None,
) -> Iterator[AnsweredRow]:
    """Answer new examples as `predict` does, and give each answer as soon as it is there.

    Args:
        data: as for `predict`. The rows of a stream, such as `sys.stdin.buffer`, are answered as they arrive; a bad row is an error after
            the answers to earlier rows.
        run, strategy, limit, lines, task, model, seed, train_size, fields, model_path, trust_remote_code, runs_dir, listener: as for
            `predict`.

    Raises:
        BenchError: as `predict`.
    """
    finished = _find(run, strategy, runs_dir, listener, task=task, model=model, seed=seed, train_size=train_size)
    parts: Iterable[NewRows] = _read(finished, data, fields, limit, lines)
    total = None
    if isinstance(data, str | os.PathLike):
        parts = list(parts)  # a file is checked to its end before the model is loaded
        total = sum(len(part.examples) for part in parts)
    yield from _answer(finished, parts, model_path, trust_remote_code, on_batch=_report(listener, total))


def _find(run: RunLike, strategy: str, runs_dir: PathLike, listener: FinishedListener | None, **names: Any) -> FinishedCell:
    from harness.engine.artifacts import check_artifact

    finished = find_cell(load_results(run, runs_dir, task=names["task"]), strategy, **names)
    if listener is not None:
        listener.chosen(finished)
    check_artifact(finished)
    return finished


def _read(finished: FinishedCell, data: NewData, fields: Mapping[str, str] | None, limit: int | None, lines: bool) -> Iterator[NewRows]:
    """The rows with the inputs of the run, in parts that are answered at once."""
    from harness.engine.artifacts import PART_ROWS, fit_examples, get_only_input

    check_counts(limit=limit)
    line_input = get_only_input(finished) if lines else None
    named = dict(fields or {})
    if isinstance(data, str | os.PathLike):
        name = Path(data).name
        rows = load_inputs(finished.task, Path(data), fields=named, limit=limit, line_input=line_input)
        parts = replace(rows, examples=fit_examples(finished, rows.examples, name)).parts(PART_ROWS)
        yield from parts
        return
    if isinstance(data, ByteStream):
        parts, name = map_stream(finished.task, data, PART_ROWS, fields=named, line_input=line_input), STREAM
    elif lines:
        raise BenchError(f"{setting('lines')}: needs a file or a stream of plain text, not rows")
    else:
        parts, name = map_rows(finished.task, data, PART_ROWS, fields=named), "data"
    for part in _take(parts, limit):
        yield replace(part, examples=fit_examples(finished, part.examples, name))


def _take(parts: Iterator[NewRows], limit: int | None) -> Iterator[NewRows]:
    """The first `limit` rows. Nothing is read after them."""
    left = limit
    while left is None or left > 0:
        part = next(parts, None)
        if part is None:
            return
        yield part if left is None else next(part.parts(left))
        left = None if left is None else left - len(part.examples)


def _answer(
    finished: FinishedCell,
    parts: Iterable[NewRows],
    model_path: PathLike | None,
    trust_remote_code: bool,
    *,
    kept: Mapping[str, Prediction] | None = None,
    on_batch: Callable[[Sequence[Prediction]], None],
) -> Iterator[AnsweredRow]:
    from harness.engine.artifacts import answer_rows, device_for, find_base, load_finished

    source = find_base(finished, None if model_path is None else os.fspath(model_path), with_code=trust_remote_code)
    predictor = load_finished(finished, source, device_for(finished.run), trust_remote_code=trust_remote_code)
    on_batch(())
    return answer_rows(predictor, parts, kept=kept, on_batch=on_batch)


def _report(listener: FinishedListener | None, total: int | None) -> Callable[[Sequence[Prediction]], None]:
    done = 0

    def report(batch: Sequence[Prediction]) -> None:
        nonlocal done
        done += len(batch)
        if listener is not None:
            listener.progress(done, total)

    return report
