"""A real Label Studio server imports our config and tasks, and its exports are imported. Needs `label-studio` on the path."""

from __future__ import annotations

import http.cookiejar
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from raters import Export

from harness.api import review_import
from harness.review import load_reviews
from harness.store import StoredRun

pytestmark = pytest.mark.soak
MAIL, PASSWORD = "rater@example.org", "a-long-password"


class Server:
    """The calls that a person's clicks would make."""

    def __init__(self, address: str) -> None:
        self.address, jar = address, http.cookiejar.CookieJar()
        self.jar, self.opener = jar, urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        page = self.opener.open(f"{address}/user/login/").read().decode()
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[:1]
        form = urllib.parse.urlencode({"csrfmiddlewaretoken": token, "email": MAIL, "password": PASSWORD}).encode()
        self.opener.open(urllib.request.Request(f"{address}/user/login/", form, {"Referer": address}))

    def call(self, method: str, path: str, value: Any = None) -> bytes:
        token = next((c.value for c in self.jar if c.name == "csrftoken"), "") or ""
        headers = {"Content-Type": "application/json", "X-CSRFToken": token, "Referer": self.address}
        body = json.dumps(value).encode() if value is not None else None
        answer: bytes = self.opener.open(urllib.request.Request(self.address + path, body, headers, method=method)).read()
        return answer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    program = shutil.which("label-studio")
    if program is None:
        pytest.skip("label-studio is not on the path")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = str(tmp_path_factory.mktemp("label-studio"))
    options = ["--no-browser", "--port", str(port), "--username", MAIL, "--password", PASSWORD, "--data-dir", place]
    started = subprocess.Popen([program, "start", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and started.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/version", timeout=5).read()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    yield Server(address)
    started.terminate()
    started.wait(60)


@pytest.mark.parametrize("form", ["JSON", "JSON_MIN", "CSV"])
@pytest.mark.parametrize("mode", ["pairwise", "errors", "scales"])
def test_label_studio_round_trip(server: Server, export: Export, run: StoredRun, tmp_path: Path, mode: str, form: str) -> None:
    exported = export(mode=mode, formats=["label-studio"])
    tasks, config = (path.read_text(encoding="utf-8") for path in exported.files)
    project = json.loads(server.call("POST", "/api/projects", {"title": f"{mode} {form}", "label_config": config}))["id"]
    taken = json.loads(server.call("POST", f"/api/projects/{project}/import", json.loads(tasks)))
    assert taken["task_count"] == len(exported.packet.items)
    tasks_on_server = json.loads(server.call("GET", f"/api/tasks?project={project}&page_size=500&fields=all"))["tasks"]
    name, answers = {
        "pairwise": ("preference", ("A", "B", "tie", "both bad")),
        "errors": ("severity", ("none", "minor", "critical")),
        "scales": (exported.packet.questions.scales[0].name, exported.packet.questions.scales[0].answers),
    }[mode]
    to, expected = ("a" if mode == "pairwise" else "output"), {}
    for number, task in enumerate(tasks_on_server):
        answer = answers[number % len(answers)]
        expected[task["data"]["item"]] = answer
        result = [{"id": "x", "from_name": name, "to_name": to, "type": "choices", "value": {"choices": [answer]}}]
        server.call("POST", f"/api/tasks/{task['id']}/annotations/", {"result": result, "lead_time": 5.0})
    back = tmp_path / f"export.{'csv' if form == 'CSV' else 'json'}"
    back.write_bytes(server.call("GET", f"/api/projects/{project}/export?exportType={form}"))
    (imported,) = review_import(run.path, [back])
    assert (imported.new, imported.rejected) == (len(expected), ())
    (review,) = load_reviews(run)
    assert {r.item: r.answers[name] for r in review.ratings} == expected
    assert {r.seconds for r in review.ratings} == {5.0}
