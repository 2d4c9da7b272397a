"""Cells that travel to machines which see neither the run nor the models, and whose machines are lost. The machines are threads here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from letters import Listening, assert_equal, run_letters, write_letters

import harness.grid.cluster.node_cell
from harness.api import Run
from harness.engine.models import find_device
from harness.errors import BenchError, RunStoppedError
from harness.grid.cluster.node_cell import Delivery, run_cell
from harness.grid.cluster.node_report import get_node_versions
from harness.grid.cluster.remote_executor import MachineLostError, MachineMemoryError, RemoteExecutor
from harness.grid.execution import Event, Job
from harness.grid.execution.worker import run_job
from harness.store import RunFolder
from tests.in_process import replace_scheduler

HIDDEN = "/behind/the/wall"


class Machines:
    """Machines that see no folder of this one: paths of the run and of models lead nowhere there.

    Attributes:
        items: called with each item that a cell sends; what it returns arrives.
    """

    def __init__(self, *, sees_run: bool = False, items: Callable[[Any, int], Any] = lambda item, attempt: item) -> None:
        self.sees_run, self.items = sees_run, items
        self.attempts: list[str] = []
        self.sent: list[set[str]] = []
        self.cancelled = 0

    def submit(self, delivery: Delivery) -> Machines._Stream:
        self.attempts.append(delivery.job.cell)
        self.sent.append({name.split("/")[0] for parts in delivery.files.values() for part in parts for name, _ in part})
        return Machines._Stream(self, delivery, self.attempts.count(delivery.job.cell))

    def put(self, parts: list[Any]) -> Any:
        return tuple(parts)

    class _Stream:
        def __init__(self, machines: Machines, delivery: Delivery, attempt: int) -> None:
            self._machines, self._delivery, self._attempt = machines, delivery, attempt

        def __iter__(self) -> Iterator[Any]:
            from dataclasses import replace

            job = self._delivery.job
            run = job.run if self._machines.sees_run else HIDDEN
            delivery = replace(self._delivery, job=replace(job, run=run, model_folder=HIDDEN))
            for item in run_cell(delivery, lambda parts: parts):
                yield self._machines.items(item, self._attempt)

        def cancel(self, *, force: bool) -> None:
            self._machines.cancelled += 1


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_letters(tmp_path_factory.mktemp("letters"))


@pytest.fixture(autouse=True)
def _cells_run_in_this_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Cells that take a second need no process of their own. Every machine has an empty cache."""

    def run_here(job: Job) -> Iterator[Event]:
        events: list[Event] = []
        run_job(job, events.append)
        yield from ({**event, "cell": job.cell} for event in events)
        yield {"event": "exit", "cell": job.cell, "code": 0, "divides": False}

    monkeypatch.setattr(harness.grid.cluster.node_cell, "run_one_cell", run_here)
    monkeypatch.setattr(harness.grid.cluster.node_cell, "cache_folder", lambda: tmp_path / "cache of a node")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


@pytest.fixture(scope="module")
def local(here: Path) -> Run:
    """The run as this machine makes it."""
    with pytest.MonkeyPatch.context() as patch:
        replace_scheduler(patch, lambda _, jobs, **__: [run_job(job, print) for job in jobs])
        return run_letters(here, "local")


def run_on(machines: Machines, here: Path, runs: str, **options: Any) -> Run:
    @contextmanager
    def open_machines(at_once: int) -> Iterator[RemoteExecutor]:
        executor = RemoteExecutor(machines, get_node_versions())
        try:
            yield executor
        finally:
            executor.close()

    class Cluster:
        device, cores, open_executor = find_device("float32"), 2, staticmethod(open_machines)

    @contextmanager
    def open_cluster(address: str, dtype: str) -> Iterator[type[Cluster]]:
        yield Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.grid.open_ray_cluster", open_cluster)
        return run_letters(here, runs, executor="ray", **options)


