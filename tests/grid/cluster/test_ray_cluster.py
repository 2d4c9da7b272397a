"""The same grid on a real Ray cluster of this machine.

Two of its three nodes see neither the run nor the model, and one of them dies while it trains.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from letters import Listening, assert_equal, losses, run_letters, write_letters

from harness.api import Run
from harness.errors import BenchError
from harness.grid.cluster import ray_cluster
from harness.grid.execution import Event

pytest.importorskip("ray")
from ray_nodes import HiddenNode, can_hide_folders, hidden_nodes, open_head

pytestmark = pytest.mark.soak
STRATEGIES = ("full:epochs=1,learning_rate=1e-2", "full:epochs=40,learning_rate=1e-3", "lora:epochs=1", "fewshot")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_letters(tmp_path_factory.mktemp("letters"))


@pytest.fixture(scope="module")
def local(here: Path) -> Run:
    return run_letters(here, "local", STRATEGIES)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of one node, which sees everything."""
    with open_head(1) as cluster:
        yield cluster.address


def test_one_node_that_sees_everything(here: Path, local: Run, address: str) -> None:
    assert_equal(run_letters(here, "seen", STRATEGIES, executor="ray", ray_address=address), local)


def test_several_processes_of_a_node_train_a_cell_together(here: Path, local: Run, address: str) -> None:
    run = run_letters(here, "together", STRATEGIES[2:3], executor="ray", ray_address=address, devices_per_cell=2, base=False)
    (cell,) = run.stored.cells
    assert run.stored.results[cell.id].status == "done", run.stored.results[cell.id].error
    assert run.stored.results[cell.id].training.memory.devices == 2
    outputs = [[p.output for p in each.stored.folder.cell(cell.id).predictions()] for each in (run, local)]
    assert outputs[0] == outputs[1]
    ours, theirs = ([loss for _, loss, _ in losses(each, cell.id) if loss is not None] for each in (run, local))
    assert ours == pytest.approx(theirs, rel=1e-4)


def test_interrupted_run_ends_its_cells_and_resumes_here(here: Path, local: Run, address: str) -> None:
    class Interrupting(Listening):
        def event(self, event: Event) -> None:
            if event["event"] == "progress" and event["unit"] == "steps":
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_letters(here, "interrupted", STRATEGIES, executor="ray", ray_address=address, listener=Interrupting())
    assert not running_cells(), "no cell goes on"
    (run,) = (here / "interrupted").iterdir()
    finished = {path.parent.name for path in run.glob("cells/*/cell.json")}
    assert finished, "what was done before is kept"
    assert_equal(run_letters(here, "interrupted", STRATEGIES), local)
    assert len(list((here / "interrupted").iterdir())) == 1


def test_more_cells_than_devices_are_refused(here: Path, address: str) -> None:
    with pytest.raises(BenchError, match="jobs=2 needs a device for each cell, and there is one device"):
        run_letters(here, "refused", executor="ray", ray_address=address, jobs=2)


def test_node_with_another_version_is_refused_before_anything_runs(here: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = ray_cluster.get_node_versions()
    monkeypatch.setattr(ray_cluster, "get_node_versions", lambda: versions | {"torch": "1.0", "python": "3.99.0"})
    with pytest.raises(BenchError, match=r"node .*: has python 3.* instead of 3\.99\.0, torch .* instead of 1\.0\. Install the same"):
        run_letters(here, "refused", executor="ray", ray_address=address)
    assert not (here / "refused").exists()


def test_server_that_is_no_ray_is_one_clear_error(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It accepts connections and says nothing, which Ray itself waits for."""
    monkeypatch.setattr(ray_cluster, "_CONNECT_SECONDS", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=server.accept, daemon=True).start()
        with pytest.raises(BenchError, match="no Ray cluster"):
            run_letters(here, "refused", executor="ray", ray_address=f"127.0.0.1:{server.getsockname()[1]}")


@pytest.mark.skipif(not can_hide_folders(), reason="hiding folders from a node needs the right to mount")
def test_three_nodes_of_which_two_see_nothing_and_one_dies_while_it_trains(here: Path, local: Run, tmp_path: Path) -> None:
    with open_head(1) as cluster, hidden_nodes(cluster, 2, [here], tmp_path) as nodes:
        killer = Killing(nodes)
        run = run_letters(here, "hidden", STRATEGIES, seeds=1, executor="ray", ray_address=cluster.address, listener=killer)
        assert killer.killed is not None, "a hidden node has trained"
        (survivor,) = (node for node in nodes if node is not killer.killed)
        assert list(survivor.home.glob(".cache/finetune-bench/received-models/*/model.safetensors")), "it has received the model"
        assert not list(survivor.home.glob("bench-cell-*")), "and keeps nothing of the run"
    lost = [event for event in killer.events if event["event"] == "lost"]
    assert lost and {event["reason"] for event in lost} == {"the node that ran it is gone"}
    started = [event["cell"] for event in killer.events if event["event"] == "start"]
    assert started.count(lost[0]["cell"]) == 2
    assert_equal(run, local)


class Killing(Listening):
    """Kills the first hidden node that is seen training, in the middle of a training."""

    def __init__(self, nodes: list[HiddenNode]) -> None:
        super().__init__()
        self._nodes = nodes
        self.killed: HiddenNode | None = None

    def event(self, event: Mapping[str, Any]) -> None:
        super().event(event)
        if self.killed is None and event["event"] == "progress" and event["unit"] == "steps" and event["total"] > 100:
            self.killed = next((node for node in self._nodes if node.runs_a_cell()), None)
            if self.killed is not None:
                self.killed.kill()


def running_cells() -> list[int]:
    """The processes on nodes that fork cells."""
    on_nodes = [process for process in psutil.process_iter(["cmdline"]) if " ".join(process.info["cmdline"] or []).startswith("ray::")]
    children = [child for process in on_nodes for child in process.children(recursive=True)]
    return [child.pid for child in children if "fork_server" in " ".join(child.cmdline())]
