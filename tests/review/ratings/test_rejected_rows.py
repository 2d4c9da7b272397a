"""Invalid rows and files are rejected with reasons, and valid ones are kept."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from raters import Export, page_file, rating
from report_factory import Made, make_run, summarization
from returned import fill_csv, load_ratings, ratings_for

from harness.api import review_export, review_import
from harness.errors import BenchError
from harness.review import load_reviews
from harness.store import StoredRun
from tests.foreign import edit_json


def test_invalid_rows_are_rejected_with_reasons_and_valid_rows_kept(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(raters=1)
    ids = [j.id for j in exported.packet.items]
    ratings: list[Any] = [
        rating(ids[0], {"preference": "A"}),
        rating(ids[1], {"preference": "C"}),
        rating("unknown-item", {"preference": "A"}),
        rating(ids[2], {"liking": "A"}),
        rating(ids[3], {"preference": ""}, comment="hm"),
        rating(ids[0], {"preference": "B"}),
        "no rating",
        rating(ids[4], {"preference": "\x1b[31mred"}),
        rating(ids[5], {"preference": " b "}, seconds="soon", answered_at="yesterday"),
    ]
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"bench_review": 1, "packet": exported.packet.id, "rater": "rater-1", "ratings": ratings}))
    (imported,) = review_import(run.path, [path])
    assert imported.new == 2 and len(imported.rejected) == 7
    reasons = "\n".join(imported.rejected)
    for expected in (
        "rating 2: preference: 'C' is not one of A, B, tie, both bad",
        "has no item 'unknown-item'",
        "unknown question 'liking'",
        "preference: is not answered, although other columns are filled in",
        "appears earlier in this file with another answer",
        "rating 7: must be an object",
    ):
        assert expected in reasons
    assert "\x1b" not in reasons
    assert load_ratings(run)[ids[5], "rater-1"].answers == {"preference": "B"}


def test_no_error_and_kinds_of_errors_contradict_each_other(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export(raters=1, mode="errors")
    (first, second), kind = [item.id for item in exported.packet.items[:2]], exported.packet.questions.errors[0]
    ratings = [rating(first, {"severity": "none"}, kinds=[kind]), rating(second, {"severity": "minor"}, kinds=[kind])]
    (imported,) = review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", ratings)])
    assert imported.new == 1
    assert [reason.partition(": ")[2] for reason in imported.rejected] == [
        f"rating 1: severity: is 'none', but kinds of errors are marked: {kind}"
    ]


@pytest.mark.parametrize("mode", ["pairwise", "errors"])
def test_a_column_that_was_sorted_without_the_others_is_rejected(export: Export, run: StoredRun, mode: str) -> None:
    exported = export(strategies=("base", "lora"), mode=mode, raters=1, formats=["csv"])
    file = fill_csv(exported.files[0], exported, ratings_for(exported))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    items = sorted(row["item"] for row in rows)
    writer.writerows(row | {"item": item} for row, item in zip(rows, items, strict=True))
    file.with_name("sorted.csv").write_text(text.getvalue(), encoding="utf-8")
    moved = sum(row["item"] != item for row, item in zip(rows, items, strict=True))
    summary, whole = review_import(run.path, [file.with_name("sorted.csv"), file])
    assert (summary.new, len(summary.rejected)) == (len(rows) - moved, moved) and moved
    assert "shows an output of another item than" in summary.rejected[0] and not whole.rejected


@pytest.mark.parametrize("lost", ["preference", "severity"])
def test_table_without_an_answer_column_is_rejected(export: Export, run: StoredRun, lost: str) -> None:
    exported = export(formats=["csv"], mode="pairwise" if lost == "preference" else "errors")
    filled = fill_csv(exported.files[0], exported, ratings_for(exported))
    filled.write_text(filled.read_text(encoding="utf-8-sig").replace(lost, f"my {lost}", 1), encoding="utf-8")
    (imported,) = review_import(run.path, [filled])
    assert imported.new == imported.unanswered == 0
    (reason,) = imported.rejected
    assert f"has no column '{lost}' with the answers. Its columns are item, packet, rater, my {lost}" in reason


def test_table_without_an_optional_column_reports_it(export: Export, run: StoredRun) -> None:
    exported = export(formats=["csv"], mode="errors")
    filled = fill_csv(exported.files[0], exported, ratings_for(exported))
    text = filled.read_text(encoding="utf-8-sig").replace("error: wrong", "error wrong", 1).replace("corrected version", "my correction", 1)
    filled.write_text(text, encoding="utf-8")
    (imported,) = review_import(run.path, [filled])
    assert imported.new == len(exported.packet.items)
    assert [line.split(": ", 1)[1] for line in imported.rejected] == [
        "has no column 'error: wrong', so none of its values were imported",
        "has no column 'corrected version', so none of its values were imported",
    ]


def test_answer_that_is_not_a_string_is_rejected(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export()
    first, second = exported.packet.items[:2]
    odd = [rating(first.id, {"preference": ["A"]}), rating(second.id, {"preference": "A"})]  # type: ignore[dict-item]
    (imported,) = review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", odd)])
    assert imported.new == 1 and "preference: the answer must be a string" in imported.rejected[0]


def test_packet_of_another_run_is_rejected(export: Export, run: StoredRun, tmp_path: Path) -> None:
    exported = export()
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"bench_review": 1, "packet": "deadbeef", "rater": "x", "ratings": [rating("a", {"preference": "A"})]}))
    (imported,) = review_import(run.path, [path])
    assert imported.new == 0 and f"packet 'deadbeef' is not a packet of run ({exported.packet.id})" in imported.rejected[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b"{", "is neither JSON nor a spreadsheet"),
        ("a.json", b"\xff\xfe\x00", "is neither JSON nor a spreadsheet"),
        ("a.json", b"[" * 100_000, "is neither JSON nor a spreadsheet"),
        ("a.json", b"{}", "neither a file saved by the rater's page"),
        ("a.json", b'{"bench_review": 2}', "another version of the page"),
        ("a.json", b'{"bench_review": 1, "ratings": {}}', "must be a list"),
        ("a.json", b'[{"x": 1}, 3]', "neither 'data' nor 'item'"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "a.xlsx"),
        ("a.csv", b"this,that\n1,2\n", "no columns 'item' and 'packet'"),
        ("a.csv", b'item,packet\n"open', "a.csv"),
        ("a.csv", b"", "is empty. Ask the rater to save and send it again"),
        ("a.json", b" \n", "is empty. Ask the rater to save and send it again"),
        ("missing.json", None, "no such file"),
    ],
)
def test_damaged_files_are_rejected_and_others_imported(
    export: Export, run: StoredRun, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    exported = export()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    good = page_file(tmp_path, exported.packet, "rater-1", list(ratings_for(exported).values()), "good.json")
    bad, fine = review_import(run.path, [tmp_path / name, good])
    assert bad.new == 0 and reason in "\n".join(bad.rejected)
    assert fine.new == len(exported.packet.items)


@pytest.mark.parametrize(
    ("mark", "marked"), [("x", True), ("WAHR", True), ("✓", True), ("", False), ("nein", False), ("xx", None), ("minor", None)]
)
def test_marks_are_recognized_or_rejected(export: Export, run: StoredRun, mark: str, marked: bool | None) -> None:
    exported = export(mode="errors", formats=["csv"])
    kind = exported.packet.questions.errors[0]
    rows = list(csv.DictReader(io.StringIO(exported.files[0].read_text(encoding="utf-8-sig"))))
    rows[0] |= {"severity": "minor", f"error: {kind}": mark}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows[:1])
    back = exported.files[0].with_name("back.csv")
    back.write_text(text.getvalue(), encoding="utf-8")
    (imported,) = review_import(run.path, [back])
    if marked is None:
        assert imported.new == 0 and f"error: {kind}: '{mark}' is neither x nor empty" in imported.rejected[0]
    else:
        assert [r.kinds for r in load_ratings(run).values()] == [(kind,) if marked else ()]


def test_runs_with_different_outputs_have_different_packets(tmp_path: Path) -> None:
    """Two runs of one plan show different outputs, so all ids differ."""
    runs = [
        make_run(tmp_path / name, [summarization([Made("base", 0.2), Made("lora", q, 1)], rows=20)]) for name, q in (("a", 0.5), ("b", 0.9))
    ]
    one, other = (review_export(r.path, ("base", "lora"), n=6, repeats=0) for r in runs)
    assert one.packet.id != other.packet.id
    (imported,) = review_import(runs[1].path, [page_file(tmp_path, one.packet, "rater-1", list(ratings_for(one).values()))])
    assert imported.new == 0 and imported.rejected


def test_packet_of_an_earlier_version_is_refused(export: Export, run: StoredRun) -> None:
    exported = export()
    file = exported.folder / "packet.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": 1}))
    with pytest.raises(BenchError, match=r"packet\.json: is in format 1; this version of bench reads format 2"):
        load_reviews(run)


@pytest.mark.parametrize("name", ["packet.json", "key.json", "imports"])
def test_damaged_file_is_named_with_the_field_and_what_to_do(export: Export, run: StoredRun, tmp_path: Path, name: str) -> None:
    exported = export()
    review_import(run.path, [page_file(tmp_path, exported.packet, "rater-1", list(ratings_for(exported).values()))])
    file = next(exported.folder.glob("imports/*.json")) if name == "imports" else exported.folder / name
    stored = json.loads(file.read_text())
    changed = {"packet.json": {"mode": "pairwize"}, "key.json": {"population": "60"}, "imports": {"ratings": [{"item": 3}]}}[name]
    file.write_text(json.dumps(stored | changed))
    field, advice = {
        "packet.json": ("mode: unknown value 'pairwize'", "export it again"),
        "key.json": ("population: must be a valid integer", "export it again"),
        "imports": ("ratings[0].item: must be a valid string", "import the file again"),
    }[name]
    with pytest.raises(BenchError, match=f"{re.escape(file.name)}: is damaged: {re.escape(field)}.*{advice}"):
        load_reviews(run)


def test_damaged_packet_is_refused(export: Export, run: StoredRun) -> None:
    exported = export()
    edit_json(exported.folder / "key.json", lambda key: key["items"].pop(exported.packet.items[3].id))
    with pytest.raises(BenchError, match=r"key\.json: belongs to another packet"):
        load_reviews(run)
    (exported.folder / "key.json").write_text("{}")
    with pytest.raises(BenchError, match="is damaged"):
        load_reviews(run)
