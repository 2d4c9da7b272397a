"""A Ray cluster that a run can use.

Ray knows which node is free. It is told what a cell needs (GPUs, or CPU cores), and reports nodes that are lost. It trusts its cluster:
who can reach its ports can run code with the rights of the account that started it.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from harness.engine.models import Device
from harness.errors import BenchError, first_line, setting
from harness.grid.cluster.node_report import get_node_versions
from harness.grid.cluster.ray_survey import survey_nodes
from harness.grid.cluster.ray_transport import RayTransport
from harness.grid.cluster.remote_executor import RemoteExecutor
from harness.grid.execution import OpenExecutor

_CONNECT_SECONDS, _PORT_SECONDS = 60.0, 10.0
_START = "Start a cluster with `ray start`, and run bench on one of its nodes."


@dataclass(frozen=True)
class RayCluster:
    """A cluster that a run can use.

    Attributes:
        device: what each cell has for itself: a GPU, or the cores of a node. `indices` has one number for each that there is.
        cores: the CPU cores of a cell.
    """

    device: Device
    cores: int
    versions: Mapping[str, str]

    @property
    def open_executor(self) -> OpenExecutor:
        """Opens executors for the cells of a run."""
        return self._open

    @contextmanager
    def _open(self, at_once: int) -> Iterator[RemoteExecutor]:
        executor = RemoteExecutor(RayTransport(self.device.kind, self.cores), self.versions)
        try:
            yield executor
        finally:
            executor.close()


@contextmanager
def open_ray_cluster(address: str, dtype: str) -> Iterator[RayCluster]:
    """Connect to a cluster, and find out what it is.

    Args:
        address: HOST:PORT of its head, or "auto" for the one that this machine is part of.
        dtype: the number format of the run.

    Raises:
        BenchError: Ray is not installed, no cluster answers, or its nodes cannot run cells: another version, or devices that differ.
    """
    if find_spec("ray") is None:
        raise BenchError(f"{setting('executor', 'ray')}: ray is not installed. Install it: pip install 'finetune-bench[ray]'")
    import ray

    was_connected = ray.is_initialized()
    if not was_connected:
        _connect(address)
    try:
        versions = get_node_versions()
        device, cores = survey_nodes(dtype, versions)
        yield RayCluster(device, cores, versions)
    finally:
        if not was_connected:
            ray.shutdown()


def _connect(address: str) -> None:
    """Connect this process to the cluster, within a bounded time."""
    import ray

    place = setting("ray_address", address)
    if "://" in address:
        raise BenchError(f"{place}: run bench on a node of the cluster, such as its head, with 'auto' or HOST:PORT")
    if address != "auto":
        _require_open_port(address, place)
    failures: list[Exception] = []

    def connect() -> None:
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except Exception as error:  # Ray raises its own errors, ConnectionError, RuntimeError, ValueError
            failures.append(error)

    here = Path.cwd()
    os.chdir(here.anchor)  # Ray lets nodes import from the folder that it is started in, which may hold a stranger's files
    try:
        thread = threading.Thread(target=connect, daemon=True)  # Ray itself waits for minutes
        thread.start()
        thread.join(_CONNECT_SECONDS)
    finally:
        os.chdir(here)
    if thread.is_alive():
        raise BenchError(f"{place}: no Ray cluster has answered within {_CONNECT_SECONDS:.0f} seconds. {_START}")
    if failures:
        is_absent = address == "auto" and isinstance(failures[0], ConnectionError)
        reason = "none is running on this machine" if is_absent else first_line(failures[0]).rstrip(".")
        raise BenchError(f"{place}: no Ray cluster answers: {reason}. {_START}") from failures[0]


def _require_open_port(address: str, place: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise BenchError(f"{place}: is not HOST:PORT. Write it as `ray start` shows it, such as 10.0.0.5:6379, or use 'auto'")
    try:
        socket.create_connection((host, int(port)), timeout=_PORT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BenchError(f"{place}: nothing answers at this address ({reason.lower()}). {_START}") from None
