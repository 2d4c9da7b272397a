"""Scoring external outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.api.arguments import PathLike, TaskLike, as_declared, as_texts
from harness.api.loaded_run import Run
from harness.api.requested_runs import run_request

if TYPE_CHECKING:
    from harness.grid import Listener


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
