"""A stranger's run is promoted without anything being written outside of the registry, and a stranger's registry reads nothing else."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.api import gate, history, promote, rollback, verify_registry
from harness.errors import BenchError
from harness.gate import Registry
from tests.foreign import edit_json
from tests.gate.conftest import Runs


def promote_by_force(run: Path, registry: Path) -> Any:
    event, _ = promote(run, "few-shot", registry=registry, force=True, reason="a test", new_registry=not registry.exists())
    return event


def list_files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("cell_id", ["../../../../escaped", "/tmp/bench-escaped", "..", "a/../../../../../escaped"])
def test_cell_id_that_leads_out_of_the_registry_is_refused(runs: Runs, tmp_path: Path, cell_id: str) -> None:
    run = runs(0.9, tuned="few-shot", rows=40)
    old = next(cell.id for cell in run.cells if cell.strategy == "few-shot")
    (run.path / "cells" / old).rename(run.path / "cells" / "other")  # where the id leads, relative to the folder of cells

    def rename(value: Any) -> None:
        for cell in value["cells"]:
            cell["id"] = cell_id if cell["id"] == old else cell["id"]

    edit_json(run.path / "run.json", rename)
    before = list_files(tmp_path)
    with pytest.raises(BenchError, match=r"run\.json: is damaged: cells\[1\]\.id: "):
        promote_by_force(run.path, tmp_path / "registry")
    assert list_files(tmp_path) == before


@pytest.mark.parametrize("place", ["cells/{}/artifact/weights", "cells/{}/predictions.parquet", "data/summarization.parquet", "extra"])
def test_links_of_a_run_are_refused_and_not_copied(runs: Runs, tmp_path: Path, place: str) -> None:
    run, secret = runs(0.9, tuned="few-shot", rows=40), tmp_path / "secret"
    secret.write_text("password")
    link = run.path / place.format(next(cell.id for cell in run.cells if cell.strategy == "few-shot"))
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(secret)
    for use in (lambda: promote_by_force(run.path, tmp_path / "registry"), lambda: gate(run.path, "few-shot", baseline=f"{run.path}:base")):
        with pytest.raises(BenchError, match="is a link, and run-0 may hold only files and folders"):
            use()
    assert not any(path.is_file() and path.read_bytes() == b"password" for path in (tmp_path / "registry").rglob("*"))


@pytest.mark.parametrize("folder", ["../outside", "/etc", "models/../../outside", "models/link"])
def test_registry_whose_history_leads_out_of_it_is_refused(runs: Runs, tmp_path: Path, folder: str) -> None:
    registry = tmp_path / "registry"
    event = promote_by_force(runs(0.9, tuned="few-shot", rows=40).path, registry)
    (registry / event.folder).rename(tmp_path / "outside")
    (registry / "models" / "link").symlink_to(tmp_path / "outside")
    body = {name: value for name, value in asdict(event).items() if name not in ("number", "task", "action", "at", "user")}
    Registry(registry).journal.append(event.task, lambda _: ("promote", body | {"folder": folder}))  # sealed as its owner would seal it
    forged = history(registry=registry)[-1]
    with pytest.raises(BenchError, match=r"does not stay inside this folder|is a link, which could lead outside"):
        Registry(registry).load(forged)
    assert all(
        "inside this folder" in problem or "is a link" in problem for each, problem in verify_registry(registry=registry) if each == forged
    )
    Registry(registry).journal.append(event.task, lambda _: ("promote", body | {"digest": "0" * 64}))
    with pytest.raises(BenchError, match=r"does not stay inside this folder|is a link, which could lead outside"):
        rollback(event.task, registry=registry)
