"""The runs of a folder: what they decided, which may be deleted, and a site over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike
from harness.api.model_history import REGISTRY
from harness.archive import PrunedRun, PruningPlan, RunSummary, plan_pruning, summarize_runs
from harness.archive import prune_runs as delete_planned
from harness.errors import BenchError, setting
from harness.gate import Registry
from harness.results import RunResults
from harness.store import RunFolder
from harness.validation import count_problem

if TYPE_CHECKING:
    from harness.viewer import Viewer


def list_runs(runs_dir: PathLike = "runs", *, progress: Callable[[str, int, int], None] = lambda *_: None) -> Iterator[RunSummary]:
    """Every run of a folder, the newest first, with its decisions. A run that cannot be read is part of the list, with the reason.

    Decisions are those of the report. They are kept in the cache folder, so that the next list is quick.

    Args:
        runs_dir: the folder of the runs; one that does not exist has no runs.
        progress: called before a decision is computed that is not stored yet: the run's name, its number from 1, the number of runs.
    """
    return summarize_runs(Path(runs_dir), progress=progress)


def select_prunable(
    runs_dir: PathLike = "runs",
    *,
    keep: int | None = None,
    older_than: timedelta | None = None,
    registry: PathLike | None = None,
    weights_only: bool = False,
) -> PruningPlan:
    """Select runs to delete with `prune_runs`. Nothing is deleted yet.

    Runs that are in use, damaged, reviewed by people, or named in the history of the registry stay.

    Args:
        runs_dir: the folder of the runs.
        keep: this many of the newest finished runs of each task stay.
        older_than: only runs that are older; one of the two is needed.
        registry: the folder of the promoted models; by default "registry", if it exists.
        weights_only: delete only the trained weights: results, reports and verdicts stay, and `verify` still accepts the run. Runs that
            people have reviewed are then selected, too, and runs that are not finished stay.

    Raises:
        BenchError: neither `keep` nor `older_than` is given, or the registry does not exist or is damaged.
    """
    if keep is None and older_than is None:
        raise BenchError(f"name the runs to delete: {setting('keep', 'N')}, {setting('older_than', '30d')}, or both.")
    if keep is not None and (problem := count_problem("keep", keep, least=0)):
        raise BenchError(problem)
    models = _open_registry(registry)
    events = models.journal.events() if models is not None else []
    now = datetime.now(UTC)
    return plan_pruning(Path(runs_dir), now, keep=keep, older_than=older_than, events=events, weights_only=weights_only)


def prune_runs(plan: PruningPlan) -> tuple[PrunedRun, ...]:
    """Delete the runs that `select_prunable` has selected, or their weights; returns those of which something was deleted. A run that is
    in use by now stays.

    Raises:
        BenchError: files cannot be deleted.
    """
    return delete_planned(plan, datetime.now(UTC))


def write_site(
    out: PathLike,
    *,
    runs_dir: PathLike = "runs",
    registry: PathLike | None = None,
    with_text: bool = True,
    force: bool = False,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Path:
    """Write pages over all runs to a folder: index, leaderboard of each task, history of the model in service, and reports.

    The pages work offline and can be put on any web server. Returns the first page.

    Args:
        out: a new or empty folder.
        runs_dir: the folder of the runs.
        registry: the folder of the promoted models; by default "registry", if it exists.
        with_text: include inputs, references and outputs in the reports. They may be what patients or customers said.
        force: replace an earlier site.
        progress: called before a report is written or a decision computed: the run's name, its number from 1, how many there are.

    Raises:
        BenchError: the folder cannot be written, or the registry does not exist or is damaged. Damaged runs are named in the site.
    """
    from harness.reporting import INDEX, check_site_folder, write_site_pages
    from harness.viewer import collect_site

    folder = Path(out)
    check_site_folder(folder, force=force)
    site = collect_site(Path(runs_dir), _open_registry(registry), progress=progress)
    reports = {site.pages[run.name]: RunResults(RunFolder(Path(run.path))) for run in site.runs if run.name in site.pages}
    write_site_pages(folder, site, reports, with_text=with_text, progress=progress)
    return folder / INDEX


def open_viewer(
    *,
    runs_dir: PathLike = "runs",
    registry: PathLike | None = None,
    port: int = 0,
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> Viewer:
    """A read-only server of all runs on the loopback address. `url` is the address to open, `serve` answers until it is interrupted.

    Args:
        runs_dir, registry, progress: as for `write_site`.
        port: 0 lets the system choose one.

    Raises:
        BenchError: the port cannot be used, or the registry does not exist or is damaged.
    """
    from harness.viewer import Viewer, ViewerPages

    pages = ViewerPages(Path(runs_dir), _open_registry(registry))
    pages.warm_up(progress)
    return Viewer(pages, port)


def _open_registry(registry: PathLike | None) -> Registry | None:
    """The registry that was named, or the default one if it exists."""
    return Registry(Path(registry or REGISTRY)) if registry is not None or Path(REGISTRY).exists() else None
