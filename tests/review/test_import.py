"""What comes back in each format, good and bad."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from raters import Export, Person, page_file, preferences, rating, severities
from report_factory import Made, classification, make_run, summarization

from harness.api import ReviewPacket, review_export, review_import, review_status
from harness.errors import BenchError
from harness.review import FORMATS, Rating, reviews_of
from harness.store import Run

Fill = Callable[[Path, ReviewPacket, dict[str, dict[str, Any]]], Path]


def ratings_of(run: Run) -> dict[tuple[str, str], Rating]:
    (review,) = reviews_of(run)
    return {(r.item, r.rater): r for r in review.ratings}


def said(run: Run) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {key: (dict(r.answers), r.kinds, r.corrected, r.comment) for key, r in ratings_of(run).items()}


def columns(rating: dict[str, Any], kinds: tuple[str, ...]) -> dict[str, str]:
    """A rating as the columns of a spreadsheet."""
    found = dict(rating["answers"]) | {f"error: {kind}": "x" for kind in rating["kinds"]}
    return found | {"corrected text": rating["corrected"] or "", "comment": rating["comment"]}


def fill_csv(path: Path, made: ReviewPacket, ratings: dict[str, dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8-sig") -> Path:
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    for row in rows:
        row.update(columns(ratings[row["item"]], made.packet.questions.errors) if row["item"] in ratings else {})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    target = path.with_name(f"back-{path.name}")
    target.write_bytes(text.getvalue().encode(encoding))
    return target


def fill_xlsx(path: Path, made: ReviewPacket, ratings: dict[str, dict[str, Any]]) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for row in range(2, sheet.max_row + 1):
        own = ratings.get(str(sheet.cell(row, 1).value))
        for name, value in columns(own, made.packet.questions.errors).items() if own else ():
            if value:
                cell = sheet.cell(row, header.index(name) + 1)
                cell.value, cell.data_type = value, "s"  # typed behind an apostrophe
    target = path.with_name(f"back-{path.name}")
    book.save(target)
    return target


def label_studio(path: Path, made: ReviewPacket, ratings: dict[str, dict[str, Any]]) -> Path:
    """Label Studio's JSON export of these tasks."""
    tasks = json.loads(path.read_text())
    for number, task in enumerate(tasks):
        own = ratings[task["data"]["item"]]
        result = [
            {"from_name": name, "to_name": "a", "type": "choices", "value": {"choices": [answer]}}
            for name, answer in own["answers"].items()
        ]
        if own["kinds"]:
            result.append({"from_name": "kinds", "to_name": "output", "type": "choices", "value": {"choices": own["kinds"]}})
        if own["corrected"]:
            result.append({"from_name": "corrected", "to_name": "a", "type": "textarea", "value": {"text": [own["corrected"]]}})
        if own["comment"]:
            result.append({"from_name": "comment", "to_name": "a", "type": "textarea", "value": {"text": [own["comment"]]}})
        annotation = {
            "id": number,
            "completed_by": 1,
            "was_cancelled": False,
            "lead_time": 12.5,
            "updated_at": "2026-03-02T10:00:00.000000Z",
        }
        task |= {"id": number, "annotations": [annotation | {"result": result}], "predictions": []}
    target = path.with_name(f"back-{path.name}")
    target.write_text(json.dumps(tasks))
    return target


def label_studio_minimal(path: Path, made: ReviewPacket, ratings: dict[str, dict[str, Any]]) -> Path:
    """Label Studio's JSON_MIN export: flat, one choice as a text and several as an object."""
    flat = []
    for task in json.loads(path.read_text()):
        own = ratings[task["data"]["item"]]
        kinds = {"choices": own["kinds"]} if len(own["kinds"]) > 1 else (own["kinds"] or [None])[0]
        more = {"kinds": kinds, "corrected": own["corrected"], "comment": own["comment"] or None, "annotator": 1, "lead_time": 3.2}
        flat.append(task["data"] | own["answers"] | {name: value for name, value in more.items() if value is not None})
    target = path.with_name(f"min-{path.name}")
    target.write_text(json.dumps(flat))
    return target


