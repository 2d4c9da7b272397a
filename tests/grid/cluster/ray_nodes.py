"""A real Ray cluster on this machine, with nodes that do not see some of its folders."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import ray
from ray.cluster_utils import Cluster

_STORE_BYTES = 80 * 2**20
_START_SECONDS = 120


class HiddenNode:
    """A node in a mount namespace of its own, where empty folders cover those that it must not see. It has one CPU."""

    def __init__(self, address: str, hidden: Sequence[Path], home: Path) -> None:
        covers = [f"mount -t tmpfs none {shlex.quote(str(folder))}" for folder in hidden]
        start = [str(Path(sys.executable).with_name("ray")), "start", "--address", address, "--num-cpus=1", "--block"]
        script = " && ".join([*covers, f"exec {shlex.join([*start, f'--object-store-memory={_STORE_BYTES}'])}"])
        self.home = home
        home.mkdir()
        with (home / "node.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "sh", "-c", script],
                env=os.environ | {"HOME": str(home), "TMPDIR": str(home)}, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def runs_a_cell(self) -> bool:
        return any("fork_server" in " ".join(process.cmdline()) for process in self._descendants())

    def kill(self) -> None:
        """What a power failure does: everything ends at once, the cell first, so that nobody can report anything."""
        for process in reversed(self._descendants()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def _descendants(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def can_hide_folders() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def open_head(cpus: int, gpus: int = 0) -> Iterator[Cluster]:
    """A cluster of one node, which sees everything. Its GPUs exist in Ray's books alone."""
    arguments: dict[str, Any] = {
        "num_cpus": cpus, "num_gpus": gpus, "include_dashboard": False, "object_store_memory": _STORE_BYTES,
        "_system_config": {"worker_niceness": 0},  # by default, workers let everything else on the machine go first
    }  # fmt: skip
    cluster = Cluster(initialize_head=True, head_node_args=arguments)
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@contextlib.contextmanager
def hidden_nodes(cluster: Cluster, count: int, hidden: Sequence[Path], here: Path) -> Iterator[list[HiddenNode]]:
    """Nodes that do not see these folders, one after the other: two that start at once take each other's ports."""
    nodes: list[HiddenNode] = []
    try:
        for number in range(count):
            nodes.append(HiddenNode(cluster.address, hidden, here / f"home-{number}"))
            deadline = time.monotonic() + _START_SECONDS
            while len(cluster.global_state.node_table()) < number + 2:
                assert time.monotonic() < deadline, (nodes[-1].home / "node.log").read_text()
                time.sleep(0.2)
        yield nodes
    finally:
        for node in nodes:
            node.kill()
