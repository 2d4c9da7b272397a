"""Carrying out a complete request: planned, run on this machine or on a cluster, and reported."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.api.arguments import PathLike, RunLike, as_texts, check_count, check_counts, check_seconds
from harness.api.catalogs import open_catalog
from harness.api.loaded_run import Run
from harness.api.run_outcomes import summarize_for_trackers
from harness.errors import BenchError, first_line, setting
from harness.plugins import has_installed_plugins, use_plugin_files
from harness.results import RunResults
from harness.store import RunFolder, RunPlan, StoredRun, find_run_to_resume
from harness.types import Cell, HostedForecast

if TYPE_CHECKING:  # reading a run imports no engine: what trains is imported where it is called
    from harness.grid import Listener, RayCluster, Request


class SilentListener:
    """A listener that shows nothing."""

    def started(self, folder: RunFolder, resumed: bool) -> None: ...

    def reused(self, cell: Cell, run: str) -> None: ...

    def planned(self, plan: RunPlan) -> None: ...

    def hosted(self, forecast: HostedForecast) -> None: ...

    def event(self, event: Mapping[str, Any]) -> None: ...

    def tracker(self, text: str, kind: Literal["place", "problem"]) -> None:
        if kind == "problem":
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def run_request(
    request: Request,
    *,
    runs_dir: PathLike = "runs",
    listener: Listener | None = None,
    new: bool = False,
    reuse: bool = True,
    resume: RunLike | None = None,
    jobs: int | None = None,
    executor: Literal["local", "ray"] = "local",
    ray_address: str = "auto",
    serving_seconds: float | None = 0,
    devices_per_cell: int = 1,
    together: bool = False,
    serve_with: str | None = None,
    serve_model: str | None = None,
    serve_key_env: str | None = None,
    serve_concurrency: int = 8,
    send_to: Sequence[str] = (),
    max_cost: float | None = None,
    track: Sequence[str] = (),
    checkpoint_every: float = 30.0,
    forecasts: bool = False,
    forks: bool = False,
    command: str,
) -> Run:
    """`run` for a complete request.

    Args:
        checkpoint_every: seconds between two checkpoints of a training run.
        forecasts: forecast what each cell takes, and add what it took to the ledger of forecasts.
        forks: this process may be forked to run the cells, see `prepare_to_fork`: only where nothing else runs in it.
        request, runs_dir, listener, new, reuse, resume, jobs, executor, ray_address, serving_seconds, devices_per_cell, together,
            serve_with, serve_model, serve_key_env, serve_concurrency, send_to, max_cost, track, command: as for `run`; by default, no
            speed is measured.
    """
    from harness.grid import (
        MOST_REQUESTS,
        EarlyProcesses,
        HostedRequest,
        Listeners,
        ServeRequest,
        Tracking,
        check_hosts,
        execute,
        find_server,
        make_plan,
        open_trackers,
    )

    check_counts(jobs=jobs, devices_per_cell=devices_per_cell)
    if together:
        _check_together(executor, devices_per_cell)
    check_seconds(serving_seconds=serving_seconds)
    check_count("serve_concurrency", serve_concurrency, most=MOST_REQUESTS)
    if serve_with is None and (serve_model or serve_key_env):
        option = setting("serve_model", serve_model) if serve_model else setting("serve_key_env", serve_key_env)
        raise BenchError(f"{option} needs the URL of a server: {setting('serve_with', 'URL')}")
    runs, shown = Path(runs_dir), listener or SilentListener()
    trackers = open_trackers(track, runs)
    # What a tracker or a plug-in has started, such as threads and connections, does not survive a fork.
    forks = forks and not (trackers or request.plugins or has_installed_plugins())
    early = EarlyProcesses(jobs, devices_per_cell, forks=forks)
    with _open_cluster(executor, ray_address, request) as cluster, use_plugin_files(request.plugins), early:
        catalog = open_catalog(request.tasks_dirs, request.strategies_dirs)
        device, cores = (None, None) if cluster is None else (cluster.device, cluster.cores)
        # The run lets go of the examples when it has stored them, so nothing here may keep them.
        planned = [make_plan(request, catalog, command=command, device=device, cores=cores, on_cells=early.start)]
        asked = ServeRequest(serve_with or "", serve_model, serve_key_env, serve_concurrency)
        server = find_server(planned[0].plan, asked) if serve_with is not None else None
        allowed = HostedRequest(as_texts(send_to), max_cost)
        for forecast in check_hosts(planned[0], allowed):
            shown.hosted(forecast)
        if forecasts:
            early.wait()  # because steps are timed next
        with Tracking(trackers, shown.tracker) as tracking:
            finished = execute(
                planned.pop(),
                runs,
                Listeners([shown, tracking]) if trackers else shown,
                early,
                fresh=new,
                resume=StoredRun(find_run_to_resume(runs, os.fspath(resume))) if resume is not None else None,
                reuse=reuse,
                jobs=jobs,
                serving_seconds=serving_seconds,
                devices_per_cell=devices_per_cell,
                together=together,
                server=server,
                hosted=allowed,
                checkpoint_every=checkpoint_every,
                open_executor=None if cluster is None else cluster.open_executor,
                forecasts=forecasts,
                before_end=_write_report,
            )
            run = Run(RunResults(finished.folder))
            if trackers:
                with summarize_for_trackers(run) as outcome:
                    tracking.finish(outcome)
    return run


def _write_report(run: StoredRun) -> None:
    from harness.reporting import write_page

    write_page(RunResults(run.folder), run.folder.report)


def _check_together(executor: str, devices_per_cell: int) -> None:
    """
    Raises:
        BenchError: cells that train together would not do so in one process of this machine.
    """
    joint = setting("together")
    if executor != "local":
        cluster = setting("executor", executor)
        raise BenchError(f"{joint} trains cells in one process of this machine, and {cluster} on a cluster. Leave out one of the two")
    if devices_per_cell > 1:
        several = setting("devices_per_cell", str(devices_per_cell))
        raise BenchError(f"{joint} trains several cells on one device, and {several} one cell on several. Leave out one of the two")


@contextmanager
def _open_cluster(executor: str, address: str, request: Request) -> Iterator[RayCluster | None]:
    """The cluster that cells run on; None for processes of this machine."""
    if executor not in ("local", "ray"):
        raise BenchError(f"executor must be 'local' or 'ray', not {executor!r}")
    if executor == "local":
        yield None
        return
    from harness.grid import open_ray_cluster

    with open_ray_cluster(address, request.dtype) as cluster:
        yield cluster


def stored_request(stored: StoredRun, *, trust_remote_code: bool = False, plugins: PathLike | Sequence[PathLike] = ()) -> Request:
    """The request that a run was started with, to resume it without repeating its options.

    Args:
        trust_remote_code: the consent of the user who resumes the run. What its run.json says about it counts for nothing, because the
            folder may be a stranger's.
        plugins: the plug-in files that the user names. Those of the run.json are never run.

    Raises:
        BenchError: the run needs a consent that was not given, or its request is damaged.
    """
    from harness.grid import make_request

    file, values = stored.path / "run.json", stored.plan.options.get("request")
    if values is None:
        raise BenchError(f"{file}: does not hold the request of the run, so it cannot be resumed without repeating its options.")
    try:
        request = make_request(values)
    except (BenchError, ValueError, TypeError) as error:
        raise BenchError(f"{file}: holds a request that cannot be read: {first_line(error)}. Repeat the options of the run.") from None
    if request.trust_remote_code and not trust_remote_code:
        raise BenchError(
            f"{stored.path}: was started with {setting('trust_remote_code')}, which lets Python code of its models and metrics run on this "
            f"machine. If you trust them, allow it again: {setting('trust_remote_code')}."
        )
    named = as_texts(plugins)
    if request.plugins and not named:
        files = " ".join(setting("plugins", file) for file in request.plugins)
        raise BenchError(f"{stored.path}: was started with plug-in files, whose Python code runs on this machine. Name them again: {files}")
    return replace(request, trust_remote_code=trust_remote_code, plugins=named)
