"""Signs of life of long work where there is no terminal."""

from __future__ import annotations

import threading

from harness.cli.heartbeat import Heartbeat


def test_silence_is_reported_until_the_end() -> None:
    twice, threads = threading.Event(), threading.active_count()
    reported: list[float] = []

    def report(seconds: float) -> None:
        reported.append(seconds)
        if len(reported) == 2:
            twice.set()

    heartbeat = Heartbeat(report, quiet=0.001)
    heartbeat.start()
    assert twice.wait(60)
    heartbeat.stop()
    assert 0 < reported[0] < reported[1]
    assert threading.active_count() == threads, "the thread has ended"


def test_a_heartbeat_that_never_started_can_be_stopped() -> None:
    Heartbeat(lambda _: None).stop()
