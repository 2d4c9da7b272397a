"""Signs of life of long work where there is no terminal."""

from __future__ import annotations

import os
import threading

import pytest

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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot fork here")
def test_a_process_is_forked_between_two_reports() -> None:
    """Within one, the thread holds locks of the console, which would stay locked in the forked process."""
    started, forking, reported = threading.Event(), threading.Event(), threading.Event()
    os.register_at_fork(before=forking.set)  # runs before what was registered earlier

    def report(seconds: float) -> None:
        started.set()
        forking.wait()
        reported.set()

    heartbeat = Heartbeat(report, quiet=0.01)
    heartbeat.start()
    assert started.wait(10)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if reported.is_set() else 1)
    heartbeat.stop()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
