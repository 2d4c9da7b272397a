"""One cell on a node. Its process is one of the node itself, as on a single machine; this is what brings it there and back.

The node uses the run folder and the models where it sees them. Otherwise it asks for them, gets them as parts of files, and sends back
what the cell has written.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from harness.cache import cache_folder
from harness.engine.models import folder_digest
from harness.errors import BenchError
from harness.grid.cluster.node_report import find_version_problem, get_node_versions
from harness.grid.execution import Event, Job, run_one_cell
from harness.store import FilePart, PartWriter, RunFolder, file_lock, make_private_folder, read_cell_results

_SCRATCH = "bench-cell-"
RUN = "run"  # the need for the files of the run; a need for a model is its digest
Fetch: TypeAlias = Callable[[Any], Sequence[FilePart]]
"""Gets the parts of files that a reference of the cluster stands for."""


@dataclass(frozen=True)
class Delivery:
    """A cell on its way to a node.

    Attributes:
        versions: those that the node must have.
        marker: the path of a file in the run folder; who sees it sees the run folder.
        files: by need, references to parts of files: of the run, or of a model. Empty until a node has asked for them.
    """

    job: Job
    versions: Mapping[str, str]
    marker: str
    files: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def run_cell(delivery: Delivery, fetch: Fetch) -> Iterator[Event | FilePart]:
    """Run a cell on this node.

    Yields:
        The event `needs` alone, with what the node does not see and was not sent. Otherwise the event `placed`, which says whether the cell
        writes into the run folder, and the events of the cell, the last of which is `exit` or `stop`. If the node does not see the run
        folder, the parts of the files that the cell has written come before `exit`.

    Raises:
        BenchError: the node has other versions, or what was sent cannot be used.
    """
    if problem := find_version_problem(delivery.versions, get_node_versions()):
        raise BenchError(f"a node of the cluster has {problem}. Install the same versions on all nodes.")
    with _scratch_folder() as scratch:
        place = _Place(delivery, fetch, scratch)
        if needs := place.list_needs():
            yield {"event": "needs", "cell": delivery.job.cell, "needs": needs}
            return
        yield {"event": "placed", "cell": delivery.job.cell, "sees_run": place.sees_run}
        job = place.settle()
        for event in run_one_cell(job):
            if event["event"] != "exit":
                yield event
                continue
            sends = not place.sees_run and not event["divides"]
            if sends:
                yield from read_cell_results(RunFolder(Path(job.run)), job.cell)
            yield {**event, "sent": sends}


class _Place:
    """Where a cell finds its files on this node."""

    def __init__(self, delivery: Delivery, fetch: Fetch, scratch: Path) -> None:
        self._job, self._files, self._fetch, self._scratch = delivery.job, delivery.files, fetch, scratch
        marker = Path(self._job.run) / delivery.marker
        self.sees_run = marker.is_file() and os.access(marker.parent, os.W_OK)

    def list_needs(self) -> list[str]:
        """What is neither here nor sent."""
        needs = [] if self.sees_run else [RUN]
        needs += [digest for folder, digest in self._models() if self._find_model(folder, digest) is None]
        return [need for need in needs if need not in self._files]

    def settle(self) -> Job:
        """Unpack what was sent; returns the job with the paths of this node."""
        job = replace(self._job, cache_folder=str(cache_folder()))
        if not self.sees_run:
            run = self._scratch / "run"
            _write(run, self._files[RUN], self._fetch)
            plugins = {str(run / plugin_path(number, path)): sha256 for number, (path, sha256) in enumerate(job.plugins.items())}
            job = replace(job, run=str(run), plugins=plugins)
        folders = [str(self._get_model(folder, digest)) for folder, digest in self._models()]
        if job.support_model:
            job = replace(job, support_model={**job.support_model, "folder": folders[1]})
        return replace(job, model_folder=folders[0])

    def _models(self) -> list[tuple[str, str]]:
        """The folder and the digest of the model, and of the one that scores support."""
        models = [(self._job.model_folder, self._job.model_digest)]
        support = self._job.support_model
        return models + ([(str(support["folder"]), str(support["digest"]))] if support else [])

    def _find_model(self, folder: str, digest: str) -> Path | None:
        """The folder of a model on this node: where it was named, or where it was received. Its content decides."""
        candidates = (Path(folder), _received_model(digest))
        return next((each for each in candidates if each.is_dir() and folder_digest(each) == digest), None)

    def _get_model(self, folder: str, digest: str) -> Path:
        """The folder of a model, received first if it is not here."""
        target = _received_model(digest)
        make_private_folder(target.parent)
        with file_lock(target.with_suffix(".lock")):  # one process of this node receives it, and the others wait
            if received := self._find_model(folder, digest):  # meanwhile
                return received
            partial = target.with_suffix(".part")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.rmtree(target, ignore_errors=True)
            _write(partial, self._files[digest], self._fetch)
            if folder_digest(partial) != digest:
                raise BenchError(f"{partial}: is not the model that was sent. Run the command again.")
            partial.rename(target)
        return target


def plugin_path(number: int, path: str) -> str:
    """Where a node that does not see the run has a plug-in file, in its copy of the run."""
    return f"plugins/{number}/{Path(path).name}"


def _received_model(digest: str) -> Path:
    return cache_folder() / "received-models" / digest[:32]


def _write(root: Path, references: Sequence[Any], fetch: Fetch) -> None:
    writer = PartWriter(root)
    for reference in references:
        for part in fetch(reference):
            writer.write(part)
    writer.close()


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A private folder that is deleted at the end, with those that killed processes have left."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*/lock"):
        with suppress(BenchError, OSError), file_lock(lock, patience=0):  # its process is gone
            shutil.rmtree(lock.parent, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as folder, file_lock(Path(folder) / "lock"):
        yield Path(folder)
