"""Strategies over several tasks, and what they keep of full fine-tuning."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from page_tree import Tree
from report_factory import Made, MadeTask, classification, make_run, page_of, summarization, texts

from harness.reporting.charts import draw_overall_chart, list_overall_measures
from harness.reporting.views import Report, build_report_view, compute_overall_gains
from harness.reporting.wording import numbers
from harness.results import RunResults


def cells(*, full: bool = True, lora: float = 0.9) -> list[Made]:
    made = [Made("base", 0.2), Made("lora", lora, 1, train_seconds=100), Made("lora", lora, 2, train_seconds=140)]
    return [*made, Made("full", 0.95, 1, train_seconds=1000)] if full else made


def report_of(path: Path, *tasks: MadeTask) -> Report:
    return build_report_view(make_run(path, tasks))


def test_the_gain_over_all_tasks_counts_in_margins_of_each(tmp_path: Path) -> None:
    report = report_of(tmp_path / "run", summarization(cells(), margin=0.1), texts(cells(), rows=60))
    found = {one.label: one for one in compute_overall_gains(report.tasks)}
    assert set(found) == {"base", "lora", "full"}
    for label in ("lora", "full"):
        lines = [(t.task.margin, next(ln for ln in t.strategies if ln.label == label)) for t in report.tasks]
        gains = [ln.versus_base.difference / margin for margin, ln in lines if ln.versus_base]
        assert found[label].gain == pytest.approx(sum(gains) / 2) and len(gains) == 2
        below = [(ln.versus_base.difference - (ln.versus_base.low or 0)) / margin for margin, ln in lines if ln.versus_base]
        assert found[label].gain - (found[label].low or 0) == pytest.approx(math.hypot(*below) / 2)
        assert found[label].costs.training_seconds == pytest.approx(sum(ln.costs.training_seconds for _, ln in lines if ln.costs))
        thousands = [ln.costs.thousand_price or 0 for _, ln in lines if ln.costs]
        assert found[label].costs.thousand_price == pytest.approx(sum(thousands) / 2)
    assert (found["base"].gain, found["base"].low) == (0, None)
    first, *_ = list_overall_measures(list(found.values()))
    assert first.name == "Cost to train"
    svg = draw_overall_chart(list(found.values()), first, "c")
    assert f"LoRA: {numbers.signed(found['lora'].gain, 'margins')} Δ (" in svg
    assert len(re.findall('class="point', svg)) == 3


def test_less_of_an_error_is_a_gain(tmp_path: Path) -> None:
    worse = MadeTask("errors", "summarization", cells(), metrics=("ter",), primary="ter", margin=1.0, rows=40)
    report = report_of(tmp_path / "run", worse, summarization(cells()))
    assert next(ln.versus_base.difference for ln in report.tasks[0].strategies if ln.label == "lora" and ln.versus_base) < 0
    lora = next(one for one in compute_overall_gains(report.tasks) if one.label == "lora")
    assert lora.low is not None and lora.high is not None and 0 < lora.low < lora.gain < lora.high


def test_who_lacks_a_score_on_a_task_is_left_out(tmp_path: Path) -> None:
    report = report_of(tmp_path / "run", summarization(cells()), classification(cells(full=False)))
    assert [one.label for one in compute_overall_gains(report.tasks)] == ["lora", "base"]


def test_two_models_have_no_common_base(tmp_path: Path) -> None:
    other = [Made("base", 0.5, model="other"), Made("lora", 0.9, 1, train_seconds=9, model="other")]
    report = report_of(tmp_path / "run", summarization([*cells(), *other]), classification([*cells(), *other]))
    assert compute_overall_gains(report.tasks) == ()


def full_table(run: RunResults) -> list[list[str]]:
    tables = [
        t
        for t in Tree(page_of(run)).root.all("table")
        if t.all("caption")[0].content().startswith("Share of full fine-tuning’s improvement")
    ]
    return [[cell.content() for cell in row.children] for table in tables for row in table.all("tr")[1:]]


def test_what_is_kept_of_full_stands_beside_what_it_costs(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [summarization(cells(), rows=200)])
    task = build_report_view(run).tasks[0]
    (against,) = task.full_tuning
    lora, full = (next(ln for ln in task.strategies if ln.label == label) for label in ("lora", "full"))
    assert lora.costs is not None and full.costs is not None
    assert against.training_seconds == pytest.approx(lora.costs.training_seconds / full.costs.training_seconds)
    ((name, kept, cost, seconds, memory, stored),) = full_table(run)
    assert name == "LoRA"
    assert kept == f"{numbers.share(against.kept.value)} {numbers.share_interval(against.kept.low, against.kept.high)}"
    assert (cost, seconds) == (numbers.share(against.cost), "12%")
    assert (memory, stored) == ("100%", "100%")


def test_where_full_gains_nothing_no_share_is_kept(tmp_path: Path) -> None:
    made = [Made("base", 0.5), Made("lora", 0.5, 1, train_seconds=9), Made("full", 0.5, 1, train_seconds=90)]
    run = make_run(tmp_path / "run", [summarization(made, rows=60)])
    ((_, kept, _, seconds, _, _),) = full_table(run)
    assert (kept, seconds) == (numbers.NOTHING, "10%")
    assert "full fine-tuning is not shown to improve on the untuned model" in page_of(run)
