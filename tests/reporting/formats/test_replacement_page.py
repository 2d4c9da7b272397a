"""Own models instead of a hosted one: readers change the assumptions, and get the numbers that Python computes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE, Made, make_run, page_of, summarization
from rich.console import Console

from harness.reporting import to_json, to_markdown
from harness.reporting.charts import draw_replacement_chart
from harness.reporting.terminal import print_run
from harness.reporting.views import build_report_view, build_task_outcome
from harness.reporting.wording import numbers, replacement_sentences
from harness.reporting.wording.first_screen import list_tiles
from harness.results import RunResults
from harness.results.break_even import find_break_even, hosted_amounts, own_amounts
from harness.types import ReplacementSpec
from tests.reporting.shown_costs import read_costs

DECLARED = {"hosted": 5000 / 60 / 10, "price": 0.09, "hours": 730.0, "utilisation": 0.5, "months": 12.0, "minutes": 0.0, "reviewer": 0.0}
CHANGES: tuple[Mapping[str, float], ...] = (
    {"hosted": 0.2, "price": 3.5},
    {"hours": 0, "utilisation": 0.02, "months": 0.5},
    {"minutes": 2.5, "reviewer": 45},
    {"hosted": 90, "minutes": 12},
    {"hosted": 0.0001, "minutes": 0},
)


@pytest.fixture(scope="module")
def rivals(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """An untuned model, two tuned ones, and a hosted one at 0.5 for 60 outputs."""
    cells = [
        Made("base", 0.4),
        Made("lora", 0.99, 1, train_seconds=310, predict_seconds=30.2, tokens_out=lambda i: 9 + i % 11),
        Made("full", 0.98, 1, train_seconds=720, predict_seconds=44.0),
        Made("incumbent", 0.97, model="external", tokens_out=lambda i: 10 + i % 7),
    ]
    return make_run(tmp_path_factory.mktemp("runs") / "rivals", [summarization(cells, rows=60, metrics=("rouge", "facts"), margin=0.2)])


def expected(run: RunResults, given: Mapping[str, float]) -> dict[str, dict[str, str]]:
    """The cells of the table by strategy, for these assumptions."""
    (results,) = run.by_task.values()
    outcome = build_task_outcome(results)
    report = outcome.replacement
    assert report is not None
    spec = ReplacementSpec(
        hours=given["hours"], utilisation=given["utilisation"], months=given["months"],
        review_minutes=given["minutes"], reviewer_price=given["reviewer"],
    )  # fmt: skip
    report = replace(report, spec=spec, per_hour=given["price"])
    factor, rows = given["price"] / 0.09, {}
    for row in report.rivals[0].rows:
        money, vendor = row.money, report.rivals[0].money
        assert money is not None and vendor is not None
        costs = money.costs
        priced = replace(
            costs, thousand_price=factor * (costs.thousand_price or 0.0), training_price=factor * (costs.training_price or 0.0)
        )
        shares = money.use.acceptable, vendor.use.acceptable
        before = row.replacement
        assert before.own_amounts is not None and before.hosted_amounts is not None
        own = own_amounts(priced, spec, given["price"], shares[0], before.own_amounts.range)
        hosted = hosted_amounts(replace(vendor.costs, thousand_price=given["hosted"]), shares[1], before.hosted_amounts.range)
        found = find_break_even(own, hosted, spec)
        changed = replace(row, replacement=replace(row.replacement, break_even=found, own_amounts=own, hosted_amounts=hosted))
        rows[row.replacement.strategy] = {
            "volume": replacement_sentences.describe_break_even(found),
            "range": replacement_sentences.describe_range(found),
            "own": replacement_sentences.describe_own_month(changed, report),
            "hosted": replacement_sentences.describe_hosted_month(changed, report),
        }
    return rows


@pytest.mark.browser
def test_the_page_computes_the_break_even_that_python_computes(rivals: RunResults, opened: Callable[..., Any]) -> None:
    page = opened(rivals)
    given = dict(DECLARED)
    assert read_costs(page, "replacement") == expected(rivals, given)
    assert "–" in read_costs(page, "replacement")["lora"]["range"]
    line = page.locator(".replacement path[data-line=lora]")
    before = line.get_attribute("d")
    for change in CHANGES:
        for name, value in change.items():
            page.locator(f".replacement input[name={name}]").fill(str(value))
        given |= change
        assert read_costs(page, "replacement") == expected(rivals, given)
    assert line.get_attribute("d") != before and "NaN" not in line.get_attribute("d")
    table = read_costs(page, "replacement")
    for wrong in ("-1", "0", "1.5"):
        page.locator(".replacement input[name=utilisation]").fill(wrong)
        assert page.locator(".replacement input[name=utilisation]").get_attribute("aria-invalid") is not None
        assert read_costs(page, "replacement") == table
    page.locator(".replacement input[name=price]").fill("")
    page.locator(".replacement input[name=utilisation]").fill("1")
    assert {row["volume"] for row in read_costs(page, "replacement").values()} == {"a price is missing"}
    assert {row["own"] for row in read_costs(page, "replacement").values()} == {numbers.NOTHING}
    assert not page.problems


def test_every_form_of_the_report_says_from_which_volume_on(rivals: RunResults) -> None:
    (decision,) = to_json(rivals)["decisions"]
    pairs = {pair["strategy"]: pair for pair in decision["costs_in_use"]["replacement"]["pairs"]}
    volume = pairs["lora"]["break_even"]["volume"]
    text = f"about {numbers.rounded_up(volume)} outputs a month"
    assert pairs["lora"]["quality"] == "shown" and 7000 < volume < 8000
    terminal = StringIO()
    print_run(rivals, Console(file=terminal, width=200))
    for form in (to_markdown(rivals), page_of(rivals), terminal.getvalue()):
        assert text in form and "730 device-hours a month" in form.replace("\n", " ")


def test_a_hosted_model_that_is_ruled_out_is_still_compared(tmp_path: Path) -> None:
    """It leaves names out of every second text. The table says of LoRA what the decision says of it."""
    limit = {"critical_error_rate": {"at_most": 0.05}}
    cells = [Made("base", 0.4), Made("lora", 1.0, 1, train_seconds=310), Made("incumbent", 0.5, model="external")]
    task = replace(summarization(cells, rows=60, metrics=("rouge", "facts"), margin=0.2), guardrails=limit)
    run = make_run(tmp_path / "out", [task])
    (results,) = run.by_task.values()
    outcome = build_task_outcome(results)
    assert outcome.replacement is not None and outcome.decision.standing("incumbent").status == "excluded"
    qualities = {row.replacement.strategy: row.quality for row in outcome.replacement.rivals[0].rows}
    assert qualities == {"lora": "shown", "base": "excluded"}
    assert "Replace incumbent by LoRA" in page_of(run)


def test_the_first_screen_shows_what_an_idle_device_costs(rivals: RunResults) -> None:
    """The cost of a device that answers all the time would look far too small beside the price of a host."""
    (results,) = rivals.by_task.values()
    outcome = build_task_outcome(results)
    (tile,) = [tile for tile in list_tiles(outcome) if tile.code == "money"]
    own = expected(rivals, DECLARED)[str(tile.subject)]
    assert tile.notes[1] == f"with 730 device-hours paid: {own['own']}; incumbent: {own['hosted']} (100,000 outputs)"
    assert tile.notes[2] == f"less than incumbent from {own['volume']} ({own['range']}) on"
    assert all(row.use.payback is None for row in outcome.money.rows if row.label == "incumbent")


@pytest.mark.parametrize("per_hour", [0.0, 0.09])
def test_a_model_that_costs_nothing_is_drawn_at_the_foot(tmp_path: Path, per_hour: float) -> None:
    """A machine of one's own, entered as free: no cost has a logarithm then."""
    task = summarization([Made("base", 0.9), Made("incumbent", 0.8, model="external")], rows=30)
    run = make_run(tmp_path / "free", [task])
    (results,) = run.by_task.values()
    outcome = build_task_outcome(results)
    assert outcome.replacement is not None
    report = replace(outcome.replacement, per_hour=per_hour, spec=ReplacementSpec(hours=0))
    (row,) = report.rivals[0].rows
    own = replace(row.replacement.own_amounts, once=0.0, least=0.0, each=per_hour / 1e6)  # type: ignore[type-var]
    found = find_break_even(own, row.replacement.hosted_amounts, report.spec)
    row = replace(row, replacement=replace(row.replacement, own_amounts=own, break_even=found))
    chart = draw_replacement_chart(build_report_view(run).tasks[0], report, replace(report.rivals[0], rows=(row,)), "c")
    assert found.code == "always" and "nan" not in chart and chart.count("data-line=") == 2


def test_without_a_hosted_strategy_nothing_is_said(tmp_path: Path) -> None:
    cells = [Made("base", 0.4), Made("lora", 0.9, 1, train_seconds=300), Made("vendor", 0.8, model="external", priced=False)]
    run = make_run(tmp_path / "own", [summarization(cells, rows=30)])
    assert to_json(run)["decisions"][0]["costs_in_use"]["replacement"] is None
    assert 'class="replacement"' not in page_of(run)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    run = make_run(tmp_path / "hostile", [summarization([Made("base", 0.4), Made("vendor", 0.8, model=HOSTILE)], rows=30)])
    assert 'class="replacement"' in page_of(run) and "<img src=x" not in page_of(run)
    assert json.dumps(to_json(run))
