"""Starting runs: training and scoring strategies, and scoring external outputs."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.api.arguments import (
    Dtype,
    PathLike,
    RunLike,
    Search,
    StrategyLike,
    TaskLike,
    as_declared,
    as_texts,
    check_count,
    check_counts,
    check_seconds,
)
from harness.api.catalogs import open_catalog
from harness.api.loaded_run import Run
from harness.api.run_outcomes import summarize_for_trackers
from harness.errors import BenchError, first_line, setting
from harness.plugins import use_plugin_files
from harness.reporting import write_page
from harness.results import RunResults
from harness.store import RunFolder, RunPlan, StoredRun, find_run_to_resume
from harness.types import Cell

if TYPE_CHECKING:  # reading a run imports no engine: what trains is imported where it is called
    from harness.grid import Listener, RayCluster, Request


class SilentListener:
    """A listener that shows nothing."""

    def started(self, folder: RunFolder, resumed: bool) -> None: ...

    def reused(self, cell: Cell, run: str) -> None: ...

    def planned(self, plan: RunPlan) -> None: ...

    def event(self, event: Mapping[str, Any]) -> None: ...

    def tracker(self, text: str, kind: Literal["place", "problem"]) -> None:
        if kind == "problem":
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def run(
    task: TaskLike | Sequence[TaskLike],
    strategies: StrategyLike | Sequence[StrategyLike],
    *,
    model: PathLike | Sequence[PathLike] = "tiny",
    revision: str | None = None,
    data: PathLike | Sequence[PathLike] | None = None,
    train: PathLike | Sequence[PathLike] | None = None,
    validation: PathLike | Sequence[PathLike] | None = None,
    test: PathLike | Sequence[PathLike] | None = None,
    hub: str | None = None,
    hub_revision: str | None = None,
    subset: str | None = None,
    fields: Mapping[str, str] | None = None,
    labels: Sequence[str] = (),
    fold_references_by: str | None = None,
    keep: Sequence[str] = (),
    harvested: PathLike | Sequence[PathLike] | None = None,
    skip_bad_rows: bool = False,
    limit: int | None = None,
    train_sizes: Sequence[int | Literal["all"]] = (),
    seeds: int = 1,
    epochs: float | None = None,
    base: bool = True,
    support: str | None = None,
    dtype: Dtype = "auto",
    price: float | None = None,
    search: Search = None,
    race: float | None = None,
    canaries: int | None = None,
    volume: int | None = None,
    trust_remote_code: bool = False,
    exclude: Sequence[Mapping[str, Any]] = (),
    override: Sequence[Mapping[str, Any]] = (),
    plugins: PathLike | Sequence[PathLike] = (),
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    strategies_dirs: PathLike | Sequence[PathLike] = (),
    runs_dir: PathLike = "runs",
    new: bool = False,
    reuse: bool = True,
    resume: RunLike | None = None,
    jobs: int | None = None,
    executor: Literal["local", "ray"] = "local",
    ray_address: str = "auto",
    serving_seconds: float | None = None,
    devices_per_cell: int = 1,
    serve_with: str | None = None,
    serve_model: str | None = None,
    serve_key_env: str | None = None,
    serve_concurrency: int = 8,
    track: Sequence[str] = (),
    listener: Listener | None = None,
    command: str = "harness.run",
) -> Run:
    """Fine-tune, score and price every strategy on every task.

    If the run is interrupted, the same call resumes it.

    Args:
        task: a name, a YAML file, a `Task`, or several of these.
        strategies: names, YAML files, variants such as "lora:r=8", "outputs:FILE", or `Strategy` objects; one or several.
        model: "tiny", a folder, a .gguf file, "org/name" on the Hub, or several of these.
        revision: branch, tag or commit of a Hub model.
        data: one or several files, which are split 80/10/10. They replace the data of the task.
        train, validation, test: files instead of `data`, if your data is split already; `validation` is optional.
        hub, hub_revision, subset: a dataset of the Hub instead of files, its revision and its configuration.
        fields: columns by role: "input", "target", "group", "id", or any variable of the prompt.
        labels: the labels to choose from.
        fold_references_by: a column; rows of the test data that agree in it become one example with several references.
        keep: further columns to store with the test examples, to slice results by; all others are left out of the run.
        harvested: files of `review_harvest`: added to training, removed from testing.
        skip_bad_rows: skip rows that cannot be used, instead of refusing the file.
        limit: use a random sample of at most this many examples per split, stratified by label.
        train_sizes: numbers of training examples for a learning curve; "all" is all of them.
        seeds: number of training seeds for each strategy that trains or draws examples.
        epochs: passes over the training examples, for every strategy.
        base: include the untuned model.
        support: also score how far texts are supported by their inputs: "base" for the base model, or the name of another model.
        dtype: number format to compute in; "auto" suits the device.
        price: price of one hour of this device, in USD; by default from the included price table.
        search: first search values of each strategy on validation examples: True for 5 trials of the learning rate, a number of trials,
            "2h", "10usd", or the fields of `search` in a grid file.
        race: drop strategies early that cannot win; the highest accepted chance to drop the best one, such as 0.05.
        canaries: how many made-up secrets the leak test plants for each number of repeats; by default those that the task declares.
        volume: outputs per month, for the costs in the report; by default those that the task declares.
        trust_remote_code: allow Python code that comes with a model or a metric.
        exclude: cells to leave out, such as `{"task": "qa", "strategy": "lora"}`.
        override: other values for some cells, such as `{"strategy": "lora", "set": {"epochs": 1}}`.
        plugins: Python files that add metrics. Naming one is the consent to run it.
        tasks_dirs, strategies_dirs: folders with more tasks and strategies.
        runs_dir: the folder of the runs.
        new: start a new run, even if there is an interrupted run of the same plan.
        reuse: take cells from other runs in which they are done.
        resume: the run to resume; it must have the same plan.
        jobs: number of cells to run at the same time; by default one for each GPU, and one on a CPU.
        executor: where cells run: "local" for processes of this machine, "ray" for the nodes of a Ray cluster.
        ray_address: HOST:PORT of the cluster's head; "auto" for the cluster that this machine is part of.
        serving_seconds: how long the speed of each model may be measured after the run; by default a hundredth of the time that its cell
            took, but 1.5 to 60 seconds. 0 measures nothing, nor does a run on Ray.
        devices_per_cell: number of GPUs that train a cell together, each with a part of the model or of every batch; on a CPU, number of
            processes. It changes speed and memory, and the result only by rounding. The cell is charged for all of them.
        serve_with: also let a running OpenAI-compatible server answer the test examples, which has the exported model of a strategy:
            its URL, or "STRATEGY=URL" where the run has several strategies.
        serve_model: the name of the model on that server; by default the only one there.
        serve_key_env: the environment variable that holds the key of that server; by default, no key is sent.
        serve_concurrency: the number of requests at a time.
        track: experiment trackers that follow the run: "mlflow", "wandb", "tensorboard". They get parameters, losses, scores, costs,
            adapters and the report without texts. One that fails is left out, with a warning.
        listener: receives progress; without one, nothing is shown.
        command: how the run was started, for the report.

    Raises:
        BenchError: something about the request is wrong, and nothing was started.
    """
    from harness.grid import make_request

    request = make_request(
        {
            "tasks": as_declared(task),
            "strategies": as_declared(strategies),
            "models": as_texts(model),
            "revision": revision,
            "data": as_texts(data),
            "train": as_texts(train),
            "validation": as_texts(validation),
            "test": as_texts(test),
            "hub": hub,
            "hub_revision": hub_revision,
            "subset": subset,
            "fields": dict(fields or {}),
            "labels": labels,
            "fold_references_by": fold_references_by,
            "keep": as_texts(keep),
            "harvested": as_texts(harvested),
            "skip_bad_rows": skip_bad_rows,
            "limit": limit,
            "train_sizes": train_sizes,
            "seeds": seeds,
            "epochs": epochs,
            "base": base,
            "support": support,
            "dtype": dtype,
            "price": price,
            "search": search,
            "race": race,
            "canaries": canaries,
            "volume": volume,
            "trust_remote_code": trust_remote_code,
            "exclude": exclude,
            "override": override,
            "plugins": as_texts(plugins),
            "tasks_dirs": as_texts(tasks_dirs),
            "strategies_dirs": as_texts(strategies_dirs),
        }
    )
    return run_request(
        request,
        runs_dir=runs_dir,
        listener=listener,
        new=new,
        reuse=reuse,
        resume=resume,
        jobs=jobs,
        executor=executor,
        ray_address=ray_address,
        serving_seconds=serving_seconds,
        devices_per_cell=devices_per_cell,
        serve_with=serve_with,
        serve_model=serve_model,
        serve_key_env=serve_key_env,
        serve_concurrency=serve_concurrency,
        track=track,
        command=command,
    )


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
    serve_with: str | None = None,
    serve_model: str | None = None,
    serve_key_env: str | None = None,
    serve_concurrency: int = 8,
    track: Sequence[str] = (),
    checkpoint_every: float = 30.0,
    forecasts: bool = False,
    command: str,
) -> Run:
    """`run` for a complete request.

    Args:
        checkpoint_every: seconds between two checkpoints of a training run.
        forecasts: forecast what each cell takes, and add what it took to the ledger of forecasts.
        request, runs_dir, listener, new, reuse, resume, jobs, executor, ray_address, serving_seconds, devices_per_cell, serve_with,
            serve_model, serve_key_env, serve_concurrency, track, command: as for `run`; by default, no speed is measured.
    """
    from harness.grid import MOST_REQUESTS, Listeners, ServeRequest, Tracking, execute, find_server, make_plan, open_trackers

    check_counts(jobs=jobs, devices_per_cell=devices_per_cell)
    check_seconds(serving_seconds=serving_seconds)
    check_count("serve_concurrency", serve_concurrency, most=MOST_REQUESTS)
    if serve_with is None and (serve_model or serve_key_env):
        option = setting("serve_model", serve_model) if serve_model else setting("serve_key_env", serve_key_env)
        raise BenchError(f"{option} needs the URL of a server: {setting('serve_with', 'URL')}")
    runs, shown = Path(runs_dir), listener or SilentListener()
    trackers = open_trackers(track, runs)
    with _open_cluster(executor, ray_address, request) as cluster, use_plugin_files(request.plugins):
        catalog = open_catalog(request.tasks_dirs, request.strategies_dirs)
        device, cores = (None, None) if cluster is None else (cluster.device, cluster.cores)
        # The run lets go of the examples when it has stored them, so nothing here may keep them.
        planned = [make_plan(request, catalog, command=command, device=device, cores=cores)]
        asked = ServeRequest(serve_with or "", serve_model, serve_key_env, serve_concurrency)
        server = find_server(planned[0].plan, asked) if serve_with is not None else None
        with Tracking(trackers, shown.tracker) as tracking:
            finished = execute(
                planned.pop(),
                runs,
                Listeners([shown, tracking]) if trackers else shown,
                fresh=new,
                resume=StoredRun(find_run_to_resume(runs, os.fspath(resume))) if resume is not None else None,
                reuse=reuse,
                jobs=jobs,
                serving_seconds=serving_seconds,
                devices_per_cell=devices_per_cell,
                server=server,
                checkpoint_every=checkpoint_every,
                open_executor=None if cluster is None else cluster.open_executor,
                forecasts=forecasts,
                before_end=lambda done: write_page(RunResults(done.folder), done.folder.report),
            )
            run = Run(RunResults(finished.folder))
            if trackers:
                with summarize_for_trackers(run) as outcome:
                    tracking.finish(outcome)
    return run


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


def score(
    task: TaskLike,
    predictions: PathLike,
    *,
    name: str | None = None,
    price_per_1k: float | None = None,
    support: str | None = None,
    data: PathLike | Sequence[PathLike] | None = None,
    train: PathLike | Sequence[PathLike] | None = None,
    validation: PathLike | Sequence[PathLike] | None = None,
    test: PathLike | Sequence[PathLike] | None = None,
    hub: str | None = None,
    hub_revision: str | None = None,
    subset: str | None = None,
    fields: Mapping[str, str] | None = None,
    labels: Sequence[str] = (),
    fold_references_by: str | None = None,
    keep: Sequence[str] = (),
    harvested: PathLike | Sequence[PathLike] | None = None,
    skip_bad_rows: bool = False,
    limit: int | None = None,
    trust_remote_code: bool = False,
    plugins: PathLike | Sequence[PathLike] = (),
    tasks_dirs: PathLike | Sequence[PathLike] = (),
    runs_dir: PathLike = "runs",
    listener: Listener | None = None,
    command: str = "harness.score",
) -> Run:
    """Score external outputs, of any model or vendor. The result is a run with one cell.

    Args:
        task: a name, a YAML file, or a `Task`. Every row of `data` is a test example here.
        predictions: a file with {"id", "output"} rows, or with one output per line in the order of the data.
        name: name of the outputs in reports; by default the name of the file.
        price_per_1k: price of 1,000 outputs, in USD.
        support: the model that also scores how far texts are supported by their inputs.
        trust_remote_code: allow the script of a metric of the evaluate library.
        data, train, validation, test, hub, hub_revision, subset, fields, labels, fold_references_by, keep, harvested, skip_bad_rows, limit,
            plugins, tasks_dirs, runs_dir, listener, command: as for `run`.

    Raises:
        BenchError: something about the task, its data or the outputs is wrong, and nothing was written.
    """
    from harness.grid import make_request

    request = make_request(
        {
            "tasks": as_declared(task),
            "strategies": (f"outputs:{os.fspath(predictions)}",),
            "models": (),
            "base": False,
            "whole_as_test": True,
            "outputs_name": name,
            "price_per_1k": price_per_1k,
            "support": support,
            "data": as_texts(data),
            "train": as_texts(train),
            "validation": as_texts(validation),
            "test": as_texts(test),
            "hub": hub,
            "hub_revision": hub_revision,
            "subset": subset,
            "fields": dict(fields or {}),
            "labels": labels,
            "fold_references_by": fold_references_by,
            "keep": as_texts(keep),
            "harvested": as_texts(harvested),
            "skip_bad_rows": skip_bad_rows,
            "limit": limit,
            "trust_remote_code": trust_remote_code,
            "plugins": as_texts(plugins),
            "tasks_dirs": as_texts(tasks_dirs),
        }
    )
    return run_request(request, runs_dir=runs_dir, listener=listener, command=command)
