"""The page in a real browser: no error, no request, nothing wider than the window, in light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.reporting import write_page
from harness.store import Run

CHROMIUM = Path("/usr/bin/chromium")

# Texts of charts that run over the edge of their picture.
CUT_OFF = """[...document.querySelectorAll('svg.chart text:not([transform])')].filter(text => {
  const box = text.getBBox()
  return box.x < -1 || box.x + box.width > text.ownerSVGElement.viewBox.baseVal.width + 1
}).map(text => text.textContent)"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not there")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["troubled", "hostile", "wide", "asked"])
def test_the_page_opens_without_an_error_or_a_request(
    browser: Any, request: pytest.FixtureRequest, tmp_path: Path, name: str, scheme: str
) -> None:
    run: Run = request.getfixturevalue(name)
    write_page(run, tmp_path / "report.html")
    page = browser.new_page(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("request", lambda made: requests.append(made.url))
    page.goto((tmp_path / "report.html").as_uri())
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CUT_OFF) == []
    page.locator("details").evaluate_all("all => all.forEach(d => { d.open = true })")
    assert page.locator(".text").first.is_visible()
    paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(21, 25, 28)")  # the style was let in by its hash
    assert page.evaluate("document.querySelectorAll('main img, main script, main style').length") == 0
    assert problems == []
    assert requests == [(tmp_path / "report.html").as_uri()]
    page.close()
