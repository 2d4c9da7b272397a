"""The data frames of a run, against the values that the report is made from."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from report_factory import HOSTILE, Made, classification, make_run, summarization

from harness import BenchError, Run, load_run
from harness.statistics import compare_all_pairs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two tasks, two seeds, a failed cell."""
    summaries = [
        Made("base", 0.3),
        Made("lora", 0.8, 1, train_seconds=9),
        Made("lora", 0.7, 2, train_seconds=11),
        Made("full", 0.9, 1, status="failed", error="it broke", train_seconds=5),
    ]
    intents = [Made("base", 0.4), Made("lora", 0.9, 1, train_seconds=9), Made("qlora", 0.8, 1, train_seconds=12)]
    return Run(make_run(tmp_path_factory.mktemp("frames") / "run", [summarization(summaries, rows=40), classification(intents, rows=40)]))


def test_scores_have_one_row_per_strategy_and_score(run: Run) -> None:
    frame = run.scores()
    assert not frame.duplicated(["task", "model", "strategy", "train_size", "score"]).any()
    for (task, name), rows in frame.groupby(["task", "strategy"]):
        (strategy,) = (s for s in run.stored.by_task[task].strategies if s.strategy == name)
        assert dict(zip(rows["score"], rows["value"], strict=True)) == {n: s.value for n, s in strategy.scores.items()}
        assert list(rows["low"]) == pytest.approx([s.low for s in strategy.scores.values()], nan_ok=True)
        assert list(rows["n"]) == [s.n for s in strategy.scores.values()]
        assert list(rows["reliable"]) == [s.reliable for s in strategy.scores.values()]
    assert list(frame[frame["primary"]]["score"].unique()) == ["rougeL", "macro_f1"]
    assert "full" not in set(frame["strategy"]), "it has no result"


def test_scores_by_seed_have_one_row_per_cell_and_score(run: Run) -> None:
    frame = run.scores(by_seed=True).query("task == 'summarization' and strategy == 'lora' and score == 'rougeL'")
    scores = run.stored.by_task["summarization"]
    cells = [cell for cell in run.cells if (cell.task, cell.strategy) == ("summarization", "lora")]
    assert list(frame["seed"]) == [1, 2]
    assert list(frame["value"]) == [scores.scores([cell])["rougeL"].value for cell in cells]
    assert run.scores(by_seed=True).query("strategy == 'base'")["seed"].isna().all()


def test_predictions_have_one_row_per_cell_and_example(run: Run) -> None:
    frame = run.predictions()
    assert len(frame) == 40 * 3 + 40 * 3 and not frame.duplicated(["task", "strategy", "seed", "example"]).any()
    assert "input.input" not in frame and "targets" not in frame
    (cell,) = (c for c in run.cells if (c.task, c.strategy) == ("intents", "qlora"))
    stored = run.stored.predictions(cell.id)
    rows = frame.query("task == 'intents' and strategy == 'qlora'")
    assert list(rows["output"]) == [p.output for p in stored] and list(rows["answer"]) == [p.answer for p in stored]
    assert list(rows["accuracy"]) == [p.scores["accuracy"] for p in stored]
    full = run.predictions(with_inputs=True).query("task == 'intents'")
    example = run.stored.examples("intents")[0]
    assert full.iloc[0]["input.input"] == example.inputs["input"] and full.iloc[0]["targets"] == list(example.targets)


def test_costs_have_one_row_per_cell_and_phase_failed_cells_included(run: Run) -> None:
    frame = run.costs()
    for cell in run.cells:
        stored = run.stored.results[cell.id]
        rows = frame.query("task == @cell.task and strategy == @cell.strategy")
        rows = rows[rows["seed"].isna()] if cell.seed is None else rows[rows["seed"] == cell.seed]
        assert list(rows["phase"]) == [cost.phase for cost in stored.costs]
        assert list(rows["seconds"]) == [cost.seconds for cost in stored.costs]
        assert set(rows["status"]) == {stored.status}
    assert "failed" in set(frame["status"])


def test_comparisons_are_those_of_all_pairs(run: Run) -> None:
    frame = run.comparisons().query("task == 'intents'")
    results = run.stored.by_task["intents"]
    assert results.primary is not None
    stacks = {s.label: s.stack(results.primary) for s in results.scored}
    pairs = compare_all_pairs(stacks, metric=results.primary, margin=results.task.margin, groups=results.groups)
    assert list(zip(frame["a"], frame["b"], strict=True)) == list(pairs)
    assert list(frame["difference"]) == [pair.difference for pair in pairs.values()]
    assert list(frame["verdict"]) == [pair.verdict for pair in pairs.values()]


def test_summary_has_one_row_per_strategy_the_best_first(run: Run) -> None:
    frame = run.summary()
    assert list(frame["strategy"]) == ["lora", "base", "full", "qlora", "lora", "base"]
    for row in frame.itertuples():
        (strategy,) = (s for s in run.stored.by_task[row.task].strategies if s.strategy == row.strategy)
        if strategy.primary is None:
            assert math.isnan(row.value) and row.status == "failed"
            continue
        assert row.value == strategy.primary.value and row.seeds == len(strategy.seeds)
        assert row.price_per_1k == strategy.costs.thousand_price and row.training_price == strategy.costs.training_price
        assert strategy.versus_base is None or row.difference == strategy.versus_base.difference


def test_an_empty_run_has_empty_frames_with_all_columns(tmp_path: Path, run: Run) -> None:
    cells = [Made("base", status="failed", error="x"), Made("lora", seed=1, status="failed", error="x")]
    empty = Run(make_run(tmp_path / "run", [summarization(cells)]))
    for name in ("scores", "predictions", "comparisons"):
        frame = getattr(empty, name)()
        assert isinstance(frame, pd.DataFrame) and len(frame) == 0
        assert set(frame.columns) <= set(getattr(run, name)().columns)
    assert not empty.complete


def test_a_run_is_a_path_to_its_folder(run: Run) -> None:
    assert Path(run) == run.path and load_run(run).name == run.name
    assert load_run(run.name, runs_dir=run.path.parent).path == run.path
    with pytest.raises(BenchError, match="there is no run 'nothing'"):
        load_run("nothing", runs_dir=run.path.parent)


def test_notebooks_show_an_escaped_table(tmp_path: Path) -> None:
    cells = [Made("base", 0.3), Made("lora", 0.8, 1, train_seconds=9)]
    run = Run(make_run(tmp_path / "<b>runs", [summarization(cells, rows=40)]))
    html = run._repr_html_()
    assert "<b>runs" not in html and "&lt;b&gt;runs" in html
    assert ">lora</td>" in html and "rougeL" in html and "95% CI" in html
    assert "report</a>" not in html, "there is no report to link to"
    run.write_report()
    assert f'href="{run.stored.folder.report.resolve().as_uri()}"' in run._repr_html_()
    assert HOSTILE not in html
