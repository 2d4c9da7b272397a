"""Notices: who gets what, once; and what cannot be delivered is tried again and fails no step."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from email import message_from_string
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from report_factory import HOSTILE

from harness.api.notifying import deliver, to_mail
from harness.errors import BenchError
from harness.lifecycle.retraining import ChampionName, DataCounts, NotifySpec, StepResult, find_address_problem
from tests.lifecycle.retraining.conftest import DAY, Place, StandIn


@dataclass
class Hook:
    """A web service on this machine."""

    address: str = ""
    status: int = 200
    received: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    state = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.received.append({"path": self.path, "type": self.headers["Content-Type"], "document": json.loads(body)})
            self.send_response(state.status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def do_GET(self) -> None:
            state.received.append({"path": self.path})

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}/hook?token=secret"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_end_of_a_step_is_delivered_once_everywhere(place: Place, grid: StandIn, hook: Hook) -> None:
    email = {"file": "mail.txt", "to": "team@clinic.example", "sender": "bench@clinic.example"}
    place.write(notify={"webhook": hook.address, "email": email, "markdown": "retrain.md", "junit": "retrain.xml"})
    assert place.call(date(2026, 12, 1)).outcome == "not_due" and not hook.received
    place.add_rows(12)
    result = place.call()
    assert result.outcome == "promoted" and result.undelivered == ()
    (posted,) = hook.received
    assert posted["type"] == "application/json" and posted["document"]["outcome"] == "promoted"
    assert posted["document"]["id"] == "summarization-1-promoted"
    mail = message_from_string((place.folder / "mail.txt").read_text(encoding="utf-8"), policy=default)
    assert (mail["To"], mail["From"]) == ("team@clinic.example", "bench@clinic.example")
    assert mail["Subject"] == "Retraining 1 of summarization: fewshot passed the gate and is in service."
    assert (place.folder / "retrain.md").read_text(encoding="utf-8").startswith("## Retraining 1 of summarization")
    assert ET.parse(place.folder / "retrain.xml").getroot().get("failures") == "0"
    place.call()
    assert len(hook.received) == 1


def test_a_situation_that_stays_is_delivered_once(place: Place, grid: StandIn, hook: Hook) -> None:
    place.write(notify={"webhook": hook.address})
    for day in range(3):
        assert place.call(DAY + timedelta(days=day)).outcome == "no_new_data"
    assert [each["document"]["outcome"] for each in hook.received] == ["no_new_data"]
    assert place.call(DAY + timedelta(days=3), dry_run=True).outcome == "no_new_data" and len(hook.received) == 1


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_that_fails_is_tried_again_and_fails_no_step(place: Place, grid: StandIn, hook: Hook, status: int) -> None:
    place.write(notify={"webhook": hook.address})
    place.add_rows(12)
    hook.status = status
    failed = place.call()
    assert (failed.outcome, failed.exit_code) == ("promoted", 0)
    assert failed.undelivered == (f"webhook at 127.0.0.1: answered with status {status}",)
    assert "secret" not in str(failed.undelivered) and len(hook.received) == 1, "a redirect is not followed"
    assert place.call().undelivered == failed.undelivered
    hook.status = 204
    assert place.call().undelivered == () and hook.received[-1]["document"]["number"] == 1
    before = len(hook.received)
    assert place.call().undelivered == () and len(hook.received) == before


def test_a_secret_address_comes_from_a_variable(place: Place, grid: StandIn, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write(notify={"webhook_variable": "RETRAIN_HOOK"})
    place.add_rows(12)
    unset = place.call()
    assert unset.outcome == "promoted" and unset.undelivered == ("webhook: the variable RETRAIN_HOOK is not set",)
    monkeypatch.setenv("RETRAIN_HOOK", "ftp://secret.example/hook")
    assert place.call().undelivered == ("webhook: the variable RETRAIN_HOOK must be an address that begins with https://",)
    monkeypatch.setenv("RETRAIN_HOOK", hook.address)
    assert place.call().undelivered == () and len(hook.received) == 1


def test_what_nobody_listens_to_cannot_be_reached(hook: Hook) -> None:
    notify = NotifySpec.model_validate({"webhook": "http://127.0.0.1:1/hook"})
    (problem,) = deliver(hostile(), notify)
    assert problem.startswith("webhook at 127.0.0.1: cannot be reached")


def test_a_webhook_that_answers_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte is in time, but the answer never ends."""
    monkeypatch.setattr("harness.api.notifying._MOST_SECONDS", 0.5)
    stops = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while not stops.wait(0.05):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=lambda: drip(server.accept()[0]), daemon=True)
        thread.start()
        notify = NotifySpec.model_validate({"webhook": f"http://127.0.0.1:{server.getsockname()[1]}/hook"})
        assert deliver(hostile(), notify) == ("webhook at 127.0.0.1: has not answered within 0.5 seconds",)
        stops.set()
        thread.join()


