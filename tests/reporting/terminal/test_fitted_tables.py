"""Comparisons and verdicts in 80 columns: no number and no word is broken, and plain names of scores come first."""

from __future__ import annotations

import io
import re

import pytest
from report_factory import Made, make_run, summarization
from rich.console import Console

from harness.reporting import ComparisonRequest, compare_runs, print_comparison, print_ranking, print_verdict
from harness.reporting.terminal.feedback_text import print_feedback_table
from harness.reporting.terminal.fitted_table import Column, fit_table, natural_width
from harness.reporting.views import build_report_view
from harness.reporting.wording import numbers
from harness.reporting.wording.text_table import TextTable
from harness.results import RunResults


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    cells = [Made("base", 0.2), Made("lora", 0.6, 1, train_seconds=310), Made("qlora", 0.59, 1, train_seconds=720)]
    metrics = ("rouge", "faithfulness", "length")
    return make_run(tmp_path_factory.mktemp("rivals") / "run", [summarization(cells, rows=60, metrics=metrics, primary="rougeL")])


def table_lines(text: str, heading: str) -> list[str]:
    """The lines of the table whose first heading this is, down to the first sentence after it."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if re.match(rf"{heading}\b", line))
    end = next(i for i, line in enumerate(lines[start:], start) if re.search(r"[a-z]{3,}\. |\.$", line))
    return lines[start:end]


def test_scores_of_two_strategies_fit_80_columns(rivals: RunResults) -> None:
    (view,) = compare_runs([rivals], ComparisonRequest(strategies=("lora", "qlora")))
    file = io.StringIO()
    print_comparison(view, Console(file=file), 80)
    table = table_lines(file.getvalue(), "score")
    assert max(map(len, table)) <= 80
    assert table[2].startswith("Match with the") and any("[rougeL]" in line for line in table[3:6])
    joined = " ".join(" ".join(table).split())
    for score in view.scores:
        assert numbers.score(score.a.value, score.unit) in joined and numbers.score(score.b.value, score.unit) in joined
        assert numbers.signed_interval(score.comparison.low, score.comparison.high, score.unit) in joined
    assert "too close" in joined and "to call" in joined
    file = io.StringIO()
    print_comparison(view, Console(file=file))
    assert "Match with the reference [rougeL]" in file.getvalue() and "better/equal/worse" in file.getvalue(), "a file has room"


def test_the_best_strategy_and_all_others_fit_80_columns(rivals: RunResults) -> None:
    views = compare_runs([rivals], ComparisonRequest())
    file = io.StringIO()
    print_ranking(views, Console(file=file), 80)
    table = table_lines(file.getvalue(), "strategy")
    assert max(map(len, table)) <= 80
    for view in views:
        row = next(line for line in table if line.startswith(view.b.label))
        assert numbers.signed(view.primary.comparison.difference, view.primary.unit) in row


def test_rules_of_the_gate_fit_80_columns(judged: RunResults) -> None:
    verdict = build_report_view(judged).tasks[0].verdicts[0]
    file = io.StringIO()
    print_verdict(verdict, Console(file=file), 80)
    lines = file.getvalue().splitlines()
    rules = lines[2 : lines.index("", 2)]
    assert max(map(len, rules)) <= 80
    assert {line.split()[0] for line in rules if line[0] != " "} == {rule.outcome for rule in verdict.rules}
    text = " ".join(" ".join(rules).split())
    assert "Match with the reference" in text and "[rougeL]" in text and "Measured: −" in text
    assert all(len(line.split("  ", 1)[-1]) < 120 for line in lines if line.startswith(("worse", "more critical")))


def test_texts_are_narrowed_before_columns_are_left_out() -> None:
    columns = [
        Column("score", ("Match with the reference [rougeL]", "an_unbreakable_name_of_a_score"), is_number=False, narrowest=10),
        Column("value", ("+1,234.500", "−0.001"), expendable=0),
        Column("p", ("< 0.001", "0.500"), expendable=1),
    ]
    assert natural_width(fit_table(columns, 200)) > 53
    narrowed = fit_table(columns, 53)
    assert natural_width(narrowed) <= 53 and len(narrowed.columns) == 3, "the name is broken between its words"
    assert len(fit_table(columns, 45).columns) == 2, "there is no more to break, so the p-value goes"
    console = Console(file=io.StringIO(), width=200)
    console.print(fit_table(columns, 10))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "an_unbreakable_name_of_a_score" in text and "+1,234.500" in text, "what has to stay is never broken"


def test_a_command_under_a_table_is_not_broken_at_its_hyphens() -> None:
    command = f"bench review export runs/{'visit-summaries-' * 6}1 --retire-test-examples --per-strategy 20"
    file = io.StringIO()
    table = TextTable("Ratings", ("rater",), (False,), (("anna",),), under=f"To go on: {command}")
    print_feedback_table(table, Console(file=file, width=80, force_terminal=True, color_system=None))
    assert set(command.split()) <= set(file.getvalue().split())
