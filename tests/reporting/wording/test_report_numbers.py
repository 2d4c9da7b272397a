"""Every number on the page is one of the run folder: whatever a table sorts by is shown as it is, and is found in what the run stored."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from page_tree import Tree
from report_factory import page_of

from harness.metrics import metrics_for
from harness.reporting import to_json
from harness.reporting.views import build_report_view
from harness.reporting.wording import numbers
from harness.results import RunResults

UNITS = ("fraction", "points", "errors", "nats", "words", "ratio", "edits per 100 words")


@pytest.fixture(params=["plain", "troubled", "wide", "asked"])
def run(request: pytest.FixtureRequest) -> RunResults:
    found: RunResults = request.getfixturevalue(request.param)
    return found


def readings(value: float) -> Iterator[str]:
    """Every way in which the page may word a number."""
    for unit in UNITS:
        yield numbers.score(value, unit)
        yield numbers.signed(value, unit)
    yield numbers.money(value, "USD")
    yield numbers.seconds(value)
    yield numbers.size(value)
    yield numbers.count(value)
    yield numbers.share(value)
    yield numbers.p_value(value).removeprefix("p ").removeprefix("= ")


def test_what_a_cell_is_sorted_by_is_what_it_shows(run: RunResults) -> None:
    cells = [node for node in Tree(page_of(run)).nodes if node.attributes.get("data-sort") is not None]
    assert len(cells) > 20
    for cell in cells:
        value = float(cell.attributes["data-sort"] or "nan")
        shown = cell.content()
        assert any(shown.startswith(text) for text in readings(value)), (value, shown)


def test_scores_and_costs_are_those_that_the_run_folder_gives(run: RunResults) -> None:
    """Counted from the stored rows by another way than the page's: the mean over seeds of what `to_json` says of each cell."""
    cells = to_json(run)["cells"]
    for task in build_report_view(run).tasks:
        for ln in task.strategies:
            own = [
                c
                for c in cells
                if (c["task"], c["model"], c["strategy"], c["train_size"]) == (task.name, ln.model, ln.strategy, ln.train_size)
                and c["status"] == "done"
            ]
            assert len(own) == len(ln.done)
            if not own:
                continue
            for name, score in ln.scores.items():
                known = [c["scores"][name]["value"] for c in own]
                expected = None if None in known else math.fsum(known) / len(known)
                assert score.value == pytest.approx(expected)
            assert ln.costs is not None
            seconds = [sum(cost["seconds"] for phase, cost in c["costs"].items() if phase in ("train", "validate")) for c in own]
            assert ln.costs.training_seconds == pytest.approx(math.fsum(seconds) / len(own))
            predicting = [c["costs"]["predict"] for c in own]
            rows = len(run.examples(task.name))
            assert ln.costs.thousand_price == pytest.approx(1000 * math.fsum(p["price"] for p in predicting) / len(own) / rows)
            assert ln.costs.answer_seconds == pytest.approx(math.fsum(p["seconds"] for p in predicting) / len(own) / rows)
            assert ln.costs.peak_allocated == max(c["total_cost"]["peak_allocated"] for c in own)


def test_means_of_scores_are_those_of_the_stored_rows(plain: RunResults) -> None:
    """The primary score, straight from the column of the stored predictions."""
    task = plain.plan.tasks["summarization"]
    names = [m.name for m in metrics_for(task.metrics, ()) if m.level == "example"]
    for ln in build_report_view(plain).tasks[0].strategies:
        (cell,) = [c for c in plain.cells if c.strategy == ln.strategy]
        for name in names:
            stored = [p.scores[name] for p in plain.predictions(cell.id) if p.scores[name] is not None]
            assert ln.scores[name].value == pytest.approx(math.fsum(s for s in stored if s is not None) / len(stored))
