"""What the report says about the speed of models, and what it does not claim."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, make_run, measured, page_of, summarization
from syrupy.assertion import SnapshotAssertion

from harness.reporting import describe_measured_speed, to_json, to_markdown
from harness.reporting.views import build_task_outcome
from harness.reporting.wording import money_sentences, speed_sentences
from harness.results import RunResults

MANY = [0.3 + 0.01 * (i % 40) for i in range(100)]
CELLS = [
    Made("base", 0.2, serving=measured(*MANY, batches={2: 0.4, 4: 0.6, 8: 1.9})),
    Made("lora", 0.9, 0, train_seconds=60, serving=measured(0.5, 0.7, batches={2: 0.9}, merged=0.5, waited=0.3)),
    Made("qlora", 0.8, 0, train_seconds=60, serving=measured(0.9, problem="'qlora' (LORA) cannot be merged: no room.")),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    return make_run(tmp_path_factory.mktemp("speeds") / "run", [summarization(CELLS, rows=30)])


def test_speeds_in_words(run: RunResults, snapshot: SnapshotAssertion) -> None:
    task = build_task_outcome(run.by_task["summarization"])
    assert task.speeds is not None
    table = speed_sentences.build_speed_table(task.speeds)
    lines = [
        table.title,
        " | ".join(table.columns),
        *(" | ".join(row) for row in table.rows),
        *speed_sentences.describe_speeds(task.speeds),
    ]
    assert [*lines, speed_sentences.describe_monthly_assumption(task)] == snapshot
    assert speed_sentences.describe_monthly_assumption(task) in money_sentences.list_assumptions(task)


def test_every_form_of_the_report_shows_them(run: RunResults) -> None:
    (task,) = to_json(run)["decisions"]
    speeds = task["costs_in_use"]["speeds"]
    assert [(row["strategy"], row["form"]) for row in speeds] == [
        ("lora", "stored"), ("lora", "merged"), ("qlora", "stored"), ("base", "stored"),
    ]  # fmt: skip
    base = speeds[-1]
    assert base["percentile_95"]["interval"]["reliable"] and base["best_batch"] == 4
    assert base["alone_thousand_price"] > base["best_thousand_price"] > 0
    for text in (page_of(run), to_markdown(run)):
        assert speed_sentences.TITLE in text and "merged" in text


def test_a_line_about_each_model_while_the_run_goes_on(snapshot: SnapshotAssertion) -> None:
    outcomes = [None, measured(problem="does not fit in 8 GiB"), *(made.serving for made in CELLS)]
    assert [describe_measured_speed(outcome) for outcome in outcomes] == snapshot


def test_a_run_without_measurements_says_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.2)], rows=12)])
    task = build_task_outcome(run.by_task["summarization"])
    assert task.speeds is None and speed_sentences.describe_monthly_assumption(task) == ""
    assert speed_sentences.TITLE not in page_of(run)
    assert to_json(run)["decisions"][0]["costs_in_use"]["speeds"] is None


def test_the_reason_of_a_strangers_run_is_escaped(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.2, serving=measured(problem=HOSTILE))], rows=12)])
    assert "<img src=x" not in page_of(run)
