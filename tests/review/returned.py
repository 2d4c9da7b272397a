"""Returned files, filled in as raters and programs do, and the recorded ratings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
from raters import SimulatedRater, preferences, severities

from harness.review import ExportedPacket, Rating, load_reviews
from harness.store import StoredRun

Fill = Callable[[Path, ExportedPacket, dict[str, dict[str, Any]]], Path]


def load_ratings(run: StoredRun) -> dict[tuple[str, str], Rating]:
    (review,) = load_reviews(run)
    return {(r.item, r.rater): r for r in review.ratings}


def load_answers(run: StoredRun) -> dict[tuple[str, str], tuple[Any, ...]]:
    return {key: (dict(r.answers), r.kinds, r.corrected, r.comment) for key, r in load_ratings(run).items()}


def to_columns(rating: dict[str, Any], kinds: tuple[str, ...]) -> dict[str, str]:
    """A rating as the columns of a spreadsheet."""
    columns = dict(rating["answers"]) | {f"error: {kind}": "x" for kind in rating["kinds"]}
    return columns | {"corrected version": rating["corrected"] or "", "comment": rating["comment"]}


def fill_csv(
    path: Path, exported: ExportedPacket, ratings: dict[str, dict[str, Any]], delimiter: str = ",", encoding: str = "utf-8-sig"
) -> Path:
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    for row in rows:
        row.update(to_columns(ratings[row["item"]], exported.packet.questions.errors) if row["item"] in ratings else {})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    target = path.with_name(f"back-{path.name}")
    target.write_bytes(text.getvalue().encode(encoding))
    return target


def fill_xlsx(path: Path, exported: ExportedPacket, ratings: dict[str, dict[str, Any]]) -> Path:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[1]]
    for row in range(2, sheet.max_row + 1):
        own = ratings.get(str(sheet.cell(row, 1).value))
        for name, value in to_columns(own, exported.packet.questions.errors).items() if own else ():
            if value:
                cell = sheet.cell(row, header.index(name) + 1)
                cell.value, cell.data_type = value, "s"  # typed behind an apostrophe
    target = path.with_name(f"back-{path.name}")
    book.save(target)
    return target


def label_studio(path: Path, exported: ExportedPacket, ratings: dict[str, dict[str, Any]]) -> Path:
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


def label_studio_minimal(path: Path, exported: ExportedPacket, ratings: dict[str, dict[str, Any]]) -> Path:
    """Label Studio's JSON_MIN export: flat, with one choice as text and several as an object."""
    flat = []
    for task in json.loads(path.read_text()):
        own = ratings[task["data"]["item"]]
        kinds = {"choices": own["kinds"]} if len(own["kinds"]) > 1 else (own["kinds"] or [None])[0]
        more = {"kinds": kinds, "corrected": own["corrected"], "comment": own["comment"] or None, "annotator": 1, "lead_time": 3.2}
        flat.append(task["data"] | own["answers"] | {name: value for name, value in more.items() if value is not None})
    target = path.with_name(f"min-{path.name}")
    target.write_text(json.dumps(flat))
    return target


def argilla(path: Path, exported: ExportedPacket, ratings: dict[str, dict[str, Any]]) -> Path:
    """Argilla's records as its `to_json` writes them, answered by one user."""
    records = json.loads(path.read_text())
    for record in records:
        own = ratings[record["metadata"]["item"]]
        answers = {**own["answers"], "kinds": own["kinds"], "corrected": own["corrected"], "comment": own["comment"]}
        given = {name: [{"value": value, "user_id": "252df38f"}] for name, value in answers.items() if value}
        record |= {"responses": given, "status": "completed", "_server_id": None}
    target = path.with_name(f"back-{path.name}")
    target.write_text(json.dumps(records))
    return target


RETURNED_FORMATS: dict[str, tuple[str, Fill]] = {
    "csv": ("csv", fill_csv),
    "csv of a German Excel": ("csv", lambda p, m, r: fill_csv(p, m, r, ";", "cp1252")),
    "xlsx": ("xlsx", fill_xlsx),
    "label studio": ("label-studio", label_studio),
    "argilla": ("argilla", argilla),
    "label studio, minimal": ("label-studio", label_studio_minimal),
}


def ratings_for(exported: ExportedPacket) -> dict[str, dict[str, Any]]:
    if exported.packet.mode == "pairwise":
        raters = {rater: SimulatedRater(rater, wins=0.7, ties=0.3) for rater in exported.packet.raters}
        ratings = preferences(exported.packet, exported.key, raters)
    else:
        ratings = severities(exported.packet, exported.key, {"base": 0.6, "lora": 0.2})
        ratings[1] |= {"answers": {"severity": "minor"}, "kinds": list(exported.packet.questions.errors[:2])}
    ratings[0] |= {"corrected": "=1+1 is what “it” said\nsecond line", "comment": "see <b>above</b>"}
    return {one["item"]: one for one in ratings}