def test_machines_that_see_nothing_get_what_they_need_and_send_back_what_they_made(here: Path, local: Run, tmp_path: Path) -> None:
    machines = Machines()
    assert_equal(run_on(machines, here, "hidden"), local)
    assert machines.sent[0] == set(), "a machine may see everything: nothing is sent before one has asked"
    assert machines.sent[1:] == [{"run.json", "data", "work", "config.json", "generation_config.json", "model.safetensors",
                                  "tokenizer.json", "tokenizer_config.json"}] * 2, "of the model, only what it consists of"  # fmt: skip
    assert not list(tmp_path.glob("bench-cell-*")), "no machine keeps training examples"


def test_machines_that_see_the_run_write_into_it(here: Path, local: Run) -> None:
    machines = Machines(sees_run=True)
    assert_equal(run_on(machines, here, "shared"), local)
    assert all("run.json" not in sent for sent in machines.sent)


def test_cell_of_a_lost_machine_runs_again(here: Path, local: Run) -> None:
    """The first machine that trains is gone in the middle of the files that it sends."""

    def lose(item: Any, attempt: int) -> Any:
        if attempt == 1 and isinstance(item, tuple) and "artifact" in item[0]:
            raise MachineLostError("the node that ran it is gone")
        return item

    listening = Listening()
    assert_equal(run_on(Machines(items=lose), here, "lost", listener=listening), local)
    lost = [event for event in listening.events if event["event"] == "lost"]
    assert [event["reason"] for event in lost] == ["the node that ran it is gone"]


@pytest.mark.parametrize(("sees_run", "attempts"), [(True, 1), (False, 2)])
def test_cell_waits_for_a_machine_that_may_still_write_into_the_run(
    here: Path, monkeypatch: pytest.MonkeyPatch, sees_run: bool, attempts: int
) -> None:
    """A machine out of reach may go on for a while. If it writes elsewhere, the cell starts again at once."""
    monkeypatch.setattr("harness.grid.cluster.remote_executor._GIVE_UP_SECONDS", 3600.0)

    def lose(item: Any, attempt: int) -> Any:
        if not isinstance(item, tuple) and item["event"] == "phase":
            raise MachineLostError("the node that ran it is gone", may_go_on=True)
        return item

    class Interrupting(Listening):
        def event(self, event: Event) -> None:
            super().event(event)
            if [each["event"] for each in self.events].count("lost") == (1 if sees_run else 2):
                raise KeyboardInterrupt

    machines = Machines(sees_run=sees_run, items=lose)
    with pytest.raises(KeyboardInterrupt):
        run_on(machines, here, f"out of reach {sees_run}", strategies="base", listener=Interrupting())
    assert sum(bool(sent) for sent in machines.sent) == attempts


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda name, content: (name, content[:-1] + b"?"), "cell.json"),
        (lambda name, content: (f"../../{name}", content), "does not stay inside this folder"),
        (lambda name, content: (name.replace("cells", "data"), content), "is not one of this cell"),
        (lambda name, content: name, "received str instead of a part of a file"),
    ],
)
def test_files_that_cannot_be_trusted_stop_the_run_and_never_reach_it(here: Path, tmp_path: Path, damage: Any, message: str) -> None:
    def spoil(item: Any, attempt: int) -> Any:
        return damage(*item) if isinstance(item, tuple) and item[0].endswith("predictions.parquet") else item

    with pytest.raises(RunStoppedError, match=message):
        run_on(Machines(items=spoil), here, "spoilt", strategies="base", new=True)
    (run, *_) = sorted((here / "spoilt").iterdir(), reverse=True)
    assert not list(run.glob("cells/*/*")), "what arrived was deleted"
    shutil.rmtree(here / "spoilt")