FORMS: dict[str, tuple[str, Fill]] = {
    "csv": ("csv", fill_csv),
    "csv of a German Excel": ("csv", lambda p, m, r: fill_csv(p, m, r, ";", "cp1252")),
    "xlsx": ("xlsx", fill_xlsx),
    "label studio": ("label-studio", label_studio),
    "label studio, minimal": ("label-studio", label_studio_minimal),
}


def ratings_for(made: ReviewPacket) -> dict[str, dict[str, Any]]:
    if made.packet.mode == "pairwise":
        people = {rater: Person(rater, wins=0.7, ties=0.3) for rater in made.packet.raters}
        found = preferences(made.packet, made.key, people)
    else:
        found = severities(made.packet, made.key, {"base": 0.6, "lora": 0.2})
        found[1]["kinds"] = list(made.packet.questions.errors[:2])
    found[0] |= {"corrected": "=1+1 is what “it” said\nsecond line", "comment": "see <b>above</b>"}
    return {one["item"]: one for one in found}


@pytest.mark.parametrize("mode", ["pairwise", "errors"])
@pytest.mark.parametrize("form", FORMS)
def test_every_format_brings_back_what_was_answered(export: Export, run: Run, form: str, mode: str) -> None:
    made = export(mode=mode, formats=FORMATS)
    ratings = ratings_for(made)
    name, fill = FORMS[form]
    (path,) = [p for p in made.files if (p.suffix == f".{name}" or p.name.startswith(name)) and "config" not in p.name]
    (imported,) = review_import(run.path, [fill(path, made, ratings)])
    assert (imported.new, imported.refused) == (len(ratings), ())
    expected = {
        (item, made.packet.raters[0]): (one["answers"], tuple(one["kinds"]), one["corrected"], one["comment"])
        for item, one in ratings.items()
    }
    assert said(run) == expected


def test_the_page_brings_back_times_as_well(export: Export, run: Run, tmp_path: Path) -> None:
    made = export()
    ratings = ratings_for(made)
    review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", list(ratings.values()))])
    found = ratings_of(run)
    assert {item: r.seconds for (item, _), r in found.items()} == {item: one["seconds"] for item, one in ratings.items()}
    assert {r.answered_at for r in found.values()} == {"2026-03-02T10:00:00.000+00:00"}


def test_the_same_file_twice_changes_nothing(export: Export, run: Run, tmp_path: Path) -> None:
    made = export()
    file = page_file(tmp_path, made.packet, "rater-1", list(ratings_for(made).values()))
    review_import(run.path, [file])
    before = {p: p.read_bytes() for p in run.path.rglob("review/**/*.json")}
    copy = tmp_path / "copy of it.json"
    copy.write_bytes(file.read_bytes())
    assert [one.seen_before for one in review_import(run.path, [file, copy, copy])] == [True, True, True]
    assert {p: p.read_bytes() for p in run.path.rglob("review/**/*.json")} == before


def test_a_later_answer_counts_and_both_stay_on_record(export: Export, run: Run, tmp_path: Path) -> None:
    made = export()
    item = made.packet.judgements[0].id
    first = rating(item, {"preference": "A"}, answered_at="2026-03-02T10:00:00Z")
    later = rating(item, {"preference": "tie"}, answered_at="2026-03-02T12:00:00+01:00")  # 11:00 in UTC
    oldest = rating(item, {"preference": "B"}, answered_at="2026-03-01T10:00:00Z")
    for number, one in enumerate([first, later, oldest]):
        (imported,) = review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", [one], f"{number}.json")])
        found = (imported.new, imported.replaced, imported.known, imported.older)
        assert found == [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1)][number]
    assert ratings_of(run)[item, "rater-1"].answers == {"preference": "tie"}
    (review,) = reviews_of(run)
    assert review.superseded == 2
    assert len(list(made.folder.glob("imports/*.json"))) == 3


def test_what_is_not_answered_yet_is_no_rating_and_no_error(export: Export, run: Run) -> None:
    made = export(formats=["csv"])
    ratings = dict(list(ratings_for(made).items())[:5])
    (imported,) = review_import(run.path, [fill_csv(made.files[0], made, ratings)])
    assert (imported.new, imported.unanswered, imported.refused) == (5, len(made.packet.judgements) - 5, ())


