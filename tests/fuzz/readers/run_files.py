"""Readers of the files of a run, and of the ratings that raters return for it."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cascade_factory import make_cascade_run
from filelock import FileLock
from report_factory import Made, make_run, measured, summarization
from search_factory import MadeTrial, add_search, searched_rates

from harness.api import approve, gate, review_adjudicate, review_exclude, review_export, review_import, review_status
from harness.archive import decision_cache, read_progress, summarize_run
from harness.cache import cache_folder
from harness.reporting import findings_to_json, render, runs_in_progress_to_json, to_json
from harness.results import RunResults
from harness.review import Packet
from harness.store import RunFolder
from tests.fuzz.readers.reader import Read, Reader, document_seeds, file_seeds, get_folder, refusals, write_as_stranger

_CASCADE_FILE = "cells/*-3/cell.json"


def read_ratings(name: str) -> Read:
    """Import a file that a rater returned."""

    def read(content: bytes, folder: Path) -> None:
        run = _reviewed_run()
        listed = (run / "added.json").read_bytes()
        (folder / name).write_bytes(content)
        with refusals():
            review_import(run, [folder / name])
        for imported in (run / "review").glob("*/imports/*"):
            imported.unlink()
        (run / "added.json").write_bytes(listed)

    return read


def read_run(place: str) -> Read:
    """Replace a file of a run, and read the run as its report, the gate and a review do."""

    def read(content: bytes, folder: Path) -> None:
        run = folder / "run"
        shutil.copytree(_reviewed_run(), run)
        file = next(run.glob(place))
        file.unlink()
        write_as_stranger(file, content)
        with refusals():
            to_json(RunResults(RunFolder(run)))
        with refusals():
            _judge(run)
        with refusals():
            review_import(run, [])

    return read


def read_gold(name: str) -> Read:
    """Write a packet with gold items from a file, in every format."""

    def read(content: bytes, folder: Path) -> None:
        run = folder / "run"
        shutil.copytree(_reviewed_run(), run)
        (folder / name).write_bytes(content)
        with refusals():
            review_export(run, ("base", "lora"), n=3, gold=folder / name, formats=["html", "xlsx", "csv", "label-studio"])

    return read


def _gold_rows() -> list[bytes]:
    name = next(iter(RunResults(RunFolder(_reviewed_run())).examples("summarization")[0].inputs))
    row = {f"input: {name}": "a note", "output A": "good", "output B": "=bad", "preference": "A|tie"}
    lines = [list(row), list(row.values())]
    return [("\n".join(",".join(line) for line in lines) + "\n").encode(), json.dumps(row).encode() + b"\n"]


def read_settled(find: Callable[[Path], Path]) -> Read:
    """Replace a file of a run whose raters' disagreements were settled, and read the review as its results do."""

    def read(content: bytes, folder: Path) -> None:
        run = folder / "run"
        shutil.copytree(_settled_run(), run)
        write_as_stranger(find(run), content)
        with refusals():
            findings_to_json(review_status(run))
        with refusals():
            render(RunResults(RunFolder(run)))

    return read


def _find_second_packet(run: Path) -> Path:
    return next(file for file in run.glob("review/*/packet.json") if json.loads(file.read_bytes())["adjudicates"] is not None)


def _find_exclusions(run: Path) -> Path:
    return next(run.glob("review/*/excluded.json"))


@lru_cache(maxsize=1)
def _settled_run() -> Path:
    """A run whose two raters disagree on every item, an adjudicator who has settled that, and a rater who is excluded."""
    run = make_run(get_folder() / "settled", [summarization([Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9)], rows=40)])
    first = review_export(run.path, ("lora",), n=4, mode="errors", raters="anna,ben,cleo", repeats=0)
    _rate(run.path, first.packet)
    _rate(run.path, review_adjudicate(run.path, show_ratings=True).packet)
    review_exclude(run.path, "cleo", reason="guessed")
    return run.path


