"""The view says what the analysis says, about every way a run can end."""

from __future__ import annotations

import html
import io
from dataclasses import replace
from pathlib import Path

import pytest
from report_factory import Made, MadeTask, classification, make_run, summarization
from rich.console import Console

from harness.errors import BenchError
from harness.metrics import metrics_for
from harness.reporting import print_run, render
from harness.reporting.views import TaskView, build_report_view
from harness.reporting.wording import numbers
from harness.reporting.wording.cell_notes import note_sentence
from harness.reporting.wording.example_texts import describe_mark
from harness.reporting.wording.run_sentences import describe_notes, describe_problem, describe_source, describe_status, describe_title
from harness.reporting.wording.task_sentences import (
    describe_best,
    describe_reductions,
    is_significant,
    list_caveats,
    summarize_task,
)
from harness.results import RunResults, StrategyResult, TaskScores
from harness.statistics import compare_scores, score_strategy, statistic_stack
from harness.store import StoredRun
from harness.types import CellNote


def line_of(task: TaskView, label: str) -> StrategyResult:
    return next(ln for ln in task.strategies if ln.label == label)


def test_scores_and_differences_are_those_of_the_analysis(troubled: RunResults) -> None:
    view = build_report_view(troubled).tasks[0]
    examples = troubled.examples("intents")
    task = troubled.plan.tasks["intents"]
    metrics = metrics_for(task.metrics, task.labels)
    done = {s: [c.id for c in troubled.cells if c.task == "intents" and c.strategy == s and troubled.status(c.id) == "done"] for s in
            ("base", "lora", "qlora")}  # fmt: skip
    for strategy, cells in done.items():
        runs = [troubled.predictions(cell) for cell in cells]
        assert line_of(view, strategy).scores == score_strategy(metrics, examples, runs)
    primary = next(m for m in metrics if m.name == "macro_f1")
    stacks = [statistic_stack(primary, examples, [troubled.predictions(cell) for cell in done[s]]) for s in ("base", "lora")]
    expected = compare_scores(*stacks, metric=primary, groups=[e.group for e in examples], margin=task.margin)
    found = line_of(view, "lora").versus_base
    assert found is not None
    assert (found.difference, found.low, found.high, found.p_value, found.verdict) == (
        expected.difference, expected.low, expected.high, expected.p_value, expected.verdict,
    )  # fmt: skip


def test_scores_are_read_where_the_same_metric_made_them_and_counted_where_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", [summarization([Made("base", 0.3), Made("lora", 0.7, 1, train_seconds=9)])])
    (task,) = run.plan.tasks.values()
    counted = TaskScores(run, task)
    old = {cell: replace(result, signatures={}) for cell, result in run.results.items()}
    with monkeypatch.context() as patch:
        patch.setattr(StoredRun, "results", old)
        expected = {cell.id: counted.scores([cell]) for cell in run.cells}
    with monkeypatch.context() as patch:
        patch.setattr("harness.results.task_scores.statistic_stack", None)
        read = TaskScores(run, task)
        assert {cell.id: read.scores([cell]) for cell in run.cells} == expected
    stale = {cell: replace(result, signatures={"rougeL": "another"}) for cell, result in run.results.items()}
    monkeypatch.setattr(StoredRun, "results", stale)
    assert {cell.id: TaskScores(run, task).scores([cell]) for cell in run.cells} == expected


def test_lines_are_sorted_by_the_primary_score_and_those_without_one_come_last(troubled: RunResults) -> None:
    lines = build_report_view(troubled).tasks[0].strategies
    values = [ln.primary.value for ln in lines if ln.primary and ln.primary.value is not None]
    assert values == sorted(values, reverse=True)
    assert [ln.label for ln in lines] == ["lora", "qlora", "base", "full", "dora"]


