"""What a real node of Ray answers, in a few seconds: the long tests with whole grids are in test_ray_cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.grid.cluster.node_cell import Delivery
from harness.grid.cluster.node_report import get_node_versions
from harness.grid.cluster.ray_cluster import _connect
from harness.grid.cluster.ray_transport import RayTransport
from harness.grid.execution import Job

ray = pytest.importorskip("ray")
from ray_nodes import open_head  # noqa: E402


@pytest.fixture(scope="module")
def transport(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayTransport]:
    """Connected from a folder with Python files that must not run, as a folder with a stranger's data can have."""
    here = tmp_path_factory.mktemp("data")
    for name in ("harness", "numpy", "pydantic"):
        (here / f"{name}.py").write_text("raise SystemExit('imported from the working directory')")
    with open_head(2, gpus=2) as cluster, pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        _connect(cluster.address)
        assert Path.cwd() == here
        yield RayTransport("cpu", 1)


def test_node_imports_nothing_from_the_working_directory_and_asks_for_what_it_does_not_see(transport: RayTransport, tmp_path: Path) -> None:
    job = Job(str(tmp_path), "cell", str(tmp_path), {}, "cache", 30.0, model_digest="of a model")
    items = list(transport.submit(Delivery(job, get_node_versions(), "work/marker")))
    assert items == [{"event": "needs", "cell": "cell", "needs": ["run", "of a model"]}]


def test_node_with_another_version_refuses_the_cell(transport: RayTransport, tmp_path: Path) -> None:
    job = Job(str(tmp_path), "cell", str(tmp_path), {}, "cache", 30.0)
    stream = transport.submit(Delivery(job, get_node_versions() | {"torch": "1.0"}, "work/marker"))
    with pytest.raises(BenchError, match=r"a node of the cluster has torch .* instead of 1\.0"):
        next(iter(stream))


def test_cell_that_no_node_can_run_is_an_error_and_does_not_wait(transport: RayTransport, tmp_path: Path) -> None:
    job = Job(str(tmp_path), "cell", str(tmp_path), {}, "cache", 30.0)
    with pytest.raises(BenchError, match="no node that could run a cell is left in the Ray cluster"):
        RayTransport("cuda", 1).submit(Delivery(replace(job, devices=3), get_node_versions(), "work/marker"))
