"""The costs of the page: readers change the volume and the price of the device, and get the numbers that Python computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, page_of, summarization
from search_factory import MadeTrial, add_search

from harness.reporting.views import build_task_outcome
from harness.reporting.views.sections import MoneyRow
from harness.reporting.wording import money_sentences
from harness.results import RunResults, StrategyCosts, compute_use_costs
from tests.reporting.shown_costs import read_costs

VOLUMES = (1, 999, 100_000, 123_456_789)


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> RunResults:
    """The untuned model, a faster tuned one whose values were searched, a slower one, and outputs with a price of their own."""
    cells = [
        Made("base", 0.97),
        Made("lora", 0.99, 1, train_seconds=310, predict_seconds=30.2),
        Made("full", 0.98, 1, train_seconds=720, predict_seconds=44.0),
        Made("vendor", 0.9, model="external"),
    ]
    run = make_run(tmp_path_factory.mktemp("runs") / "sold", [summarization(cells, rows=60, metrics=("rouge", "facts"))])
    return add_search(run, {"lora": [MadeTrial({"learning_rate": 2e-4}, (1.2, 1.0))]})


def at_price(costs: StrategyCosts, factor: float) -> StrategyCosts:
    """The costs at another price of the device; the price of external outputs does not depend on it."""
    if costs.training_price is None or costs.thousand_price is None:
        return costs
    searched = factor * (costs.search_price or 0.0)
    prices = {"thousand_price": factor * costs.thousand_price, "training_price": factor * costs.training_price}
    return replace(costs, **prices, search_price=searched)


def rows_at(run: RunResults, volume: int, factor: float = 1.0) -> dict[str, dict[str, str]]:
    """The cells of the table by strategy, at this volume and so many times the price of the device."""
    (results,) = run.by_task.values()
    rows = build_task_outcome(results, volume=volume).money.rows
    costs = {row.label: at_price(row.costs, factor) for row in rows}

    def cells(row: MoneyRow) -> dict[str, str]:
        baseline = costs.get(row.baseline)
        use = compute_use_costs(costs[row.label], volume, acceptable=row.use.acceptable, baseline=baseline)
        priced = replace(row, costs=costs[row.label], use=use)
        return {
            "month": money_sentences.describe_month(priced),
            "acceptable": money_sentences.describe_acceptable_price(priced),
            "acceptable-interval": money_sentences.acceptable_price_interval(priced),
            "training": money_sentences.describe_training(priced),
            "payback": money_sentences.describe_payback(priced.use.payback),
            "search": money_sentences.describe_search(priced),
        }

    return {row.label: cells(row) for row in rows}


@pytest.mark.browser
def test_the_page_computes_the_costs_that_python_computes(sold: RunResults, opened: Callable[..., Any]) -> None:
    page = opened(sold)
    assert read_costs(page, "money") == rows_at(sold, 100_000)
    for volume in VOLUMES:
        page.get_by_role("spinbutton", name=money_sentences.VOLUME).fill(str(volume))
        assert read_costs(page, "money") == rows_at(sold, volume)
        tile = page.locator("[data-tile=money]")
        assert tile.locator(".head").inner_text() == f"{volume:,} outputs a month"
        subject = str(tile.locator("b").get_attribute("data-of"))
        assert tile.locator("b").inner_text() == rows_at(sold, volume)[subject]["month"]
    page.get_by_role("spinbutton", name=money_sentences.PRICE).fill("4.5")
    assert read_costs(page, "money") == rows_at(sold, VOLUMES[-1], 4.5 / 0.09)
    assert not page.problems


@pytest.mark.browser
def test_a_volume_that_is_none_changes_nothing(sold: RunResults, opened: Callable[..., Any]) -> None:
    page = opened(sold)
    before = read_costs(page, "money")
    for wrong in ("0", "-5", "1.5", ""):
        field = page.get_by_role("spinbutton", name=money_sentences.VOLUME)
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") is not None
        assert read_costs(page, "money") == before
    field.fill("100000")
    assert field.get_attribute("aria-invalid") is None
    assert not page.problems


def test_a_page_has_the_volume_that_was_asked_for(sold: RunResults, tmp_path: Path) -> None:
    from harness.reporting import render, to_json, to_markdown

    cost = rows_at(sold, 7_000_000)["lora"]["month"]
    assert 'value="7000000"' in render(sold, volume=7_000_000) and cost in render(sold, volume=7_000_000)
    assert "7,000,000 outputs a month" in to_markdown(sold, volume=7_000_000) and cost in to_markdown(sold, volume=7_000_000)
    assert to_json(sold, volume=7_000_000)["decisions"][0]["costs_in_use"]["volume"] == 7_000_000
    assert 'value="100000"' in page_of(sold)