def test_run_that_was_stopped_is_resumed_here(here: Path, local: Run) -> None:
    """What one machine has finished is kept; the other cells run on this one."""

    def interrupt(item: Any, attempt: int) -> Any:
        if isinstance(item, tuple) and "artifact" in item[0]:
            raise BenchError("a node of the cluster has torch 1.0 instead of 2.0")
        return item

    with pytest.raises(RunStoppedError, match=r"torch 1\.0 instead of 2\.0\. Correct this, and run the same command again"):
        run_on(Machines(items=interrupt), here, "resumed")
    with pytest.MonkeyPatch.context() as patch:
        missing: list[str] = []
        replace_scheduler(
            patch,
            lambda _, jobs, **__: [(missing.append(job.cell), run_job(job, lambda event: None)) for job in jobs],
        )
        assert_equal(run_letters(here, "resumed"), local)
    assert len(missing) == 1, "base was finished on the cluster"


def test_cell_that_its_machine_ends_for_memory_is_out_of_memory(here: Path) -> None:
    def kill(item: Any, attempt: int) -> Any:
        if attempt == 2:
            raise MachineMemoryError("the node had no memory left, and Ray ended the cell")
        return item

    run = run_on(Machines(items=kill), here, "memory", strategies="base")
    (result,) = run.stored.results.values()
    assert (result.status, result.error) == ("out-of-memory", "the node had no memory left, and Ray ended the cell")


@pytest.mark.soak
def test_parts_of_trials_continue_on_other_machines(here: Path) -> None:
    """The state of a trial travels back, and with the next part to whichever machine runs that. A search chooses the same values."""
    options: dict[str, Any] = {
        "strategies": "full:epochs=4,learning_rate=1e-2",
        "search": {"trials": 4, "fields": {"learning_rate": {"factor": 30}}},
    }
    with pytest.MonkeyPatch.context() as patch:
        replace_scheduler(patch, lambda _, jobs, **__: [run_job(job, print) for job in jobs])
        expected = run_letters(here, "searched here", **options)
    run = run_on(Machines(), here, "searched there", **options)
    assert_equal(run, expected)
    continued = [trial for trial in run.stored.plan.trials.values() if trial.previous is not None]
    assert continued, "there are second parts"
    assert [run.stored.folder.cell(cell).result().trial for cell in run.stored.plan.trials] == [
        expected.stored.folder.cell(cell).result().trial for cell in expected.stored.plan.trials
    ]


def test_machine_with_other_versions_is_refused_before_it_does_anything(here: Path) -> None:
    job = Job(HIDDEN, "cell", HIDDEN, {}, "cache", 30.0)
    expected = get_node_versions() | {"torch": "1.0"}
    with pytest.raises(BenchError, match=r"a node of the cluster has torch .* instead of 1\.0\. Install the same versions on all nodes"):
        next(run_cell(Delivery(job, expected, "work/marker"), lambda parts: parts))


def test_cells_in_progress_are_cancelled_when_the_run_is_interrupted(here: Path) -> None:
    class Interrupting(Listening):
        def event(self, event: Event) -> None:
            if event["event"] == "phase":
                raise KeyboardInterrupt

    machines = Machines()
    with pytest.raises(KeyboardInterrupt):
        run_on(machines, here, "interrupted", strategies="base", listener=Interrupting())
    assert not (RunFolder(next((here / "interrupted").iterdir())).path / "work").exists(), "no training examples stay behind"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "127.0.0.1:1",
            r"ray_address=.127.0.0.1:1.: nothing answers at this address \(connection refused\)\. Start a cluster with `ray start`",
        ),
        ("ray://10.0.0.5:10001", "run bench on a node of the cluster"),
        ("somewhere", "is not HOST:PORT"),
        ("host:99999", "is not HOST:PORT"),
    ],
)
def test_address_that_is_no_cluster_is_one_clear_error(here: Path, address: str, message: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(BenchError, match=message):
        run_letters(here, "nowhere", executor="ray", ray_address=address)
    assert not (here / "nowhere").exists()