def _rate(run: Path, packet: Packet) -> None:
    """Every second rater sees a critical error."""
    for number, rater in enumerate(packet.raters):
        severity = ("critical", "none")[number % 2]
        ratings = [{"item": item.id, "answers": {"severity": severity}} for item in packet.items if item.rater == rater]
        file = get_folder() / f"{packet.id}-{rater}.json"
        file.write_text(json.dumps({"bench_review": 1, "packet": packet.id, "rater": rater, "ratings": ratings}))
        review_import(run, [file])


def _plans() -> list[Any]:
    """The plan of a run, and one with the score of a plug-in file."""
    (plan,) = document_seeds(_reviewed_run, "run.json")()
    with_score = copy.deepcopy(plan)
    with_score["plugin_scores"] = {"mine": [{"name": "polite", "direction": "higher", "unit": "fraction", "signature": "polite|x"}]}
    for task in with_score["tasks"].values():
        task["metrics"] = [*task["metrics"], "mine"]
    return [plan, with_score]


def read_report(content: bytes, folder: Path) -> None:
    """Replace the plan of a run, and render its report."""
    run = folder / "run"
    shutil.copytree(_reviewed_run(), run)
    write_as_stranger(run / "run.json", content)
    with refusals():
        render(RunResults(RunFolder(run)))


@lru_cache(maxsize=1)
def _searched_run() -> Path:
    """A run with a search and a race."""
    run = make_run(get_folder() / "searched", [summarization([Made("base", 0.3), Made("full", 0.9, 1, train_seconds=9)], rows=40)])
    rates = {"full": searched_rates(6e-4, 5e-4), "lora": [MadeTrial({"learning_rate": 2e-4}, (1.8,))]}
    return add_search(run, rates, race=0.05, dropped={"lora": (0, "full", 0)}).path


@lru_cache(maxsize=1)
def _cascaded_run() -> Path:
    """A run with a cascade."""
    return make_cascade_run(get_folder() / "cascaded").path


def read_cascade(content: bytes, folder: Path) -> None:
    """Replace the cell of a cascade, and read the run as its report does."""
    run = folder / "run"
    shutil.copytree(_cascaded_run(), run)
    write_as_stranger(next(run.glob(_CASCADE_FILE)), content)
    with refusals():
        to_json(RunResults(RunFolder(run)))
    with refusals():
        render(RunResults(RunFolder(run)))


def read_search(place: str) -> Read:
    """Replace a file of a run with a search, and read the run as its report does."""

    def read(content: bytes, folder: Path) -> None:
        run = folder / "run"
        shutil.copytree(_searched_run(), run)
        write_as_stranger(next(run.glob(place)), content)
        with refusals():
            to_json(RunResults(RunFolder(run)))
        with refusals():
            render(RunResults(RunFolder(run)))

    return read


def read_growing_curve(content: bytes, folder: Path) -> None:
    """Replace the training curve of a cell that is still running, and follow the run as the viewer does."""
    run = folder / "runs" / "run"
    shutil.copytree(_reviewed_run(), run)
    cell = next(run.glob("cells/*-1"))
    (cell / "cell.json").unlink()
    (run / "seal.json").unlink(missing_ok=True)
    (cell / "training.jsonl").unlink(missing_ok=True)
    (cell / "training.jsonl").write_bytes(content)
    (run / ".lock-holder").write_text("{}")
    with refusals(), FileLock(run / ".lock"):
        json.dumps(runs_in_progress_to_json(read_progress(folder / "runs")), allow_nan=False)


def _curve_seeds() -> list[bytes]:
    points = [{"step": 1, "loss": 3.2, "learning_rate": 1e-3}, {"step": 2, "validation_loss": 3.0}]
    return ["".join(json.dumps(point) + "\n" for point in points).encode()]


