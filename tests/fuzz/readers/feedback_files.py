"""Readers of feedback: forms, exports of tools, and a log that a colleague wrote and sealed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from harness.lifecycle.feedback import (
    AnswerFeedback,
    ComplaintDecision,
    FeedbackStore,
    LogPart,
    OutputJudgement,
    RowContext,
    SuiteRun,
    follow_complaint,
    read_answers,
    read_feedback_file,
    summarize_feedback,
)
from harness.lifecycle.feedback.feedback_store import HEAD, LOG, seal_line
from harness.reporting import feedback_to_json, feedback_to_markdown, render_feedback
from harness.store import to_json_line, write_sealed
from tests.fuzz.readers.reader import Read, Reader, refusals
from tests.lifecycle.feedback.conftest import argilla_record, label_studio_task, make_rows

_TASK = "visits"
_PLACE = f"feedback/{_TASK}"


def _refuse_model(name: str) -> str:
    raise ValueError(f"'{name[:80]}' is no model of this task")


_CONTEXT = RowContext(
    columns={},
    inputs={"input": "input"},
    slice_columns=("ward",),
    labels=(),
    today=date(2026, 6, 1),
    find_model=_refuse_model,
    hash_user=lambda name: name[:16],
)


def _read_file(name: str) -> Read:
    """Add a file to an empty log, and show it."""

    def read(content: bytes, folder: Path) -> None:
        (folder / name).write_bytes(content)
        with refusals():
            rows = read_feedback_file(folder / name, _CONTEXT)
            FeedbackStore(folder, _TASK).add(lambda log, hash_user: LogPart(0, "2026-06-01", name, rows.feedback))
            _show(folder)

    return read


def _read_answers(content: bytes, folder: Path) -> None:
    (folder / "answers.jsonl").write_bytes(content)
    with refusals():
        read_answers(folder / "answers.jsonl")


def _read_log(*, seals: bool) -> Read:
    """Show a log. `seals`: the content is a JSON document, one part of the log, which is sealed as bench seals its own."""

    def read(content: bytes, folder: Path) -> None:
        place = folder / _PLACE
        place.mkdir(parents=True)
        seal = "0" * 64
        if seals:
            try:
                text = json.dumps(json.loads(content))
            except (ValueError, RecursionError):
                return
            seal = seal_line(_PLACE, "", text)
            content = f"{seal} {text}\n".encode()
        (place / LOG).write_bytes(content)
        write_sealed(place / HEAD, dict, {"format": 1, "salt": "a", "parts": 1, "seal": seal}, place=f"{_PLACE}/{HEAD}")
        with refusals():
            _show(folder)

    return read


def _show(folder: Path) -> None:
    log = FeedbackStore(folder, _TASK).read()
    log.corrected_rows()
    assert all(case.inputs for case in log.cases)
    for complaint in log.complaints:
        follow_complaint(log, (), complaint.id)
    summary = summarize_feedback(_TASK, log, ())
    json.dumps(feedback_to_json(summary), allow_nan=False)
    feedback_to_markdown(summary)
    render_feedback(summary)


def _part() -> LogPart:
    first = AnswerFeedback("a", "complaint", "2026-03-01", output="x", corrected="y", reason="wrong", inputs={"input": "text"})
    second = AnswerFeedback("b", "edited", "2026-03-02T10:00:00Z", minutes=2.0, rating=4.0, user="u", group="p", slices={"ward": "A"})
    return LogPart(
        1,
        "2026-03-02",
        "a.csv",
        (first, second),
        (ComplaintDecision("a", "confirmed", "y"),),
        ("b",),
        (OutputJudgement("a", "0" * 64, "fixed"),),
        (SuiteRun("run", "lora", 1, ("a",), (), ()),),
    )


def _csv_seed() -> bytes:
    rows = make_rows(6)
    lines = [",".join(rows[0]), *(",".join("" if value is None else str(value) for value in row.values()) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _tools() -> list[object]:
    choice = {"from_name": "verdict", "to_name": "text", "type": "choices", "value": {"choices": ["complaint"]}}
    return [[label_studio_task("v1", choice, input="the text")], [argilla_record("v2", {"verdict": "edited", "rating": 4}, input="a text")]]


def _lines() -> bytes:
    return "".join(json.dumps(row) + "\n" for row in make_rows(6)).encode()


def _log_seed() -> bytes:
    text = to_json_line(LogPart, _part())
    return f"{seal_line(_PLACE, '', text)} {text}\n".encode()


FEEDBACK_FILES: dict[str, Reader] = {
    "feedback-csv": Reader(_read_file("a.csv"), lambda: [_csv_seed()], share=0.3),
    "feedback-jsonl": Reader(_read_file("a.jsonl"), lambda: [_lines()], share=0.3),
    "feedback-tools": Reader(_read_file("a.json"), lambda: [json.dumps(each).encode() for each in _tools()], _tools, share=0.5),
    "feedback-answers": Reader(_read_answers, lambda: [_lines()], share=0.2),
    "feedback-log": Reader(_read_log(seals=False), lambda: [_log_seed()], share=0.3),
    "sealed-feedback-log": Reader(_read_log(seals=True), lambda: [b"{}"], lambda: [json.loads(to_json_line(LogPart, _part()))], share=0.5),
}
