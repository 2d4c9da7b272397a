"""Synthetic runs that the tests of the report share, and the browser that opens them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from report_factory import HOSTILE, Made, classification, make_run, page_of, questions, summarization, wide_cells

from harness.api import gate, review_export, review_import
from harness.results import RunResults
from harness.types import CellNote


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """base, lora and qlora on one task, one seed each, all done."""
    cells = [
        Made("base", 0.2),
        Made("lora", 0.5, 1, train_seconds=310, notes=(CellNote("stopped_early", {"step": 9, "best_step": 6}),)),
        Made("qlora", 0.49, 1, train_seconds=720),
    ]
    return make_run(tmp_path_factory.mktemp("runs") / "plain", [summarization(cells)])


@pytest.fixture(scope="session")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Two tasks, several seeds, and every way for a cell not to end well."""
    cells = [
        Made("base", 0.35),
        Made("lora", 0.82, 1, train_seconds=300, notes=(CellNote("overfitting", {"best_step": 6}),)),
        Made("lora", 0.85, 2, train_seconds=320),
        Made("qlora", 0.8, 1, train_seconds=700),
        Made("qlora", 0.8, 2, train_seconds=40, status="diverged", error="the loss is NaN at step 40"),
        Made("full", 1, 1, train_seconds=55, status="out-of-memory", error="does not fit in 24 GB"),
        Made("full", 1, 2, status="interrupted"),
        Made("dora", 1, 1, status="failed", error="no such module: q_proj"),
    ]
    data = {
        "unseen_labels": {"refund_0": 3},
        "warnings": ("12 rows are empty.",),
        "skipped": ("intents.csv, line 17: the target is empty",),
        "skipped_rows": 1,
    }
    tasks = [classification(cells, data=data), summarization([Made("base", 0.3), Made("lora", 0.3, 1, train_seconds=9)], rows=30)]
    return make_run(tmp_path_factory.mktemp("runs") / "troubled", tasks)


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Two models, one of them an encoder without base, three strategies, three sizes, two seeds: more lines than fit a screen."""
    return make_run(tmp_path_factory.mktemp("runs") / "wide", [classification(wide_cells(), rows=100)])


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Questions about long texts, some without an answer, some with several references."""
    cells = [Made("base", 0.3), Made("lora", 0.9, 1, train_seconds=30)]
    return make_run(tmp_path_factory.mktemp("runs") / "asked", [questions(cells, rows=60, data={"folded": {"validation": 3, "test": 12}})])


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """Inputs, outputs, errors and notes that would break a page or a terminal that trusted them."""
    cells = [
        Made("base", answer=lambda e, r: HOSTILE),
        Made(
            "lora", seed=1, train_seconds=30, answer=lambda e, r: "A" * 1_000_000, notes=(CellNote("external_outputs", texts=(HOSTILE,)),)
        ),
        Made("qlora", seed=1, status="failed", error=HOSTILE),
    ]
    data = {"warnings": (HOSTILE,), "skipped": (HOSTILE,), "skipped_rows": 1, "origin": {HOSTILE: HOSTILE}}
    return make_run(tmp_path_factory.mktemp("runs") / "hostile", [summarization(cells, rows=12, text=lambda i: HOSTILE, data=data)])


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """A run that people have rated and a gate has judged, with hostile outputs in both."""
    folder = tmp_path_factory.mktemp("judged")
    cells = [Made("base", 0.5), Made("lora", seed=1, train_seconds=30, answer=lambda e, r: HOSTILE)]
    run = make_run(folder / "judged", [summarization(cells, rows=40)])
    packet = review_export(run.path, ("base", "lora"), n=20, raters=2)
    for rater in packet.packet.raters:
        own = [j.id for j in packet.packet.items if j.rater == rater]
        ratings = [{"item": item, "answers": {"preference": "AB"[k % 2]}, "comment": HOSTILE} for k, item in enumerate(own)]
        file = folder / f"{rater}.json"
        file.write_text(json.dumps({"bench_review": 1, "packet": packet.packet.id, "rater": rater, "ratings": ratings}), encoding="utf-8")
        review_import(run.path, [file])
    gate(run.path, "lora", baseline=f"{run.path}:base", registry=folder / "registry", new_registry=True)
    return RunResults(run.folder)


@pytest.fixture(scope="module")
def opened(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[RunResults], Any]]:
    """Opens the report of a run; whatever the browser complains about fails the test."""
    pages = []

    def open_it(run: RunResults, **context: Any) -> Any:
        file = tmp_path_factory.mktemp("page") / "report.html"
        file.write_text(page_of(run), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1440, "height": 900}, **context)
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text))
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details.task, details.appendix').forEach(part => { part.open = true })")
        pages.append(page)
        return page

    yield open_it
    for page in pages:
        page.close()
