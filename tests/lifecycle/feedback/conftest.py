"""A registry with two models that were in service one after the other, and rows of feedback."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, classification, make_run, summarization

from harness.api import promote

TASK = "summarization"
TODAY = date(2026, 6, 1)
Row = dict[str, Any]


@pytest.fixture(scope="session")
def two_champions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`base`, then `few-shot`; tests copy it."""
    folder = tmp_path_factory.mktemp("feedback")
    cells = [Made("base", 0.3), Made("few-shot", 0.9, 1)]
    run = make_run(folder / "run", [summarization(cells, rows=30, meta=lambda i: {"ward": "AB"[i % 2]}), classification(cells, rows=30)])
    registry = folder / "registry"
    promote(run.path, "base", task=TASK, registry=registry, new_registry=True, force=True, reason="a test", fingerprint=False)
    promote(run.path, "few-shot", task=TASK, registry=registry, force=True, reason="a test", fingerprint=False)
    promote(run.path, "base", task="intents", registry=registry, force=True, reason="a test", fingerprint=False)
    return registry


@pytest.fixture
def registry(two_champions: Path, tmp_path: Path) -> Path:
    return shutil.copytree(two_champions, tmp_path / "registry")


def make_rows(count: int, *, seed: int = 1, complaints: float = 0.1, users: int = 20, **more: Any) -> list[Row]:
    """Feedback of several users over some weeks. `more`: columns with the same value in every row."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        verdict = draw.choices(["accepted", "edited", "complaint"], [0.8 - complaints, 0.2, complaints])[0]
        rows.append(
            {
                "id": f"{seed}-{number}",
                "verdict": verdict,
                "output": f"output {number}",
                "corrected": None if verdict == "accepted" else f"corrected {number}",
                "input": f"text {seed} {number}",
                "minutes": round(draw.expovariate(0.4), 2),
                "rating": draw.choice([3, 4, 5]),
                "user": f"user-{draw.randrange(users)}",
                "date": (date(2026, 3, 1) + timedelta(days=number % 40)).isoformat(),
                "ward": draw.choice("AB"),
                **more,
            }
        )
    return rows


def write_json(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def write_lines(path: Path, rows: list[Row]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def label_studio_task(id_: str, *results: Mapping[str, Any], **data: Any) -> Row:
    """A task of Label Studio's JSON export with one annotation for each list of results."""
    annotation = {"id": 7, "completed_by": {"id": 3, "email": "a@example.org"}, "was_cancelled": False, "lead_time": 90.0}
    times = {"created_at": "2026-03-02T08:00:00.123456Z", "updated_at": "2026-03-02T09:00:00.123456Z"}
    return {"id": 99, "data": {"id": id_, **data}, "annotations": [{**annotation, **times, "result": list(results)}], "predictions": []}


def argilla_record(id_: str, responses: Mapping[str, Any], **fields: Any) -> Row:
    """A record as `dataset.records.to_json` of Argilla 2 writes it."""
    answers = {name: [{"value": value, "user_id": "u-1"}] for name, value in responses.items()}
    return {"id": id_, "fields": fields, "metadata": {}, "suggestions": {}, "responses": answers, "vectors": {}, "_server_id": "s-1"}
