"""The report that `bench run` itself has written, opened in a real browser by somebody who uses everything on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness import load_run
from tests.conftest import Made

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, made: Made) -> Iterator[Any]:
    """The page; a console message, an error or a request for anything but the file fails the test."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda asked: requests.append(asked.url))
    address = (made.folder / "report.html").as_uri()
    page.goto(address)
    page.locator("details.appendix").evaluate_all("all => all.forEach(part => { part.open = true })")
    yield page
    assert problems == []
    assert [url for url in requests if not url.startswith(address)] == []
    page.close()


def test_sort_switch_search_filter_page_and_print(page: Any, made: Made) -> None:
    run = load_run(made.folder).stored
    rows = run.examples("classification")
    table = page.locator("table", has_text="Scores by class")  # of two strategies there is nothing to sort
    table.get_by_role("button", name="Test examples").click()
    counts = [int(text) for text in table.locator("tbody tr > :nth-child(5)").all_inner_texts()]
    assert len(counts) > 2 and counts == sorted(counts)

    chart = page.locator("#task-1-evidence .switch").first
    chart.get_by_text("Time to train", exact=True).click()
    (shown_chart,) = [figure for figure in chart.locator("figure").all() if figure.is_visible()]
    assert "minutes" in shown_chart.inner_text()

    place = page.locator(".explorer")
    ids = place.locator("summary .id")
    ids.first.wait_for()
    assert ids.all_inner_texts() == [e.id for e in rows[:10]]
    place.get_by_role("button", name="Next").click()
    assert ids.all_inner_texts() == [e.id for e in rows[10:20]]
    place.get_by_label("Search").fill(rows[7].id)
    assert ids.all_inner_texts() == [rows[7].id]
    ids.first.click()
    shown = place.locator(".pair").inner_text()
    for cell in run.cells:
        (said,) = [p for p in run.predictions(cell.id) if p.example_id == rows[7].id]
        assert str(said.extracted) in shown
    place.get_by_label("Search").fill("")
    place.get_by_label("Class").select_option(rows[0].targets[0])
    assert ids.all_inner_texts() == [e.id for e in rows if e.targets[0] == rows[0].targets[0]][:10]

    for link in page.locator("a[href]:not(.permalink a)").all():
        link.press("Enter")
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") >= 2