def test_a_file_that_cannot_be_written_is_named(place: Place, grid: StandIn) -> None:
    (place.folder / "retrain.md").mkdir()
    place.write(notify={"markdown": "retrain.md"})
    place.add_rows(12)
    result = place.call()
    assert result.outcome == "promoted" and "retrain.md: cannot be written" in result.undelivered[0]


def hostile() -> StepResult:
    from harness.lifecycle.retraining import LifecycleSpec

    values = {"task": "a", "when": {"drift": True}, "data": {"new": "a"}, "run": {"strategies": "lora"}}
    name = f"x\r\nBcc: all@clinic.example\r\n\r\n{HOSTILE}"
    champion = ChampionName(name, name, DAY)
    return StepResult(name, "held", DAY, champion, DataCounts(), LifecycleSpec.model_validate(values).limits, number=1, candidate=name)


def test_names_add_no_header_to_a_mail_and_no_control_character() -> None:
    notify = NotifySpec.model_validate({"email": {"file": "m", "to": "a@b.example"}})
    text = to_mail(hostile(), notify)
    mail = message_from_string(text, policy=default)
    assert set(mail.keys()) == {"From", "To", "Date", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert mail["To"] == "a@b.example" and "\x1b" not in text and "\x00" not in text


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("https://hooks.example.com/a?b=c", ""),
        ("http://localhost:8080/a", ""),
        ("http://hooks.example.com/a", "https"),
        ("https://user:word@hooks.example.com", "password"),
        ("https://", "https"),
        ("file:///etc/passwd", "https"),
        ("https://hooks.example.com:port/", "is not an address"),
        ("https://hooks.example.com/\r\nX: y", "ASCII"),
        ("https://[::1", "is not an address"),
        ("", "https"),
    ],
)
def test_addresses_that_nothing_is_posted_to(address: str, problem: str) -> None:
    assert problem in find_address_problem(address) and bool(problem) == bool(find_address_problem(address))


@pytest.mark.parametrize(
    ("notify", "message"),
    [
        ({"webhook": "http://hooks.example.com"}, r"notify\.webhook: must begin with https"),
        ({"webhook": "https://a.example", "webhook_variable": "A"}, r"either 'webhook' or 'webhook_variable'"),
        ({"webhook_variable": "A B"}, r"notify\.webhook_variable"),
        ({"email": {"file": "m.txt", "to": "a@b.example\nBcc: c@d.example"}}, r"notify\.email\.to"),
        ({"email": {"to": "a@b.example"}}, r"the field 'file' is missing"),
        ({"markdown": "none/retrain.md"}, r"notify\.markdown: the folder .*none does not exist"),
        ({"slack": "x"}, r"unknown field 'slack'"),
    ],
)
def test_mistakes_in_the_file_are_named(place: Place, notify: dict[str, Any], message: str) -> None:
    place.write(notify=notify)
    with pytest.raises(BenchError, match=message):
        place.call()
