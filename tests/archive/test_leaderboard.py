"""Leaderboards: only what may be compared shares a table."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_factory import Made, make_run, summarization

from harness.archive import build_leaderboards, summarize_runs

CELLS = (Made("base", 0.3), Made("lora", 0.9, 0, train_seconds=60.0))


@pytest.fixture(autouse=True)
def _cache(own_cache: None) -> None: ...


def test_runs_share_a_table_only_on_the_same_test_examples(tmp_path: Path) -> None:
    make_run(tmp_path / "1", [summarization(CELLS, rows=30)])
    make_run(tmp_path / "2", [summarization([*CELLS, Made("full", 0.95, 0, train_seconds=9.0)], rows=30)])
    make_run(tmp_path / "3", [summarization(CELLS, rows=20)])
    make_run(tmp_path / "4", [summarization(CELLS, rows=30, text=lambda i: f"other text {i}")])
    make_run(tmp_path / "5", [summarization([Made("full", 0.5, 0, train_seconds=9.0)], rows=30, order=range(29, -1, -1))])
    summaries = {summary.name: summary for summary in summarize_runs(tmp_path)}
    boards = build_leaderboards(summaries[name] for name in "43215")["summarization"]
    assert [board.about.test_size for board in boards] == [30, 20, 30]
    shared = boards[2]
    runs = {(entry.standing.label, entry.runs) for entry in shared.entries}
    assert runs == {("full", ("2",)), ("lora", ("2", "1")), ("base", ("2", "1")), ("full", ("5",))}, (
        "a result that two runs share appears once, and the order of the examples makes no other test set"
    )
    values = [entry.standing.value for entry in shared.entries]
    assert values == sorted(values, key=lambda value: -(value or 0))


def test_lowest_value_leads_where_less_is_better(tmp_path: Path) -> None:
    make_run(tmp_path / "1", [summarization(CELLS, rows=20, metrics=("rouge", "facts"), primary="critical_error_rate")])
    (board,) = build_leaderboards(summarize_runs(tmp_path))["summarization"]
    assert board.about.direction == "lower"
    assert [entry.standing.label for entry in board.entries] == ["lora", "base"]
