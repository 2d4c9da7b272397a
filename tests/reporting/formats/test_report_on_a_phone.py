"""The report on a phone: tables are cards, nothing scrolls sideways, and the link to the critical errors sets the filter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_factory import Made, make_run, summarization

from harness.results import RunResults

pytestmark = pytest.mark.browser

SIDEWAYS = """[...document.querySelectorAll('main .scroll')].filter(box => box.checkVisibility() && box.scrollWidth > box.clientWidth + 1)
  .map(box => box.getAttribute('aria-label'))"""


def test_the_longest_state_fits_a_phone(opened: Callable[[RunResults], Any], tmp_path: Path) -> None:
    cells = [Made("base", 0.97), Made("lora", 0.98, 1, train_seconds=90)]
    page = opened(make_run(tmp_path / "run", [summarization(cells, rows=200, margin=0.1)]))
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.locator(".stamp").first.inner_text() == "Keep the untuned model, with conditions"
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_errors_are_read_on_a_phone(opened: Callable[[RunResults], Any], tmp_path: Path) -> None:
    cells = [Made("base", 0.3), Made("lora", 0.6, 1, train_seconds=90), Made("full", 0.8, 1, train_seconds=300)]
    metrics = ("rouge", "facts", "faithfulness")
    guardrails = {"critical_error_rate": {"at_most": 0.05}}
    run = make_run(tmp_path / "run", [summarization(cells, rows=60, metrics=metrics, primary="rougeL", guardrails=guardrails)])
    page = opened(run)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(SIDEWAYS) == []
    rates = page.locator("table.rates[data-score=critical_error_rate]")
    cell = rates.locator("tbody tr").first.locator("td").last
    assert cell.evaluate("td => getComputedStyle(td, '::before').content") == '"Compared with the untuned model"'

    place = page.locator(".explorer")
    place.locator("summary").first.wait_for()
    place.get_by_label("Search").fill("nothing is like this")
    link = page.get_by_role("link", name="Read the outputs with a critical error")
    for _ in range(2):  # also when it is followed again
        link.press("Enter")
        place.locator("summary:focus").wait_for()
        about = place.get_by_label("Strategy", exact=True).evaluate("field => field.selectedOptions[0].textContent")
        shown = place.get_by_label("Show").evaluate("field => field.selectedOptions[0].textContent")
        assert (about, shown) == ("Full fine-tuning", "With a critical error")
        assert set(place.locator("summary .flag:text-is('critical error')").all_inner_texts()) == {"critical error"}
        count = str(link.inner_text()).partition("(")[2].rstrip(")")
        assert f"of {count} examples" in place.get_by_role("status").inner_text()
        place.get_by_label("Show").select_option(label="All examples")
    assert page.url.endswith("#task-1-show-critical-1")
    place.locator("summary").first.press("j")
    assert place.locator(".samples > details").nth(1).evaluate("card => card.open")
    assert page.problems == []
