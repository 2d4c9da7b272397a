"""`bench runs`: the list of runs."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from report_factory import Made, make_run, summarization

Call = Callable[..., Any]
CELLS = (Made("base", 0.3), Made("lora", 0.9, 0, train_seconds=60.0))


def test_runs_are_listed_with_their_decisions(call: Call, here: Path) -> None:
    assert call("runs").out == "There are no runs in runs.\n"
    make_run(here / "runs" / "20260301-a", [summarization(CELLS, rows=20)])
    (here / "runs" / "b").mkdir()
    (here / "runs" / "b" / "run.json").write_text("[")
    ended = call("runs")
    assert (ended.code, ended.err) == (0, "Reading 20260301-a (1 of 2)\n")
    assert ended.out.splitlines()[0].split() == ["Run", "Cost", "Age", "Size"]
    assert "Damaged: runs/b/run.json: is damaged" in " ".join(ended.out.split())
    again = call("runs", "--format", "json")
    assert (again.code, again.err) == (0, "")
    first, second = json.loads(again.out)["runs"]
    assert (first["name"], first["state"], second["state"]) == ("20260301-a", "finished", "damaged")
    assert first["strategies"] == {"summarization": ["base", "lora"]}
    assert first["tasks"][0]["task"] == "summarization"


def test_listing_imports_no_torch(here: Path) -> None:
    make_run(here / "runs" / "20260301-a", [summarization(CELLS, rows=20)])
    code = (
        "import sys; from harness.api import list_runs; assert [len(r.tasks) for r in list_runs('runs')] == [1]; "
        "print({'torch', 'transformers'} & set(sys.modules))"
    )
    env = {"HOME": str(here), "PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here, env=env)
    assert done.stdout.strip() == "set()"


def answer_in_terminal(answer: str, *arguments: str, here: Path) -> str:
    """Run a command in a terminal, and type an answer; returns everything that the terminal shows."""
    controller, terminal = os.openpty()
    command = [sys.executable, "-m", "harness.cli.main", *arguments]
    env = os.environ | {"PYTHONPATH": ":".join(sys.path)}
    process = subprocess.Popen(command, cwd=here, stdin=terminal, stdout=terminal, stderr=terminal, env=env)
    os.close(terminal)
    os.write(controller, f"{answer}\n".encode())
    shown = b""
    with contextlib.suppress(OSError):  # the terminal is closed when the process has ended
        while part := os.read(controller, 4096):
            shown += part
    os.close(controller)
    assert process.wait() == 0, shown
    return shown.decode()


def test_pruning_asks_in_a_terminal(here: Path) -> None:
    for name in ("20260301-a", "20260302-b"):
        make_run(here / "runs" / name, [summarization(CELLS, rows=10)])
    refused = answer_in_terminal("n", "runs", "prune", "--keep", "1", here=here)
    assert "[y/N]" in refused and "Nothing was deleted." in refused
    assert len(list((here / "runs").iterdir())) == 2
    agreed = answer_in_terminal("y", "runs", "prune", "--keep", "1", here=here)
    assert "Deleted 1 run (" in agreed
    assert [path.name for path in (here / "runs").iterdir()] == ["20260302-b"]


def test_pruning_shows_what_it_would_delete_and_deletes_only_with_consent(call: Call, here: Path) -> None:
    for name in ("20260301-a", "20260302-b"):
        make_run(here / "runs" / name, [summarization(CELLS, rows=10)])
    for arguments, last in (
        (("--keep", "1", "--dry-run"), "Nothing was deleted."),
        (("--keep", "1"), "Nothing was deleted: add --yes to delete without being asked."),
        (("--keep", "2", "--yes"), "Nothing was deleted."),
    ):
        ended = call("runs", "prune", *arguments)
        assert (ended.code, ended.out.splitlines()[-1]) == (0, last)
        assert len(list((here / "runs").iterdir())) == 2
    ended = call("runs", "prune", "--keep", "1", "--yes")
    assert ended.out.splitlines()[0].startswith("delete: 20260301-a (")
    assert ended.out.splitlines()[-1].startswith("Deleted 1 run (")
    assert [path.name for path in (here / "runs").iterdir()] == ["20260302-b"]
    (cell, _) = sorted((here / "runs").glob("*/cells/*"))
    (cell / "artifact").mkdir()
    (cell / "artifact" / "model.safetensors").write_bytes(bytes(2 << 20))
    shown = call("runs", "prune", "--keep", "0", "--weights-only", "--dry-run").out.splitlines()
    assert shown[0].startswith("delete the trained weights: 20260302-b (") and shown[0].endswith("old, 2.0 MiB)")
    assert shown[-1] == "Nothing was deleted."
    ended = call("runs", "prune", "--keep", "0", "--weights-only", "--yes")
    assert (
        "Deleted the trained weights of 1 run (2.0 MiB)." in ended.out
        and not (cell / "artifact").exists()
        and (cell / "cell.json").exists()
    )
    assert "'soon' is not an age: write 12h, 30d or 8w" in call("runs", "prune", "--older-than", "soon").err
    assert call("runs", "prune").err == "error: name the runs to delete: --keep N, --older-than 30d, or both.\n"
    assert call("runs", "--runs-dir", "none", "prune", "--keep", "1").out.splitlines()[0] == "0 runs not selected."