def test_bad_rows_are_refused_each_with_its_reason_and_good_ones_kept(export: Export, run: Run, tmp_path: Path) -> None:
    made = export(raters=1)
    ids = [j.id for j in made.packet.judgements]
    ratings: list[Any] = [
        rating(ids[0], {"preference": "A"}),
        rating(ids[1], {"preference": "C"}),
        rating("nobody", {"preference": "A"}),
        rating(ids[2], {"liking": "A"}),
        rating(ids[3], {"preference": ""}, comment="hm"),
        rating(ids[0], {"preference": "B"}),
        "no rating",
        rating(ids[4], {"preference": "\x1b[31mred"}),
        rating(ids[5], {"preference": " b "}, seconds="soon", answered_at="yesterday"),
    ]
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({"bench_review": 1, "packet": made.packet.id, "rater": "rater-1", "ratings": ratings}))
    (imported,) = review_import(run.path, [path])
    assert imported.new == 2 and len(imported.refused) == 7
    reasons = "\n".join(imported.refused)
    for expected in (
        "rating 2: preference: 'C' is none of A, B, tie, both bad",
        "has no item 'nobody'",
        "no question is called 'liking'",
        "preference: is not answered, but something else is",
        "stands in this file before, with another answer",
        "rating 7: should be an object",
    ):
        assert expected in reasons
    assert "\x1b" not in reasons
    assert ratings_of(run)[ids[5], "rater-1"].answers == {"preference": "B"}


@pytest.mark.parametrize("lost", ["preference", "severity"])
def test_a_table_without_its_answers_is_refused_as_a_whole(export: Export, run: Run, lost: str) -> None:
    made = export(formats=["csv"], mode="pairwise" if lost == "preference" else "errors")
    filled = fill_csv(made.files[0], made, ratings_for(made))
    filled.write_text(filled.read_text(encoding="utf-8-sig").replace(lost, f"my {lost}", 1), encoding="utf-8")
    (imported,) = review_import(run.path, [filled])
    assert imported.new == imported.unanswered == 0
    (said_,) = imported.refused
    assert f"has no column '{lost}', where the answers stand; its columns are item, packet, rater, my {lost}" in said_


def test_a_table_without_some_other_column_says_what_is_lost(export: Export, run: Run) -> None:
    made = export(formats=["csv"], mode="errors")
    filled = fill_csv(made.files[0], made, ratings_for(made))
    text = filled.read_text(encoding="utf-8-sig").replace("error: wrong", "error wrong", 1).replace("corrected text", "my correction", 1)
    filled.write_text(text, encoding="utf-8")
    (imported,) = review_import(run.path, [filled])
    assert imported.new == len(made.packet.judgements)
    assert [line.split(": ", 1)[1] for line in imported.refused] == [
        "has no column 'error: wrong': nothing of it was read",
        "has no column 'corrected text': nothing of it was read",
    ]


def test_an_answer_that_is_no_text_is_refused(export: Export, run: Run, tmp_path: Path) -> None:
    made = export()
    first, second = made.packet.judgements[:2]
    odd = [rating(first.id, {"preference": ["A"]}), rating(second.id, {"preference": "A"})]  # type: ignore[dict-item]
    (imported,) = review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", odd)])
    assert imported.new == 1 and "preference: the answer should be a text" in imported.refused[0]


def test_one_person_is_one_rater_in_whatever_export(export: Export, run: Run, tmp_path: Path) -> None:
    """First as JSON, where a person has a number and an address, with an answer of somebody else's that is none; then as CSV, later."""
    made = export(formats=["label-studio"])
    file = label_studio(made.files[0], made, ratings_for(made))
    tasks = json.loads(file.read_text())
    for task in tasks:
        task["annotations"][0]["completed_by"] = {"id": 7, "email": "bo@example.org"}
    nobody = json.loads(json.dumps(tasks[0]["annotations"][0])) | {"completed_by": {"id": 8, "email": "al@example.org"}}
    nobody["result"] = [{"from_name": "preference", "to_name": "a", "type": "choices", "value": {"choices": ["C"]}}]
    tasks[0]["annotations"].insert(0, nobody)
    file.write_text(json.dumps(tasks))
    (first,) = review_import(run.path, [file])
    assert len(first.refused) == 1 and {rater for _, rater in ratings_of(run)} == {"rater-1"}
    rows = [
        {**task["data"], "preference": "tie", "annotator": "bo@example.org", "updated_at": "2099-01-01T00:00:00Z"}
        for task in json.loads(made.files[0].read_text())
    ]
    later = tmp_path / "later.csv"
    with later.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    review_import(run.path, [later])
    assert {rater for _, rater in ratings_of(run)} == {"rater-1"}, "no second rater"
    assert {r.answers["preference"] for r in ratings_of(run).values()} == {"tie"}


