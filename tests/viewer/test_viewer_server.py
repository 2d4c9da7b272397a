"""The viewer: read-only, for one person on this machine, whatever the request."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from report_factory import HOSTILE, Made, make_run, summarization

from harness.api import open_viewer
from harness.errors import BenchError
from harness.viewer import Viewer

CELLS = (Made("base", 0.3), Made("lora", 0.9, 0, train_seconds=60.0))


@contextmanager
def serving(runs: Path) -> Iterator[Viewer]:
    """A viewer that answers in another thread."""
    viewer = open_viewer(runs_dir=runs)
    thread = threading.Thread(target=viewer.serve)
    thread.start()
    yield viewer
    viewer.stop()
    thread.join()


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    """A viewer of a finished run and of one in progress."""
    here = tmp_path_factory.mktemp("viewer")
    (here / "secret.txt").write_text("secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cache._Choice.folder", here / "cache")
        patch.chdir(here)
        make_run(here / "runs" / "20260301-a", [summarization([*CELLS, Made("few-shot", answer=lambda e, r: HOSTILE)], rows=10)])
        busy = make_run(here / "runs" / "busy", [summarization([*CELLS, Made("full", status="interrupted", train_seconds=9.0)], rows=10)])
        busy.folder.seal_file.unlink()
        (busy.path / ".lock-holder").write_text("{}")
        curve = next(path for path in busy.path.glob("cells/*/training.jsonl") if not (path.parent / "cell.json").exists())
        curve.write_text(curve.read_text() + '[1]\n{"step": 1e400, "loss": "x"}\n{"step": 999, "loss": 1.25}\n{"step": 10')
        with FileLock(busy.path / ".lock"), serving(here / "runs") as running:
            yield running


def ask(viewer: Viewer, path: str, method: str = "GET", host: str | None = None) -> tuple[int, str, dict[str, str]]:
    """Send a request as it is, without the corrections of a browser."""
    connection = http.client.HTTPConnection("127.0.0.1", viewer.port, timeout=60)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{viewer.port}")
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode("utf-8")
    connection.close()
    return answer.status, body, dict(answer.getheaders())


def test_pages_are_served_below_the_token(viewer: Viewer) -> None:
    status, index, headers = ask(viewer, f"/{viewer.token}/")
    assert status == 200 and "20260301-a" in index and 'href="tasks/summarization.html"' in index
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("no-store", "nosniff", "DENY")
    assert "connect-src" in index
    for page in ("index.html", "tasks/summarization.html", "runs/20260301-a.html"):
        assert ask(viewer, f"/{viewer.token}/{page}")[0] == 200
    report = ask(viewer, f"/{viewer.token}/runs/20260301-a.html")[1]
    assert "<img src=x onerror=" not in report


def test_run_in_progress_is_followed(viewer: Viewer) -> None:
    status, body, headers = ask(viewer, f"/{viewer.token}/progress.json")
    (run,) = json.loads(body)["runs"]
    assert (status, headers["Content-Type"], run["name"]) == (200, "application/json", "busy")
    assert run["summary"].startswith("2 of 3 experiments done, about ") and run["summary"].endswith(" left.")
    name, state, step, loss, validation = run["rows"][2]["texts"]
    assert (name, state, step, loss) == ("Full fine-tuning", "running", "999", "1.250"), "lines that are no points are skipped"
    assert validation != "–" and len(run["rows"][2]["losses"]) > 10


@pytest.mark.parametrize(
    "path",
    [
        "/", "/index.html", "/progress.json", "/wrong/", "/{token}", "/{token}x/",
        "/{token}/../secret.txt", "/{token}/runs/../../secret.txt",
        "/{token}/%2e%2e/secret.txt", "/{token}//etc/passwd", "/{token}/runs/20260301-a/run.json", "/{token}/runs/%00", "/{token}/tasks/",
        "//127.0.0.1/{token}/", "/%ff%fe", "/{token}/runs/busy.html",
    ],
)  # fmt: skip
def test_everything_else_is_not_found(viewer: Viewer, path: str) -> None:
    status, body, _ = ask(viewer, path.replace("{token}", viewer.token))
    assert (status, body) == (404, "Not found.\n")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:{port}.evil.example", "127.0.0.1:1", ""])
def test_requests_for_another_host_are_refused(viewer: Viewer, host: str) -> None:
    """A web page can point a name of its own at this address (DNS rebinding)."""
    status, body, _ = ask(viewer, f"/{viewer.token}/", host=host.replace("{port}", str(viewer.port)) or " ")
    assert status == 421 and "20260301" not in body
    assert ask(viewer, f"/{viewer.token}/", host=f"localhost:{viewer.port}")[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_nothing_can_be_changed(viewer: Viewer, method: str) -> None:
    status, body, _ = ask(viewer, f"/{viewer.token}/", method=method)
    assert status == 501 and "20260301" not in body


def test_each_viewer_has_its_own_token_and_an_address_of_this_machine(viewer: Viewer, tmp_path: Path) -> None:
    with serving(tmp_path) as other:
        assert other.token != viewer.token and len(other.token) >= 40
        assert other.url.startswith("http://127.0.0.1:")
        with pytest.raises(BenchError, match=rf"port={other.port}: cannot be used"):
            open_viewer(runs_dir=tmp_path, port=other.port)


@pytest.mark.browser
def test_page_is_live_without_a_request_to_elsewhere(browser: Any, viewer: Viewer) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed").Axe()
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda made: problems.append(made.url) if not made.url.startswith(viewer.url) else None)
    page.goto(viewer.url)
    page.get_by_text("2 of 3 experiments done").wait_for()
    assert page.locator("#live polyline").count() == 1
    assert [violation["id"] for violation in axe.run(page).response["violations"]] == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("link", name="20260301-a").first.click()
    page.locator("h1").wait_for()
    assert problems == []
    page.close()
