"""A grid of 200 cells: the memory of the command and of its server stays flat, and nothing is left behind.

SOAK_CELLS reduces the number on a busy machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak

CELLS = int(os.environ.get("SOAK_CELLS", "200"))
SETTLED = 10  # cells after which caches are filled


def read_memory(pid: int) -> int:
    """The resident memory in KiB. It counts pages that a process shares with its children fully, so that it does not depend on them."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def count_descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_memory_is_flat_and_nothing_is_left(tmp_path: Path) -> None:
    for shots in (1, 2):
        (tmp_path / f"shots-{shots}.yaml").write_text(f"name: shots-{shots}\nmethod: prompt\nshots: {shots}\n")
    (tmp_path / "temporary").mkdir()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "harness.cli.main", "run", "--task", "classification", "--no-base"),
            *("--strategies", "shots-1.yaml,shots-2.yaml", "--limit", "8", "--seeds", str(CELLS // 2)),
        ],
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary"), "BENCH_CACHE_DIR": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None and process.stdout is not None
    samples: list[tuple[int, int, int, int]] = []
    err, server = "", 0
    for line in process.stderr:
        err += line
        if line.rstrip().endswith(": load"):  # the server has its imports done, and no other cell is running
            (server,) = (int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
            samples.append((read_memory(process.pid), read_memory(server), count_descriptors(process.pid), count_descriptors(server)))
    out = process.stdout.read()
    assert process.wait() == 0, err
    assert len(samples) == CELLS
    settled, last = samples[SETTLED], samples[-1]
    print(f"{CELLS} cells: KiB of the command {settled[0]} → {last[0]}, of the server {settled[1]} → {last[1]}; descriptors {last[2:]}")
    assert last[0] <= settled[0] * 1.05, "memory of the command"
    assert last[1] <= settled[1] * 1.05, "memory of the server"
    assert abs(last[2] - settled[2]) <= 1 and abs(last[3] - settled[3]) <= 1, "file descriptors"
    assert not Path(f"/proc/{server}").exists()
    left = [file.name for file in (tmp_path / "temporary").iterdir() if not file.name.startswith("torchinductor_")]
    assert not left, "torch keeps one cache folder for all processes of a user"
    run = tmp_path / out.strip().splitlines()[-1]
    assert len(list(run.glob("cells/*/cell.json"))) == CELLS
    assert not [f for f in run.rglob("*") if f.name in ("work", "checkpoint", ".lock-holder") or f.name.endswith(".part")]