def test_every_ending_is_told(troubled: RunResults) -> None:
    report = build_report_view(troubled)
    task = report.tasks[0]
    assert report.statuses == {"done": 6, "diverged": 1, "out-of-memory": 1, "interrupted": 1, "failed": 1}
    assert not report.finished
    assert describe_status(line_of(task, "qlora")) == "1 done, 1 diverged"
    assert describe_status(line_of(task, "full")) == "1 interrupted, 1 out-of-memory"
    first = line_of(task, "full").problems[0]
    assert (first.seed, first.status, first.error) == (1, "out-of-memory", "does not fit in 24 GB")
    assert "Not finished" in describe_problem(line_of(task, "full").problems[1])
    assert line_of(task, "dora").scores == {}
    assert line_of(task, "dora").costs is not None  # what it took until it failed
    assert describe_notes(line_of(task, "lora")) == ["Seed 1: " + note_sentence(CellNote("overfitting", {"best_step": 6}))]


def test_costs_are_the_mean_over_seeds(troubled: RunResults) -> None:
    lora = line_of(build_report_view(troubled).tasks[0], "lora")
    assert lora.costs is not None
    assert lora.costs.phases["train"] == pytest.approx(310)
    assert lora.costs.training_seconds == pytest.approx(310 * 9 / 8)
    assert lora.costs.training_price == pytest.approx(310 * 9 / 8 * 0.09 / 3600)
    assert lora.costs.total_seconds == pytest.approx(310 * 9 / 8 + 1.25 + 41.5 + 0.8)
    assert lora.costs.tokens_per_second == pytest.approx(900)
    assert lora.seeds == (1, 2)


def test_no_price_is_no_price(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("lora", 0.5, 1, train_seconds=9, priced=False)], rows=20)])
    costs = build_report_view(run).tasks[0].strategies[0].costs
    assert costs is not None
    assert costs.training_price is None
    assert costs.total_price is None


def test_the_headline_names_the_best_its_interval_and_the_difference_to_base(plain: RunResults) -> None:
    task = build_report_view(plain).tasks[0]
    best = task.strategies[0]
    assert best.primary is not None
    difference = task.best_versus_base
    assert difference is not None and difference.low is not None and difference.high is not None
    assert best.versus_base is not None and best.versus_base.low is not None
    assert difference.difference == best.versus_base.difference and difference.low < best.versus_base.low
    assert describe_best(task) == (
        f"LoRA has the best score on summarization: match with the reference {best.primary.value:.3f} (95% CI {best.primary.low:.3f}–"
        f"{best.primary.high:.3f}, 120 test examples, one seed). Compared with the untuned model: +{difference.difference:.3f} "
        f"(95% CI +{difference.low:.3f} to +{difference.high:.3f}, corrected for picking the best of 2), a statistically significant "
        "difference."
    )
    summary = summarize_task(task)
    assert any("one seed" in caveat for caveat in summary.caveats)
    assert summary.decision.headline == "LoRA is the best of the three strategies tested, but no person has reviewed its outputs."


def test_the_headline_claims_nothing_that_chance_can_explain(troubled: RunResults) -> None:
    task = build_report_view(troubled).tasks[1]  # base and lora are equally good here
    found = line_of(task, "lora").versus_base
    assert found is not None
    assert not is_significant(found)
    assert "a statistically significant difference" not in describe_best(task)
    assert any("30 examples" in caveat for caveat in list_caveats(task))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([Made("lora", 0.5, 1, train_seconds=9)], "No other strategy has a score to compare it with."),
        ([Made("lora", 0.5, 1, train_seconds=9), Made("qlora", 0.4, 1, train_seconds=9)], "The untuned model has no result"),
        ([Made("base", 0.9), Made("lora", 0.1, 1, train_seconds=9)], "No strategy scored better on summarization than the untuned model"),
        ([Made("base", status="failed", error="no"), Made("lora", seed=1, status="interrupted")],
         "No strategy has a score on summarization. The untuned model: failed; LoRA: interrupted."),
    ],
)  # fmt: skip
def test_the_headline_of_runs_with_little_to_compare(tmp_path: Path, cells: list[Made], said: str) -> None:
    summary = summarize_task(build_report_view(make_run(tmp_path / "r", [summarization(cells)])).tasks[0])
    assert said in " ".join([summary.decision.headline, *summary.decision.why, *summary.reasons])