def read_stored_decisions(content: bytes, folder: Path) -> None:
    """Replace decisions in the cache: they are read as they were stored, or not at all."""
    whole = _stored_decisions()
    (file,) = (cache_folder() / decision_cache.FOLDER).glob("*.json")
    decided = decision_cache.read_decisions(file.stem)
    file.write_bytes(content)
    assert decision_cache.read_decisions(file.stem) in (None, decided)
    file.write_bytes(whole)


@lru_cache(maxsize=1)
def _stored_decisions() -> bytes:
    summarize_run(RunFolder(_reviewed_run()))
    (file,) = (cache_folder() / decision_cache.FOLDER).glob("*.json")
    return file.read_bytes()


@lru_cache(maxsize=1)
def _reviewed_run() -> Path:
    """A run with a packet, a verdict, an approval, and a cell whose weights were removed."""
    speed = measured(0.5, 0.7, batches={2: 0.9}, merged=0.5)
    cells = [Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=9, serving=speed)]
    run = make_run(get_folder() / "run", [summarization(cells, rows=40)])
    cell = run.folder.cell(run.cells[1].id)
    cell.artifact.mkdir()
    (cell.artifact / "adapter_model.safetensors").write_bytes(b"weights")
    cell.write_result(cell.result(), cell.predictions())
    run.folder.seal()
    cell.remove_weights(datetime(2026, 3, 31, tzinfo=UTC))
    review_export(run.path, ("base", "lora"), n=6)
    _judge(run.path)
    approve(run.path, "lora", "anna", key=get_folder() / "anna.pem")
    return run.path


def _judge(run: Path) -> None:
    registry, policy = run.parent / "empty-registry", run.parent / "gate.yaml"
    policy.write_text("approvals: 2\nrules: [{rule: not_worse, score: rougeL, margin: 0.01}]\n")
    gate(run, "lora", baseline=f"{run}:base", policy=policy, registry=registry, new_registry=not registry.exists())


def _page_ratings() -> list[Any]:
    packet = json.loads(next(_reviewed_run().glob("review/*/packet.json")).read_bytes())
    ratings = [
        {
            "item": item["id"], "answers": {"preference": "tie"}, "kinds": [], "corrected": "x", "comment": "", "seconds": 3,
            "answered_at": "2026-01-01T00:00:00Z",
        }
        for item in packet["items"]
    ]  # fmt: skip
    studio = [
        {
            "data": {"item": item["id"], "packet": packet["id"], "rater": item["rater"]},
            "annotations": [
                {
                    "result": [{"from_name": "preference", "value": {"choices": ["A"]}}],
                    "lead_time": 3,
                    "completed_by": {"id": 3, "email": "x"},
                }
            ],
        }
        for item in packet["items"]
    ]
    argilla = [
        {
            "id": item["id"], "fields": {"input": "a note", "a": "one", "b": "another"}, "suggestions": {}, "vectors": {},
            "metadata": {"item": item["id"], "packet": packet["id"], "rater": item["rater"]},
            "responses": {"preference": [{"value": "A", "user_id": "u1"}], "corrected": [{"value": "x", "user_id": "u1"}]},
        }
        for item in packet["items"]
    ]  # fmt: skip
    return [{"bench_review": 1, "packet": packet["id"], "rater": packet["items"][0]["rater"], "ratings": ratings}, studio, argilla]


def _sheet_ratings() -> list[bytes]:
    packet = json.loads(next(_reviewed_run().glob("review/*/packet.json")).read_bytes())
    rows = [["item", "packet", "rater", "preference", "corrected", "comment"]]
    rows += [[item["id"], packet["id"], item["rater"], "A", "", "a, b"] for item in packet["items"]]
    return [("\n".join(",".join(f'"{cell}"' for cell in row) for row in rows) + "\n").encode()]


