"""The processes that answer the test examples of a cell beside its own process, each on a device of its own with the whole model.

The batches are those of a single process, dealt out in turn, so that the answers are the same. The cell's own process stores them, and
answers what a process that ended early has left.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from types import TracebackType

from harness.grid.execution.cell_group import member_environment
from harness.grid.execution.job import Job
from harness.store import from_json_text
from harness.types import Prediction

_MEMBER = """
import os
events = os.dup(1)  # not for libraries, which print to standard output
os.dup2(2, 1)
from harness.parent_watch import end_with_parent
end_with_parent(0)
import json, sys
from harness.grid.execution.answering_member import run_answering_member
from harness.grid.execution.job import read_job
run_answering_member(read_job(json.loads(sys.argv[1])), int(sys.argv[2]), json.loads(sys.argv[3]), events)
"""


class AnsweringProcesses:
    """The processes with the numbers from 1 on; number 0 is the cell's own. At the end of the block, they are ended."""

    def __init__(self, job: Job, shares: Sequence[Sequence[int]]) -> None:
        """
        Args:
            shares: for each process, the numbers of its batches.
        """
        self._batches: queue.SimpleQueue[list[Prediction] | None] = queue.SimpleQueue()
        self._members = [
            subprocess.Popen(
                [sys.executable, "-P", "-c", _MEMBER, json.dumps(asdict(job)), str(rank), json.dumps(share)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=member_environment(job),
            )
            for rank, share in enumerate(shares, start=1)
        ]  # fmt: skip
        self._running = len(self._members)
        for member in self._members:
            threading.Thread(target=self._relay, args=(member,), daemon=True).start()

    def __enter__(self) -> AnsweringProcesses:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for member in self._members:
            member.kill()
            assert member.stdin is not None
            member.stdin.close()
            member.wait()

    def receive(self, *, wait: bool) -> Iterator[Sequence[Prediction]]:
        """The batches that have been answered since the last call.

        Args:
            wait: until all processes have ended.
        """
        while self._running:
            try:
                batch = self._batches.get(block=wait)
            except queue.Empty:
                return
            if batch is None:
                self._running -= 1
            else:
                yield batch

    def _relay(self, member: subprocess.Popen[bytes]) -> None:
        assert member.stdout is not None
        with member.stdout:
            for line in member.stdout:
                with suppress(ValueError):  # the last line of a process that was killed
                    self._batches.put([from_json_text(Prediction, each) for each in json.loads(line)["answers"]])
        self._batches.put(None)
