"""Large files are streamed: memory depends on what is kept, not on what is read."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harness.data import load_splits
from harness.errors import BenchError

GIGABYTE = 1_000_000_000


_CODE = r"""
import json, re, sys
from pathlib import Path
from harness.data import load_splits
from harness.types import Task

def peak():
    # ru_maxrss would include the peak of the parent process
    return 1024 * int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text()).group(1))

name, limit = sys.argv[1], int(sys.argv[2]) or None
task = Task(name="n", kind="summarization", data={"path": name}, prompt="x", metrics=("rouge",), primary="rougeL")
splits = load_splits(task, folder=Path("."), limit=limit)
print(json.dumps({"peak": peak(), "read": splits.report.sampled_from}))
"""


def write(path: Path, rows: int) -> Path:
    """Write rows with two fields of a hundred characters."""
    rng = random.Random(0)
    texts = (f"{i} {rng.getrandbits(320):096d}"[:100] for i in range(2 * rows))
    with path.open("w") as file:
        if path.suffix == ".csv":
            file.write("input,target\n")
            file.writelines(f"{one},{two}\n" for one, two in zip(texts, texts, strict=True))
        else:
            file.writelines(json.dumps({"input": one, "target": two}) + "\n" for one, two in zip(texts, texts, strict=True))
    return path


def measured(path: Path, limit: int | None):
    arguments = [sys.executable, "-c", _CODE, path.name, str(limit or 0)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(arguments, cwd=path.parent, env=env, capture_output=True, text=True, timeout=1200, check=True)
    return json.loads(done.stdout)


on_linux = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="the peak of memory is read from /proc")


@on_linux
@pytest.mark.parametrize(("name", "limit", "most"), [("a.jsonl", 1000, 0.10), ("a.csv", None, 0.18)])
def test_memory_for_a_hundred_thousand_rows(tmp_path, name, limit, most):
    """A tenth of a gigabyte for rows that are kept, in addition to Python and numpy."""
    found = measured(write(tmp_path / name, 100_000), limit)
    assert sum(found["read"].values()) == 100_000
    assert found["peak"] < most * GIGABYTE


@on_linux
@pytest.mark.soak
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
@pytest.mark.parametrize(("limit", "most"), [(1000, GIGABYTE / 3), (None, GIGABYTE)])
def test_memory_for_a_million_rows(tmp_path, name, limit, most):
    found = measured(write(tmp_path / name, 1_000_000), limit)
    assert sum(found["read"].values()) == 1_000_000
    assert found["peak"] < most


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_sample_is_the_same_when_read_again(tmp_path, make_task, monkeypatch, name):
    write(tmp_path / name, 500)
    kept = load_splits(make_task(path=name), folder=tmp_path, limit=20)
    monkeypatch.setattr("harness.data.pipeline.file_rows.KEPT_FOR_SAMPLE", 100)
    assert load_splits(make_task(path=name), folder=tmp_path, limit=20) == kept


def test_file_that_changes_while_it_is_read_is_refused(tmp_path, make_task, monkeypatch):
    path = write(tmp_path / "a.csv", 500)
    monkeypatch.setattr("harness.data.pipeline.file_rows.KEPT_FOR_SAMPLE", 100)

    def and_change(*args):
        with path.open("a") as file:
            file.write("more,rows\n")
        return remove_overlaps(*args)

    from harness.data.quality.overlap import remove_overlaps

    monkeypatch.setattr("harness.data.pipeline.task_splits.remove_overlaps", and_change)
    with pytest.raises(BenchError, match=r"a\.csv: the file changed while it was read"):
        load_splits(make_task(path="a.csv"), folder=tmp_path, limit=20)
