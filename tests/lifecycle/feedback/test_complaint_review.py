"""Complaints as review packets: what raters see, and what their ratings decide."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE

from harness.api import (
    add_feedback,
    export_complaint_review,
    follow_complaint,
    history,
    import_complaint_review,
    list_complaints,
    verify,
)
from harness.errors import BenchError
from harness.gate import Registry
from harness.lifecycle.feedback import FeedbackStore, ReviewedComplaints
from harness.review import ExportedPacket
from harness.viewer.service_events import list_happenings
from tests.lifecycle.feedback.conftest import TASK, TODAY
from tests.review.raters import page_file, rating


@pytest.fixture
def complaints(registry: Path) -> Path:
    rows: list[dict[str, Any]] = [
        {"id": f"v{i}", "verdict": "complaint", "input": f"text {i}", "output": f"output {i}", "reason": "the dose", "date": "2026-03-01"}
        for i in range(3)
    ]
    rows.append({"id": "without inputs", "verdict": "complaint", "reason": "x", "date": "2026-03-02"})
    add_feedback(TASK, rows, registry=registry, today=TODAY)
    return registry


def states(registry: Path) -> dict[str, str]:
    return {each.id: each.state for each in list_complaints(TASK, registry=registry)}


def send_back(
    registry: Path, exported: ExportedPacket, rater: str, answers: dict[str, str], folder: Path, **more: Any
) -> ReviewedComplaints:
    """A rater answers these complaints."""
    items = {item.example: item.id for item in exported.packet.items if item.rater == rater}
    file = page_file(folder, exported.packet, rater, [rating(items[id_], {"severity": answer}, **more) for id_, answer in answers.items()])
    return import_complaint_review(TASK, [file], registry=registry, today=date(2026, 4, 1))


def test_raters_confirm_and_dismiss(complaints: Path, tmp_path: Path) -> None:
    exported = export_complaint_review(TASK, raters="anna,ben", formats=["html", "csv"], registry=complaints)
    assert exported.packet.mode == "errors" and set(exported.key.inclusion_probabilities) == {"v0", "v1", "v2"}
    page = next(file for file in exported.files if file.suffix == ".csv").read_text(encoding="utf-8")
    assert "output 1" in page and "the dose" in page and "few-shot" not in page
    first = send_back(complaints, exported, "anna", {"v0": "critical", "v1": "none", "v2": "minor"}, tmp_path, corrected="as it should be")
    assert (first.ratings, first.decisions, first.waiting) == (3, (), 3), "the other rater is missing"
    second = send_back(complaints, exported, "ben", {"v0": "minor", "v1": "none"}, tmp_path)
    assert (second.ratings, len(second.decisions), second.waiting) == (2, 2, 1)
    assert states(complaints) == {"v0": "confirmed", "v1": "dismissed", "v2": "open", "without inputs": "open"}
    (row,) = FeedbackStore(complaints, TASK).read().corrected_rows()
    assert (row.id, row.inputs, row.completion) == ("v0", {"input": "text 0"}, "as it should be")
    decided = follow_complaint(TASK, "v0", registry=complaints).steps[-1]
    assert decided.text == f"2 of 2 raters see an error (packet {exported.packet.id})" and decided.day == date(2026, 4, 1)
    again = send_back(complaints, exported, "ben", {"v0": "minor", "v1": "none"}, tmp_path)
    assert (again.ratings, again.decisions) == (0, ()), "nothing changes"


def test_the_same_complaints_give_the_same_packet_and_an_intact_run(complaints: Path) -> None:
    first, second = (export_complaint_review(TASK, registry=complaints) for _ in range(2))
    assert first.packet == second.packet
    (run,) = (complaints / "feedback" / TASK / "reviews").iterdir()
    assert not verify(run).problems
    texts = [file for file in run.rglob("*") if file.is_file() and file.suffix in (".parquet", ".json")]
    assert all(file.stat().st_mode & 0o077 == 0 for file in texts if file.name != "added.json")


def test_hostile_complaints_are_escaped_in_the_packet(registry: Path) -> None:
    text = HOSTILE.replace("\x00", "")
    row = {"id": text, "verdict": "complaint", "input": text, "output": text, "reason": text}
    add_feedback(TASK, [row], registry=registry, today=TODAY)
    exported = export_complaint_review(TASK, registry=registry)
    page = exported.files[0].read_text(encoding="utf-8")
    assert "<img" not in page and "</script><img" not in page


def test_what_cannot_be_reviewed_is_one_error(registry: Path, complaints: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no packet of complaints was exported"):
        import_complaint_review(TASK, [tmp_path / "a.json"], registry=complaints)
    with pytest.raises(BenchError, match=r"unknown.*html"):
        export_complaint_review(TASK, formats=["pdf"], registry=complaints)
    with pytest.raises(BenchError, match="no open complaint has its inputs and output"):
        export_complaint_review("intents", registry=complaints)
    export_complaint_review(TASK, registry=complaints)
    (tmp_path / "other.json").write_text('{"bench_review": 1, "packet": "p0", "rater": "rater-1", "ratings": []}')
    assert import_complaint_review(TASK, [tmp_path / "other.json"], registry=complaints).ratings == 0


def test_complaints_are_marks_in_the_chart_of_a_task(complaints: Path) -> None:
    events = history(TASK, registry=complaints)
    assert [(each.at, each.kind, each.text) for each in list_happenings(complaints, TASK, events)] == [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "complaint", "3 complaints"),
        (datetime(2026, 3, 2, 12, tzinfo=UTC), "complaint", "1 complaint"),
    ]
    rows = [{"id": f"w{i}", "verdict": "complaint", "date": f"2026-{1 + i // 25:02}-{1 + i % 25:02}"} for i in range(100)]
    add_feedback(TASK, rows, registry=complaints, today=TODAY)
    marks = list_happenings(complaints, TASK, Registry(complaints).journal.events(TASK))
    assert [mark.text for mark in marks] == ["25 complaints", "25 complaints", "29 complaints", "25 complaints"]
