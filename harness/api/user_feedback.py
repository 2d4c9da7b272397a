"""Feedback of users on the answers of the model in service."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY, history, open_champion
from harness.errors import BenchError, did_you_mean, setting
from harness.gate import Event
from harness.results import StrategyResult
from harness.store import write_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.lifecycle.feedback import (
        FeedbackLog,
        FeedbackRows,
        FeedbackSummary,
        LogPart,
        RowContext,
        TimeStep,
    )


@dataclass(frozen=True)
class AddedFeedback:
    """What a call has added.

    Attributes:
        new: answers that had no feedback of this user.
        changed: that replace earlier feedback of the user.
        outdated: older than other feedback of the user; stored, and without effect.
        known: that were added before.
        unanswered: rows in which nothing was answered.
        out_of_order: rows whose time is before that of the row above.
        unused: columns that were not read.
        without_inputs: new or changed corrections and complaints that cannot become examples, because what the model read is not known.
        total: answers with feedback in the log, each user of an answer counted.
    """

    new: int
    changed: int
    outdated: int
    known: int
    unanswered: int
    out_of_order: int
    unused: tuple[str, ...]
    without_inputs: int
    total: int


def add_feedback(
    task: str,
    data: PathLike | Iterable[Mapping[str, Any]],
    *,
    answers: PathLike | None = None,
    fields: Mapping[str, str] | None = None,
    slices: Sequence[str] = (),
    model: str = "",
    registry: PathLike = REGISTRY,
    today: date | None = None,
) -> AddedFeedback:
    """Add what users said about answers of the model in service to the log of the task, which lies in the registry. All rows are added, or
    none; what was added before does not count again.

    Args:
        task: a task with a model in service.
        data: rows, or a file: CSV, JSON Lines or another table, Label Studio's JSON, or Argilla's JSON. Each row needs `id`, the id of the
            answer, and `verdict` (accepted, edited, rejected or complaint), `rating` (1 to 5) or `minutes`. Optional: `output`,
            `corrected`, `reason`, `user`, `date`, `model`, the group and the inputs of the task.
        answers: a file that `predict` has written, whose columns complete the rows by their ids. An id that it does not have is an error.
        fields: columns by role, where they are named otherwise: a role is one of the columns above, or an input of the task.
        slices: columns to divide rates by, beside those that the run keeps.
        model: the model that answered, where a row does not name one: the beginning of its digest, RUN:STRATEGY or its strategy. By default
            the one that was in service.
        registry: the folder of the promoted models.
        today: the day of rows without a date; by default that of this machine, in UTC. Later rows than the day after are errors.

    Raises:
        BenchError: nothing was promoted for this task; a file of the log is damaged, or another process holds it; invalid rows, the first
            ten with line and field.
    """
    from harness.lifecycle.feedback import FeedbackStore, LogPart, read_answers, read_feedback_file, read_feedback_rows

    events = history(task, registry=registry)
    opened = open_champion(task, registry)
    known = None if answers is None else read_answers(Path(answers))
    day = today or datetime.now(UTC).date()
    is_file = isinstance(data, str | os.PathLike)
    added: list[AddedFeedback] = []

    def decide(log: FeedbackLog, hash_user: Callable[[str], str]) -> LogPart | None:
        context = _build_context(opened, events, dict(fields or {}), slices, model, day, hash_user)
        rows = read_feedback_file(Path(data), context, known) if is_file else read_feedback_rows(data, context, known)  # type: ignore[arg-type]
        fresh = {each.digest: each for each in rows.feedback if each.digest not in log.digests}
        part = LogPart(0, day.isoformat(), Path(data).name if is_file else "", tuple(fresh.values()))  # type: ignore[arg-type]
        added.append(_count(rows, log, part))
        return part if fresh else None

    store = FeedbackStore(Path(registry), task)
    store.add(decide)
    return added[0]


def show_feedback(
    task: str, *, step: TimeStep | None = None, slices: Sequence[str] | None = None, registry: PathLike = REGISTRY
) -> FeedbackSummary:
    """What users said about the answers of a task: rates over time and by slice, minutes and ratings, and how they differ before and after
    each promotion, with 95% CIs.

    Args:
        step: "day", "week" or "month"; by default what the time span allows.
        slices: the columns to divide by; by default all that the feedback has.

    Raises:
        BenchError: nothing was promoted for this task; a file of the log is damaged; an unknown column.
    """
    from harness.lifecycle.feedback import FeedbackStore, list_periods, summarize_feedback

    events = history(task, registry=registry)
    log = FeedbackStore(Path(registry), task).read()
    columns = {column for each in log.answers for column in each.slices}
    unknown = next((column for column in slices or () if column not in columns), None)
    if unknown is not None:
        raise BenchError(f"{setting('slices', unknown)}: no feedback has this column.{did_you_mean(unknown, columns)}")
    return summarize_feedback(task, log, list_periods(events), step=step, slices=slices)


def harvest_feedback(task: str, out: PathLike, *, registry: PathLike = REGISTRY, force: bool = False) -> int:
    """Write what users have edited, and confirmed complaints, as training examples, in the form of `review_harvest`. Returns their number.

    `bench run --harvested FILE` trains on them, and removes rows with the same inputs or group from validation and test.

    Args:
        out: a .jsonl file.
        force: replace an existing file.

    Raises:
        BenchError: nothing was promoted for this task; nothing to harvest; an existing file; a damaged log.
    """
    from harness.lifecycle.feedback import FeedbackStore, LogPart

    history(task, registry=registry)
    target, champion = Path(out), open_champion(task, registry)
    option = setting("out", str(target))
    if target.suffix != ".jsonl" or not target.parent.is_dir() or target.is_dir():
        raise BenchError(f"{option}: name a .jsonl file in a folder that exists")
    if target.exists() and not force:
        raise BenchError(f"{target}: already exists. Name another file, or set {setting('force')} to replace it")
    store = FeedbackStore(Path(registry), task)
    rows = store.read().corrected_rows()
    if not rows:
        raise BenchError(
            f"{task}: no edited answer and no confirmed complaint with its inputs and a corrected text, so there is nothing to harvest. "
            "Confirm complaints first: `bench feedback confirm TASK ID`"
        )
    labels = next((example.choices for example in champion.examples), ())
    lines = [json.dumps(row.to_record(champion.task, labels), ensure_ascii=False) + "\n" for row in rows]
    try:
        write_text(target, "".join(lines), private=True)
    except OSError as error:
        raise BenchError(f"{option}: cannot be written: {error.strerror}") from None
    day = datetime.now(UTC).date().isoformat()
    store.add(lambda log, hash_user: LogPart(0, day, target.name, harvested=tuple(row.id for row in rows)))
    return len(rows)


def _build_context(
    model: StrategyResult,
    events: Sequence[Event],
    fields: Mapping[str, str],
    slices: Sequence[str],
    answered_by: str,
    today: date,
    hash_user: Callable[[str], str],
) -> RowContext:
    """How rows of this task are read.

    Raises:
        BenchError: a role that neither feedback nor the task has.
    """
    from harness.lifecycle.feedback import USUAL_COLUMNS, RowContext, find_model

    examples, own = model.examples, model.task.data.fields
    inputs = set.intersection(*(set(example.inputs) for example in examples)) if examples else set()
    unknown = next((role for role in fields if role not in USUAL_COLUMNS and role not in inputs), None)
    if unknown is not None:
        raise BenchError(
            f"{setting(f'fields.{unknown}', fields[unknown])}: unknown role.{did_you_mean(unknown, [*USUAL_COLUMNS, *inputs])}"
        )
    group = {"group": own["group"]} if own.get("group") else {}
    kept = {name for example in examples for name, value in example.meta.items() if isinstance(value, str | int)}
    columns = {**group, **{role: column for role, column in fields.items() if role in USUAL_COLUMNS}}
    return RowContext(
        columns={role: column for role, column in columns.items() if column is not None},
        inputs={name: fields.get(name) or own.get(name) or name for name in sorted(inputs)},
        slice_columns=tuple(dict.fromkeys((*sorted(kept - {"date", "time"}), *slices))),
        labels=examples[0].choices if examples else (),
        today=today,
        find_model=lambda name: find_model(name, events),
        hash_user=hash_user,
        model=answered_by,
    )


def _count(rows: FeedbackRows, log: FeedbackLog, part: LogPart) -> AddedFeedback:
    changed = outdated = 0
    new = set()
    for each in part.answers:
        earlier = log.find(each.id, each.user)
        if earlier is None:
            new.add((each.id, each.user))
        elif earlier.day > each.day:
            outdated += 1
        else:
            changed += 1
    return AddedFeedback(
        len(new),
        changed,
        outdated,
        known=len(rows.feedback) - len(part.answers),
        unanswered=rows.unanswered,
        out_of_order=rows.out_of_order,
        unused=rows.unused,
        without_inputs=sum((each.verdict == "complaint" or each.corrected is not None) and not each.inputs for each in part.answers),
        total=len({(each.id, each.user) for each in (*log.answers, *part.answers)}),
    )