def test_several_models_and_sizes_are_told_apart(tmp_path: Path) -> None:
    cells = [Made("base", 0.2), Made("base", 0.3, model="big"), Made("lora", 0.5, 1, train_seconds=9, size=100),
             Made("lora", 0.6, 1, train_seconds=9, size=1000), Made("lora", 0.7, 1, train_seconds=9, model="big", size=1000)]  # fmt: skip
    task = build_report_view(make_run(tmp_path / "r", [summarization(cells)])).tasks[0]
    labels = {"base · tiny", "base · big", "lora · tiny · 100 examples", "lora · tiny · 1,000 examples", "lora · big · 1,000 examples"}
    assert {ln.label for ln in task.strategies} == labels
    big, small = line_of(task, "lora · big · 1,000 examples"), line_of(task, "base · big")
    assert big.versus_base is not None
    assert big.primary is not None
    assert small.primary is not None
    assert big.primary.value is not None
    assert small.primary.value is not None
    assert big.versus_base.difference == pytest.approx(big.primary.value - small.primary.value)


def test_an_encoder_has_no_base_and_that_is_said(tmp_path: Path) -> None:
    cells = [Made("base", 0.2), Made("lora", 0.5, 1, train_seconds=9), Made("full", 0.9, 1, train_seconds=9, model="bert")]
    run = make_run(tmp_path / "r", [classification(cells)])
    task = build_report_view(run).tasks[0]
    assert line_of(task, "full · bert").versus_base is None
    assert "bert was not tested untuned" in describe_best(task)
    assert describe_title(build_report_view(run)) == "Which strategy, and which model, works best for intents?"


def test_a_few_shot_prompt_has_shots_and_no_training_rows(wide: RunResults) -> None:
    task = build_report_view(wide).tasks[0]
    few = line_of(task, "few-shot · smollm2-135m")
    assert (few.train_size, few.trained) == (4, False)
    assert all(ln.label.endswith(" examples") for ln in task.strategies if ln.trained)
    assert any("different numbers of examples" in caveat for caveat in list_caveats(task))
    assert any("untuned version of its own model" in caveat for caveat in list_caveats(task))


def test_every_task_that_chooses_has_classes(tmp_path: Path) -> None:
    labels = ("yes", "no", "maybe")
    made = MadeTask("pubmed", "qa", [Made("base", 0.4), Made("lora", 0.9, 1, train_seconds=9)], labels=labels)
    task = build_report_view(make_run(tmp_path / "r", [made])).tasks[0]
    assert task.classes is not None
    assert tuple(row.label for row in task.classes.rows) == labels
    assert {describe_mark(row, output, task.primary) for row in task.examples for output in row.outputs} == {"right", "wrong"}


def test_classes_show_a_matrix_up_to_twenty_labels_and_the_largest_mistakes_above(troubled: RunResults, tmp_path: Path) -> None:
    small = build_report_view(troubled).tasks[0].classes
    assert small is not None
    assert describe_source(small.source) == "LoRA, seed 1"
    assert len(small.matrix) == 3
    assert sum(map(sum, small.matrix)) == 120
    assert [row.support for row in small.rows] == [sum(row) for row in small.matrix]
    many = build_report_view(make_run(tmp_path / "r", [classification([Made("base", 0.5)], labels=30, rows=300)])).tasks[0].classes
    assert many is not None
    assert many.matrix == ()
    assert len(many.rows) == 30
    assert [c.count for c in many.confusions] == sorted((c.count for c in many.confusions), reverse=True)
    assert len(many.confusions) == 15


def test_answers_that_are_no_label_have_a_column(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [classification([Made("base", answer=lambda e, r: "what?")], rows=20)])
    classes = build_report_view(run).tasks[0].classes
    assert classes is not None
    assert classes.predicted_labels[-1] is None and "(no label)" in render(run)
    assert sum(row[-1] for row in classes.matrix) == 20


