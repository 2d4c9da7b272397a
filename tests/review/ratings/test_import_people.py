"""Who gave a rating: raters, and the people who share a rater's tasks in Label Studio."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from raters import Export
from returned import fill_csv, label_studio, label_studio_minimal, load_ratings, ratings_for

from harness.api import review_import, review_status
from harness.store import StoredRun


def test_one_person_is_one_rater_in_every_export_format(export: Export, run: StoredRun, tmp_path: Path) -> None:
    """First as JSON, where a person has a number and an address, beside an invalid answer of another person; later as CSV."""
    exported = export(formats=["label-studio"])
    file = label_studio(exported.files[0], exported, ratings_for(exported))
    tasks = json.loads(file.read_text())
    for task in tasks:
        task["annotations"][0]["completed_by"] = {"id": 7, "email": "bo@example.org"}
    stranger = json.loads(json.dumps(tasks[0]["annotations"][0])) | {"completed_by": {"id": 8, "email": "al@example.org"}}
    stranger["result"] = [{"from_name": "preference", "to_name": "a", "type": "choices", "value": {"choices": ["C"]}}]
    tasks[0]["annotations"].insert(0, stranger)
    file.write_text(json.dumps(tasks))
    (first,) = review_import(run.path, [file])
    assert len(first.rejected) == 1 and {rater for _, rater in load_ratings(run)} == {"rater-1"}
    rows = [
        {**task["data"], "preference": "tie", "annotator": "bo@example.org", "updated_at": "2099-01-01T00:00:00Z"}
        for task in json.loads(exported.files[0].read_text())
    ]
    later = tmp_path / "later.csv"
    with later.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    review_import(run.path, [later])
    assert {rater for _, rater in load_ratings(run)} == {"rater-1"}, "no second rater"
    assert {r.answers["preference"] for r in load_ratings(run).values()} == {"tie"}


def test_raters_with_a_common_name_prefix_stay_apart(export: Export, run: StoredRun) -> None:
    """One person annotates the tasks of anna2 and of anna."""
    exported = export(formats=["label-studio"], raters="anna2,anna", repeats=0)
    ratings = ratings_for(exported)
    for file in (f for f in exported.files if f.suffix == ".json"):
        tasks = json.loads(file.read_text())
        own = {task["data"]["item"]: ratings[task["data"]["item"]] for task in tasks}
        (imported,) = review_import(run.path, [label_studio(file, exported, own)])
        assert imported.new == 12 and not imported.rejected
    assert {rater for _, rater in load_ratings(run)} == {"anna", "anna2"}


def test_two_people_who_annotated_the_same_tasks_are_two_raters(export: Export, run: StoredRun) -> None:
    exported = export(formats=["label-studio"])
    path = label_studio(exported.files[0], exported, ratings_for(exported))
    tasks = json.loads(path.read_text())
    for task in tasks:
        other = json.loads(json.dumps(task["annotations"][0])) | {"completed_by": {"id": 2, "email": "ben@example.org"}}
        skipped = dict(other) | {"was_cancelled": True, "completed_by": 3}
        task["annotations"] += [other, skipped]
    path.write_text(json.dumps(tasks))
    (imported,) = review_import(run.path, [path])
    assert {rater for _, rater in load_ratings(run)} == {"rater-1", "rater-1/ben@example.org"}
    (findings,) = review_status(run.path)
    assert (findings.rated_items, findings.items) == (12, 12), "two people did the same twelve"
    assert [(r.name, r.rated, r.items) for r in findings.raters] == [("rater-1", 14, 14), ("rater-1/ben@example.org", 14, 14)]
    assert imported.new == 2 * len(exported.packet.items)
    # ben's are exported later once more, alone: he stays who he was
    for task in tasks:
        task["annotations"] = [a for a in task["annotations"] if a["completed_by"] == {"id": 2, "email": "ben@example.org"}]
    path.write_text(json.dumps(tasks))
    (again,) = review_import(run.path, [path])
    assert (again.new, again.replaced, again.unchanged) == (0, 0, len(exported.packet.items))


def test_minimal_export_keeps_two_people_apart_and_the_later_answer(export: Export, run: StoredRun) -> None:
    exported = export(formats=["label-studio"])
    path = label_studio_minimal(exported.files[0], exported, ratings_for(exported))
    rows = json.loads(path.read_text())
    other = [row | {"annotator": 2, "preference": "tie", "updated_at": "2026-03-01T10:00:00Z"} for row in rows]
    later = [row | {"preference": "both bad", "updated_at": "2026-03-02T10:00:00Z"} for row in other[:3]]
    path.write_text(json.dumps([*rows, *later, *other]))
    (imported,) = review_import(run.path, [path])
    assert (imported.new, imported.rejected) == (2 * len(rows), ())
    second = {item: r.answers["preference"] for (item, rater), r in load_ratings(run).items() if rater == "rater-1/2"}
    assert [second[row["item"]] for row in rows] == ["both bad"] * 3 + ["tie"] * (len(rows) - 3)


def test_item_belongs_to_one_rater(export: Export, run: StoredRun) -> None:
    """A rater who used another name would agree perfectly with herself."""
    exported = export(raters="anna,ben", formats=["csv"])
    first = fill_csv(exported.files[0], exported, ratings_for(exported))
    text = first.read_text(encoding="utf-8-sig")
    again = first.with_name("again.csv")
    again.write_text(text.replace(",anna,", ", Anna ,").replace(",tie,", ",both bad,"))
    ben = first.with_name("as-ben.csv")
    ben.write_text(text.replace(",anna,", ",ben,"))
    one, same, wrong = review_import(run.path, [first, again, ben])
    assert one.new and not same.new and {rater for _, rater in load_ratings(run)} == {"anna"}
    assert wrong.new == 0 and "rater: the item is assigned to anna, not to 'ben'" in wrong.rejected[0]


def test_numeric_rater_names_survive_a_spreadsheet(export: Export, run: StoredRun) -> None:
    exported = export(formats=["csv"], raters="01,02", repeats=0)
    filled = fill_csv(exported.files[0], exported, ratings_for(exported))
    filled.write_text(filled.read_text(encoding="utf-8-sig").replace(",01,", ",1,"), encoding="utf-8")
    (imported,) = review_import(run.path, [filled])
    assert imported.new == 12 and not imported.rejected