def test_raters_whose_names_begin_alike_are_not_taken_for_each_other(export: Export, run: Run) -> None:
    """One person does the tasks of anna2 and of anna."""
    made = export(formats=["label-studio"], raters="anna2,anna", repeats=0)
    ratings = ratings_for(made)
    for file in (f for f in made.files if f.suffix == ".json"):
        tasks = json.loads(file.read_text())
        own = {task["data"]["item"]: ratings[task["data"]["item"]] for task in tasks}
        (imported,) = review_import(run.path, [label_studio(file, made, own)])
        assert imported.new == 12 and not imported.refused
    assert {rater for _, rater in ratings_of(run)} == {"anna", "anna2"}


def test_a_packet_of_another_run_is_refused(export: Export, run: Run, tmp_path: Path) -> None:
    made = export()
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"bench_review": 1, "packet": "deadbeef", "rater": "x", "ratings": [rating("a", {"preference": "A"})]}))
    (imported,) = review_import(run.path, [path])
    assert imported.new == 0 and f"the packet 'deadbeef' is none of run ({made.packet.id})" in imported.refused[0]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.json", b"{", "is no JSON"),
        ("a.json", b"\xff\xfe\x00", "is no JSON"),
        ("a.json", b"[" * 100_000, "is no JSON"),
        ("a.json", b"{}", "neither a file that the page has saved"),
        ("a.json", b'{"bench_review": 2}', "another version of the page"),
        ("a.json", b'{"bench_review": 1, "ratings": {}}', "should be a list"),
        ("a.json", b'[{"x": 1}, 3]', "neither 'data' nor 'item'"),
        ("a.xlsx", b"PK\x03\x04 not a workbook", "a.xlsx"),
        ("a.csv", b"this,that\n1,2\n", "no columns 'item' and 'packet'"),
        ("a.csv", b'item,packet\n"open', "a.csv"),
        ("missing.json", None, "no such file"),
    ],
)
def test_damaged_files_are_refused_and_others_read(
    export: Export, run: Run, tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    made = export()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    good = page_file(tmp_path, made.packet, "rater-1", list(ratings_for(made).values()), "good.json")
    bad, fine = review_import(run.path, [tmp_path / name, good])
    assert bad.new == 0 and reason in "\n".join(bad.refused)
    assert fine.new == len(made.packet.judgements)


def test_two_people_who_annotated_the_same_tasks_are_two_raters(export: Export, run: Run) -> None:
    made = export(formats=["label-studio"])
    path = label_studio(made.files[0], made, ratings_for(made))
    tasks = json.loads(path.read_text())
    for task in tasks:
        other = json.loads(json.dumps(task["annotations"][0])) | {"completed_by": {"id": 2, "email": "ben@example.org"}}
        skipped = dict(other) | {"was_cancelled": True, "completed_by": 3}
        task["annotations"] += [other, skipped]
    path.write_text(json.dumps(tasks))
    (imported,) = review_import(run.path, [path])
    assert {rater for _, rater in ratings_of(run)} == {"rater-1", "rater-1/ben@example.org"}
    (found,) = review_status(run.path)
    assert (found.made, found.asked) == (12, 12), "two people did the same twelve"
    assert [(r.name, r.made, r.asked) for r in found.raters] == [("rater-1", 14, 14), ("rater-1/ben@example.org", 14, 14)]
    assert imported.new == 2 * len(made.packet.judgements)
    # ben's are exported later once more, alone: he stays who he was
    for task in tasks:
        task["annotations"] = [a for a in task["annotations"] if a["completed_by"] == {"id": 2, "email": "ben@example.org"}]
    path.write_text(json.dumps(tasks))
    (again,) = review_import(run.path, [path])
    assert (again.new, again.replaced, again.known) == (0, 0, len(made.packet.judgements))


def test_minimal_exports_keep_two_people_apart_and_the_later_of_two_answers(export: Export, run: Run) -> None:
    made = export(formats=["label-studio"])
    path = label_studio_minimal(made.files[0], made, ratings_for(made))
    rows = json.loads(path.read_text())
    other = [row | {"annotator": 2, "preference": "tie", "updated_at": "2026-03-01T10:00:00Z"} for row in rows]
    later = [row | {"preference": "both bad", "updated_at": "2026-03-02T10:00:00Z"} for row in other[:3]]
    path.write_text(json.dumps([*rows, *later, *other]))
    (imported,) = review_import(run.path, [path])
    assert (imported.new, imported.refused) == (2 * len(rows), ())
    second = {item: r.answers["preference"] for (item, rater), r in ratings_of(run).items() if rater == "rater-1/2"}
    assert [second[row["item"]] for row in rows] == ["both bad"] * 3 + ["tie"] * (len(rows) - 3)


def test_a_judgement_belongs_to_one_rater(export: Export, run: Run) -> None:
    """Somebody who signs with another name would agree perfectly with herself."""
    made = export(raters="anna,ben", formats=["csv"])
    first = fill_csv(made.files[0], made, ratings_for(made))
    text = first.read_text(encoding="utf-8-sig")
    again = first.with_name("again.csv")
    again.write_text(text.replace(",anna,", ", Anna ,").replace(",tie,", ",both bad,"))
    ben = first.with_name("as-ben.csv")
    ben.write_text(text.replace(",anna,", ",ben,"))
    one, same, wrong = review_import(run.path, [first, again, ben])
    assert one.new and not same.new and {rater for _, rater in ratings_of(run)} == {"anna"}
    assert wrong.new == 0 and "rater: the judgement is that of anna, and the row names 'ben'" in wrong.refused[0]


def test_a_raters_number_survives_a_spreadsheet(export: Export, run: Run) -> None:
    made = export(formats=["csv"], raters="01,02", repeats=0)
    filled = fill_csv(made.files[0], made, ratings_for(made))
    filled.write_text(filled.read_text(encoding="utf-8-sig").replace(",01,", ",1,"), encoding="utf-8")
    (imported,) = review_import(run.path, [filled])
    assert imported.new == 12 and not imported.refused


def test_texts_come_back_as_they_are_meant(tmp_path: Path) -> None:
    """What we changed to show them is changed back: unseen characters, the apostrophe before a formula."""
    hebrew = "\u05e9\u05dc\u05d5\u05dd\u200f 5 mg\u00ad"
    cells = [Made("base", answer=lambda e, r: hebrew), Made("lora", seed=1, train_seconds=9, answer=lambda e, r: "- take 5 mg")]
    run = make_run(tmp_path / "run", [summarization(cells, rows=8)])
    made = review_export(run.path, ("base", "lora"), n=6, mode="errors", repeats=0, formats=["html", "csv"])
    shown = {row["item"]: row["text output"] for row in csv.DictReader(io.StringIO(made.files[1].read_text(encoding="utf-8-sig")))}
    ratings = {item: rating(item, {"severity": "minor"}, corrected=text.replace("5", "6")) for item, text in shown.items()}
    unchanged, cut, *_ = ratings
    ratings[unchanged]["corrected"] = shown[unchanged]
    ratings[cut]["corrected"] = "it goes on… [12 more characters]"
    (imported,) = review_import(run.path, [fill_csv(made.files[1], made, ratings)])
    assert len(imported.refused) == 1 and "the mark of a text that was cut" in imported.refused[0]
    found = {item: r.corrected for (item, _), r in ratings_of(run).items()}
    assert found.pop(unchanged) is None, "taken over as it is, nothing was corrected"
    assert set(found.values()) == {hebrew.replace("5", "6"), "- take 6 mg"}


def test_a_correction_of_a_label_is_a_label(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [classification([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=20)])
    made = review_export(run.path, ("base", "lora"), n=6, mode="errors", repeats=0)
    label = run.plan.tasks["intents"].labels[1]
    items = [j.id for j in made.packet.judgements]
    given = [f" {label.upper()}\n", "I don't know"]
    ratings = [rating(item, {"severity": "minor"}, corrected=text) for item, text in zip(items, given, strict=False)]
    (imported,) = review_import(run.path, [page_file(tmp_path, made.packet, "rater-1", ratings)])
    assert imported.new == 1 and "'I don't know' is none of the labels" in imported.refused[0]
    assert {r.corrected for r in ratings_of(run).values()} <= {label, None}


@pytest.mark.parametrize(
    ("mark", "marked"), [("x", True), ("WAHR", True), ("✓", True), ("", False), ("nein", False), ("xx", None), ("minor", None)]
)
def test_a_mark_is_one_or_none_or_is_refused(export: Export, run: Run, mark: str, marked: bool | None) -> None:
    made = export(mode="errors", formats=["csv"])
    kind = made.packet.questions.errors[0]
    rows = list(csv.DictReader(io.StringIO(made.files[0].read_text(encoding="utf-8-sig"))))
    rows[0] |= {"severity": "minor", f"error: {kind}": mark}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows[:1])
    back = made.files[0].with_name("back.csv")
    back.write_text(text.getvalue(), encoding="utf-8")
    (imported,) = review_import(run.path, [back])
    if marked is None:
        assert imported.new == 0 and f"error: {kind}: '{mark}' is neither x nor empty" in imported.refused[0]
    else:
        assert [r.kinds for r in ratings_of(run).values()] == [(kind,) if marked else ()]


def test_outputs_of_another_run_are_another_packet(tmp_path: Path) -> None:
    """Two runs of one plan differ in what was shown, and so in every id."""
    runs = [
        make_run(tmp_path / name, [summarization([Made("base", 0.2), Made("lora", q, 1)], rows=20)]) for name, q in (("a", 0.5), ("b", 0.9))
    ]
    one, other = (review_export(r.path, ("base", "lora"), n=6, repeats=0) for r in runs)
    assert one.packet.id != other.packet.id
    (imported,) = review_import(runs[1].path, [page_file(tmp_path, one.packet, "rater-1", list(ratings_for(one).values()))])
    assert imported.new == 0 and imported.refused


def test_a_file_with_rows_of_two_packets_is_taken_as_a_whole(export: Export, run: Run, tmp_path: Path) -> None:
    """Also where the second of them could not be put on record the first time."""
    packets = [export(formats=["csv"]), export(formats=["csv"], seed=1)]
    texts = [fill_csv(made.files[0], made, ratings_for(made)).read_text(encoding="utf-8-sig").split("\n", 1) for made in packets]
    both = tmp_path / "both.csv"
    both.write_text(texts[0][0] + "\n" + texts[0][1] + texts[1][1])
    (first,) = review_import(run.path, [both])
    assert first.new == sum(len(made.packet.judgements) for made in packets)
    next((packets[1].folder / "imports").iterdir()).unlink()
    (second,) = review_import(run.path, [both])
    assert (second.new, second.known) == (len(packets[1].packet.judgements), len(packets[0].packet.judgements))


def test_no_id_looks_like_a_number_to_a_spreadsheet(export: Export) -> None:
    for seed in range(30):
        made = export(seed=seed, formats=["html"])
        assert all(name[0].isalpha() for name in [made.packet.id, *(j.id for j in made.packet.judgements)])


def test_a_damaged_packet_is_said_so(export: Export, run: Run) -> None:
    made = export()
    key = json.loads((made.folder / "key.json").read_text())
    key["shown"].pop(made.packet.judgements[3].id)
    (made.folder / "key.json").write_text(json.dumps(key))
    with pytest.raises(BenchError, match=r"key\.json: is of another packet"):
        reviews_of(run)
    (made.folder / "key.json").write_text("{}")
    with pytest.raises(BenchError, match="is damaged"):
        reviews_of(run)
