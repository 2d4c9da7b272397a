"""Summaries of many runs: the same decisions as the report's, kept only as long as they fit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from report_factory import HOSTILE, Made, classification, make_run, summarization

from harness.archive import decision_cache, summarize_runs
from harness.decision import decide_task
from harness.reporting import list_run_lines, runs_to_json
from harness.results import RunResults
from harness.store import RunFolder

CELLS = (Made("base", 0.3), Made("lora", 0.9, 0, train_seconds=60.0))
NOW = datetime(2026, 3, 1, 12, 25, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _cache(own_cache: None) -> None: ...


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A finished run of two tasks, one that is not finished, and one that is damaged."""
    folder = tmp_path / "runs"
    make_run(folder / "20260301-both", [classification(CELLS, rows=30), summarization(CELLS, rows=30)])
    make_run(folder / "20260302-stopped", [summarization([*CELLS, Made("full", status="interrupted")], rows=10)]).folder.seal_file.unlink()
    damaged = make_run(folder / "20260303-damaged", [summarization(CELLS, rows=10)])
    next(damaged.path.glob("cells/*/predictions.parquet")).write_bytes(b"PAR1")
    return folder


def test_decisions_are_those_of_the_report(runs: Path) -> None:
    both = next(each for each in summarize_runs(runs) if each.name == "20260301-both")
    report = RunResults(RunFolder(Path(both.path)))
    assert [task.task for task in both.tasks] == list(report.by_task)
    for task in both.tasks:
        results = report.by_task[task.task]
        decision = decide_task(results)
        assert (task.state, task.headline, task.strategy, task.leader) == (
            decision.state, decision.headline, decision.strategy, decision.leader,
        )  # fmt: skip
        assert [each.label for each in task.strategies] == [result.label for result in results.strategies]
        assert [each.value for each in task.strategies] == [result.primary.value for result in results.strategies if result.primary]
    assert (both.price, both.size) == (report.spent.price, sum(file.stat().st_size for file in report.path.rglob("*") if file.is_file()))


def test_every_run_is_in_the_list_whatever_its_state(runs: Path) -> None:
    (runs / "notes").mkdir()
    (runs / "empty").mkdir()
    (runs / "empty" / "run.json").write_text("")
    states = {each.name: each.state for each in summarize_runs(runs)}
    assert states == {
        "20260301-both": "finished", "20260302-stopped": "unfinished", "20260303-damaged": "damaged", "empty": "damaged",
    }  # fmt: skip
    lines = list(list_run_lines(summarize_runs(runs), NOW))
    text = " ".join("\n".join(lines).split())
    assert all(len(line) <= 80 for line in lines)
    assert "intents: Ship LoRA" in text
    assert "Not finished: 2 of 3 cells done. Run the same command to resume." in text
    assert "predictions.parquet: is damaged" in text
    assert "2 h" in text, "the age"
    records = {each["name"]: each for each in json.loads(json.dumps(runs_to_json(summarize_runs(runs), NOW)))["runs"]}
    assert records["20260301-both"]["age_seconds"] == pytest.approx(timedelta(hours=2, minutes=5).total_seconds())
    assert records["empty"]["age_seconds"] is None
    assert list(summarize_runs(runs / "nowhere")) == []


def test_stored_decision_is_used_only_while_it_fits(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored belongs to the files of the run and to the code; a damaged entry counts for nothing."""
    computed: list[str] = []

    def summarize() -> dict[str, object]:
        computed.clear()
        return {each.name: each.tasks for each in summarize_runs(runs, progress=lambda name, *_: computed.append(name))}

    first = summarize()
    assert "20260301-both" in computed
    assert summarize() == first
    assert "20260301-both" not in computed
    (entry,) = (decision_cache.cache_folder() / decision_cache.FOLDER).glob("*.json")
    entry.write_text(entry.read_text().replace('"state": "ship', '"state": "do_not_ship'))
    assert summarize() == first, "a changed entry is computed again"
    assert "20260301-both" in computed
    monkeypatch.setattr(decision_cache, "_digest_code", lambda: "other code")
    assert summarize() == first
    assert "20260301-both" in computed
    file = next((runs / "20260301-both").glob("cells/*/predictions.parquet"))
    file.write_bytes(file.read_bytes()[:-1])
    assert {each.name: each.state for each in summarize_runs(runs)}["20260301-both"] == "damaged"


def test_folder_that_cannot_hold_the_cache_costs_time_only(runs: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "file")
    assert next(each for each in summarize_runs(runs) if each.name == "20260301-both").tasks


def test_names_in_the_list_cannot_control_the_terminal(tmp_path: Path) -> None:
    hostile = "\x1b[31mred\u202e" + "x" * 90
    make_run(tmp_path / "runs" / hostile, [summarization([Made("base", 0.3, answer=lambda e, r: HOSTILE)], rows=10)])
    text = "\n".join(list_run_lines(summarize_runs(tmp_path / "runs"), NOW))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "x" * 90 in text, "names are not cut: commands need them whole"
