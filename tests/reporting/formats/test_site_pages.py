"""The site over many runs: complete, offline, safe with hostile names, and never in the way of other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_factory import HOSTILE, Made, classification, make_run, summarization

from harness.api import promote, write_site
from harness.errors import BenchError

CELLS = (Made("base", 0.3), Made("few-shot", 0.9, 0))
HOSTILE_NAME = "<img src=x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A site over three runs, one of which has a hostile name and hostile texts; one model was promoted."""
    here = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cache._Choice.folder", here / "cache")
        make_run(here / "runs" / "20260301-a", [summarization(CELLS, rows=20), classification(CELLS, rows=20)])
        make_run(here / "runs" / HOSTILE_NAME, [summarization([Made("base", 0.3, answer=lambda e, r: HOSTILE)], rows=10)])
        make_run(here / "runs" / "stopped", [summarization(CELLS, rows=10)]).folder.seal_file.unlink()
        (here / "runs" / "20260301-a" / "report.html").write_text("<script>alert(1)</script>")
        reason = f"a test {HOSTILE}"
        promote(
            here / "runs" / "20260301-a",
            "few-shot",
            task="summarization",
            force=True,
            reason=reason,
            registry=here / "registry",
            new_registry=True,
        )
        yield write_site(here / "site", runs_dir=here / "runs", registry=here / "registry").parent


def test_site_holds_every_task_and_every_report(site: Path) -> None:
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")}
    assert {"index.html", "tasks/summarization.html", "tasks/intents.html", "runs/20260301-a.html"} <= pages
    for page in pages:
        text = (site / page).read_text(encoding="utf-8")
        targets = [target for target in re.findall(r'href="([^"#]+)"', text) if not target.startswith("data:")]
        assert all((site / page).parent.joinpath(target).is_file() for target in targets), page
        assert 'http-equiv="Content-Security-Policy" content="default-src' in text
        assert "<img" not in text and "<script>alert" not in text
        assert len(text) < 1_500_000
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "stopped" in index and "Not finished: 2 of 2 cells done." in index
    history = (site / "tasks" / "summarization.html").read_text(encoding="utf-8")
    assert "Promoted by force" in history and "a test &lt;/script&gt;" in history


def test_earlier_site_is_replaced_only_with_consent(site: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"holds a site\. Replace it with force=True"):
        write_site(site, runs_dir=tmp_path / "none")
    mine = tmp_path / "mine"
    write_site(mine, runs_dir=tmp_path / "none")
    assert "There are no runs." in (mine / "index.html").read_text()
    write_site(mine, runs_dir=site.parent / "runs", registry=site.parent / "registry", with_text=False, force=True)
    assert (mine / "tasks" / "intents.html").is_file()
    assert "patient reports" not in (mine / "runs" / "20260301-a.html").read_text()
    (mine / "notes.txt").write_text("mine")
    with pytest.raises(BenchError, match=r"holds files that are not those of a site: .*notes\.txt"):
        write_site(mine, runs_dir=tmp_path / "none", force=True)
    with pytest.raises(BenchError, match="holds files that are not those of a site"):
        write_site(site.parent, runs_dir=tmp_path / "none", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


@pytest.mark.browser
def test_site_opens_without_an_error_or_a_request(browser: Any, site: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("request", lambda made: problems.append(made.url) if not made.url.startswith(site.as_uri()) else None)
    page.goto((site / "index.html").as_uri())
    for link in ("summarization", "All tasks and runs", "intents"):
        page.get_by_role("link", name=link).first.click()
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") == width
        assert [violation["id"] for violation in axe.run(page).response["violations"]] == []
    assert problems == []
    page.close()
