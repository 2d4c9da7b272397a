"""What the report says about a running server that has an exported model."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_factory import HOSTILE, Made, make_run, page_of, summarization
from syrupy.assertion import SnapshotAssertion

from harness.reporting import describe_served_answers, to_json, to_markdown
from harness.reporting.views import build_task_outcome
from harness.reporting.wording import served_sentences
from harness.results import RunResults, compute_served_costs
from harness.types import ServedMeasurement

SAME = ServedMeasurement(
    address="http://127.0.0.1:8000", model="visits", answers=30, different=0, different_ids=(), label_source="text", other_prompts=0,
    without_label=0, score="rougeL", served=0.71, stored=0.71, difference=0.0, low=None, high=None, reliable=False,
    alone_seconds=tuple(0.2 + i / 100 for i in range(15)), at_once=8, together_answers=15, together_seconds=6.0, tokens_out=420, retries=0,
    per_hour=0.09, currency="USD",
)  # fmt: skip
OTHER = replace(
    SAME, different=9, different_ids=("row-1", "row-2"), served=0.65, difference=-0.06, low=-0.1, high=-0.02, reliable=True, model=HOSTILE,
    other_prompts=30, label_source="parsed", without_label=3, retries=2, alone_seconds=(), together_answers=0, together_seconds=0.0,
    per_hour=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    cells = [Made("lora", 0.9, 0, train_seconds=60, served=SAME), Made("qlora", 0.8, 0, train_seconds=60, served=OTHER), Made("base", 0.2)]
    return make_run(tmp_path_factory.mktemp("served") / "run", [summarization(cells, rows=30)])


def test_servers_in_words(run: RunResults, snapshot: SnapshotAssertion) -> None:
    table = served_sentences.build_served_table(build_task_outcome(run.by_task["summarization"]).served)
    lines = [table.title, " | ".join(table.columns), *(" | ".join(row) for row in table.rows), table.under.replace(HOSTILE, "HOSTILE")]
    assert [*lines, describe_served_answers(SAME), describe_served_answers(OTHER)] == snapshot


def test_every_form_of_the_report_shows_them_escaped(run: RunResults) -> None:
    (task,) = to_json(run)["decisions"]
    lora, qlora = task["costs_in_use"]["served"]
    assert (lora["strategy"], lora["different"], lora["per_second"]) == ("lora", 0, 20.0)
    assert list(qlora["different_ids"]) == ["row-1", "row-2"] and qlora["median"] is None
    for text in (page_of(run), to_markdown(run).replace("\\<", "")):
        assert served_sentences.TITLE in text and "<img src=x" not in text


def test_costs_follow_from_the_times() -> None:
    costs = compute_served_costs(SAME)
    assert costs.median is not None and costs.median.seconds == pytest.approx(0.27)
    assert costs.per_second == pytest.approx(8 * 15 / 6.0)
    assert costs.together_thousand_price == pytest.approx(1000 / 20 / 3600 * 0.09)
    none = compute_served_costs(OTHER)
    assert (none.median, none.per_second, none.alone_thousand_price, none.together_thousand_price) == (None, None, None, None)