def test_the_examples_are_drawn_with_a_seed_and_have_every_strategy(plain: RunResults, tmp_path: Path) -> None:
    task = build_report_view(plain).tasks[0]
    rows = task.examples
    by_id = {e.id: e for e in plain.examples("summarization")}
    assert [row.id for row in rows] == list(by_id)
    for row in rows:
        assert row.references == by_id[row.id].targets
        assert {o.source.label for o in row.outputs} == {"lora", "qlora", "base"}
        assert all(describe_mark(row, o, task.primary) == f"rougeL {o.score:.3f}" for o in row.outputs)
    many = make_run(tmp_path / "many", [classification([Made("base", 0.5)], rows=2100)])
    first, second = (build_report_view(many).tasks[0].examples for _ in range(2))
    assert first == second and len(first) == 2000
    assert [int(row.id.removeprefix("row-")) for row in first] == sorted(int(row.id.removeprefix("row-")) for row in first)


def test_what_the_input_does_not_support_is_marked(tmp_path: Path) -> None:
    cells = [Made("base", answer=lambda e, r: f"{e.inputs['input'].split()[0]}. Given warfarin 5 mg.")]
    made = summarization(cells, rows=10, metrics=("rouge", "faithfulness"), primary="rougeL")
    (task,) = build_report_view(make_run(tmp_path / "run", [made])).tasks
    marked = {tuple((piece.sentence, str(piece)) for piece in row.outputs[0].unsupported) for row in task.examples}
    assert marked == {(("Given warfarin 5 mg.", "number 5 mg"), ("Given warfarin 5 mg.", "word warfarin"))}
    (plain,) = build_report_view(make_run(tmp_path / "plain", [summarization(made.cells, rows=10)])).tasks
    assert {row.outputs[0].unsupported for row in plain.examples} == {()}, "nobody asked for faithfulness"


def test_a_run_that_was_stopped_before_its_rows_were_stored(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("base", status="interrupted"), Made("lora", seed=1, status="interrupted")])])
    (tmp_path / "r" / "data" / "summarization.parquet").unlink()
    task = build_report_view(run).tasks[0]
    assert task.test_size == 0
    assert summarize_task(task).decision.headline == "No strategy has a score on summarization."


def test_results_without_the_rows_they_are_about_are_an_error(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", [summarization([Made("base", 0.5)], rows=5)])
    (tmp_path / "r" / "data" / "summarization.parquet").unlink()
    with pytest.raises(BenchError, match=r"summarization\.parquet: is missing"):
        build_report_view(run)


def test_how_much_rarer_errors_are_than_with_base(tmp_path: Path) -> None:
    """On the page and in the terminal, with the numbers of the analysis; and nothing is divided by a rate that may be 0."""
    cells = [Made("base", 0.1), Made("lora", 0.7, 0), Made("qlora", 0.0, 0)]
    run = make_run(tmp_path / "run", [summarization(cells, metrics=("rouge", "facts"))])
    task = build_report_view(run).tasks[0]
    of = {ln.strategy: ln for ln in task.strategies}
    less = of["lora"].reductions["critical_error_rate"]
    assert (less.before, less.after) == (of["base"].scores["critical_error_rate"].value, of["lora"].scores["critical_error_rate"].value)
    assert less.value == pytest.approx(1 - less.after / less.before) and less.low < less.value < less.high
    sentences = describe_reductions(task.strategies)
    percent = [round(100 * share) for share in (less.value, less.low, less.high)]
    shares = [numbers.share(rate) for rate in (less.before, less.after)]
    change = f"{percent[0]}% fewer; 95% CI {percent[1]}–{percent[2]}%"
    assert sentences[0].startswith(f"Critical errors: {shares[0]} with the untuned model → {shares[1]} with LoRA ({change}); ")
    assert [sentence.split(":")[0] for sentence in sentences] == ["Critical errors", "Critical errors per output"]
    assert "% more; " in sentences[0], "QLoRA has more of them"
    printed = Console(file=io.StringIO(), width=400)
    print_run(run, printed)
    assert sentences[0] in printed.file.getvalue()  # type: ignore[attr-defined]
    assert f"{shares[0]} → {shares[1]} ({change})" in html.unescape(render(run)), "the page has a table"
    rarely_wrong = make_run(tmp_path / "good", [summarization([Made("base", 1.0), Made("lora", 0.5, 0)], metrics=("rouge", "facts"))])
    sentences = describe_reductions(build_report_view(rarely_wrong).tasks[0].strategies)
    assert sentences and all("makes too few" in sentence for sentence in sentences)