RUN_FILES: dict[str, Reader] = {
    "ratings-page": Reader(read_ratings("r.json"), lambda: [json.dumps(document).encode() for document in _page_ratings()], _page_ratings),
    "ratings-sheet": Reader(read_ratings("r.csv"), _sheet_ratings),
    "run.json": Reader(read_run("run.json"), file_seeds(_reviewed_run, "run.json"), _plans, share=0.4),
    "run.json-report": Reader(read_report, file_seeds(_reviewed_run, "run.json"), _plans, share=0.4),
    "run.json-search": Reader(
        read_search("run.json"), file_seeds(_searched_run, "run.json"), document_seeds(_searched_run, "run.json"), share=0.4
    ),
    "trial": Reader(
        read_search("cells/search-full-0-1/cell.json"),
        file_seeds(_searched_run, "cells/search-full-0-1/cell.json"),
        document_seeds(_searched_run, "cells/search-full-0-1/cell.json"),
        share=0.4,
    ),
    "cell.json": Reader(
        read_run("cells/*-1/cell.json"),
        file_seeds(_reviewed_run, "cells/*-1/cell.json"),
        document_seeds(_reviewed_run, "cells/*-1/cell.json"),
        share=0.4,
    ),
    "cascade": Reader(
        read_cascade,
        file_seeds(_cascaded_run, _CASCADE_FILE),
        document_seeds(_cascaded_run, _CASCADE_FILE),
        share=0.2,
    ),
    "predictions": Reader(read_run("cells/*-1/predictions.parquet"), file_seeds(_reviewed_run, "cells/*-1/predictions.parquet"), share=0.4),
    "examples": Reader(read_run("data/*.parquet"), file_seeds(_reviewed_run, "data/*.parquet"), share=0.4),
    "packet": Reader(
        read_run("review/*/packet.json"),
        file_seeds(_reviewed_run, "review/*/packet.json"),
        document_seeds(_reviewed_run, "review/*/packet.json"),
        share=0.4,
    ),
    "gold items, csv": Reader(read_gold("gold.csv"), lambda: _gold_rows()[:1], share=0.1),
    "gold items, json lines": Reader(read_gold("gold.jsonl"), lambda: _gold_rows()[1:], share=0.1),
    "second packet": Reader(
        read_settled(_find_second_packet),
        lambda: [_find_second_packet(_settled_run()).read_bytes()],
        lambda: [json.loads(_find_second_packet(_settled_run()).read_bytes())],
        share=0.1,
    ),
    "excluded raters": Reader(
        read_settled(_find_exclusions),
        lambda: [_find_exclusions(_settled_run()).read_bytes()],
        lambda: [json.loads(_find_exclusions(_settled_run()).read_bytes())],
        share=0.1,
    ),
    "key": Reader(
        read_run("review/*/key.json"),
        file_seeds(_reviewed_run, "review/*/key.json"),
        document_seeds(_reviewed_run, "review/*/key.json"),
        share=0.4,
    ),
    "removed": Reader(
        read_run("cells/*/removed.json"),
        file_seeds(_reviewed_run, "cells/*/removed.json"),
        document_seeds(_reviewed_run, "cells/*/removed.json"),
        share=0.4,
    ),
    "growing-curve": Reader(read_growing_curve, _curve_seeds, share=0.1),
    "stored-decisions": Reader(read_stored_decisions, lambda: [_stored_decisions()], share=0.4),
    "added": Reader(
        read_run("added.json"), file_seeds(_reviewed_run, "added.json"), document_seeds(_reviewed_run, "added.json"), share=0.4
    ),
    "approval": Reader(
        read_run("approvals/*.json"),
        file_seeds(_reviewed_run, "approvals/*.json"),
        document_seeds(_reviewed_run, "approvals/*.json"),
        share=0.4,
    ),
    "verdict": Reader(
        read_run("gates/*.json"), file_seeds(_reviewed_run, "gates/*.json"), document_seeds(_reviewed_run, "gates/*.json"), share=0.4
    ),
}
