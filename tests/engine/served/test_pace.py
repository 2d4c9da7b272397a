"""How fast requests follow each other, and how long a server may make them wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from model_server import ModelServer, say

from harness.engine.served import Pace, ServerClient
from harness.engine.served.pace import read_retry_after
from harness.errors import BenchError

NOW = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), ("0.5", 0.5), ("Sat, 31 Jan 2026 12:01:30 GMT", 90), ("Sat, 31 Jan 2026 11:00:00 GMT", 0), ("", 0), ("-3", 0),
        ("soon", 0), ("1e9", 0), ("nan", 0), ("9" * 40, 0), ("Sat, 31 Jan 99999 12:00:00 GMT", 0), ("\u0667", 0),
    ],
)  # fmt: skip
def test_what_servers_ask_for(header: str, seconds: float) -> None:
    assert read_retry_after({"retry-after": header}, NOW) == seconds


def test_requests_are_evenly_spaced_and_pauses_hold_for_all() -> None:
    moment = 100.0
    pace = Pace(30, clock=lambda: moment)
    assert [pace.take_turn() for _ in range(3)] == [0, 2, 4]
    pace.pause(60)
    assert [pace.take_turn() for _ in range(2)] == [60, 62]
    moment = 1000.0
    assert pace.take_turn() == 0, "a rest is not made up for"


def test_a_server_that_asks_for_an_hour_is_not_waited_for() -> None:
    waits: list[float] = []
    with ModelServer(say("never")) as server:
        server.retry_after, server.faults = "3600", [429] * 9
        with pytest.raises(BenchError, match=r"status 429, and asks to wait for 3,600 s\. Try again then"):
            ServerClient(server.address, sleep=waits.append).complete({"prompt": "x"})
        assert len(server.requests) == 1 and waits == []


def test_a_client_that_is_stopped_waits_no_longer_and_repeats_nothing() -> None:
    with ModelServer(say("never")) as server:
        client = ServerClient(server.address, jitter=lambda: 0.0)
        client.stop()
        with pytest.raises(BenchError, match="not asked, because the run was stopped"):
            client.complete({"prompt": "x"})
        assert server.requests == []
