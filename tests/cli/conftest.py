"""The command in this process, which has torch imported already."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from finished_runs import TASKS, Finished

from harness import load_run
from harness.cli.main import main


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """`bench` with these arguments, its exit code and what it wrote; offline."""
    for name in [name for name in os.environ if name.startswith("BENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BENCH_CACHE_DIR", str(here / ".cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    terminate = signal.getsignal(signal.SIGTERM)

    def _call(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, said.out, said.err)

    yield _call
    signal.signal(signal.SIGTERM, terminate)


@pytest.fixture(scope="session")
def finished(bench: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """A small run of both kinds of answers. Made once; tests that damage it work on a copy."""
    here = tmp_path_factory.mktemp("finished")
    for name, lines in TASKS.items():
        (here / f"{name}.yaml").write_text(f"name: {name}\ndata: {{source: clinic, size: 100}}\n{lines}\n")
    prefix = "{peft_type: PREFIX_TUNING, num_virtual_tokens: 4}"
    (here / "shots.yaml").write_text("name: shots\nmethod: prompt\nshots: 2\n")
    (here / "prefix.yaml").write_text(f"name: prefix\nmethod: peft\nadapter: {prefix}\ntrain: {{learning_rate: 3.0e-3}}\n")
    tasks = [part for name in TASKS for part in ("--task", f"{name}.yaml")]
    ended = bench("run", *tasks, "--strategies", "lora,full,qlora,shots.yaml,prefix.yaml", "--limit", "6", "--epochs", "3", here=here)
    assert ended.code == 0, ended
    run = load_run(here / ended.out.strip())
    data = {}
    for name in TASKS:
        rows = [{"id": e.id, **e.inputs} for e in run.examples(name)]
        data[name] = here / f"{name}.jsonl"
        data[name].write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Finished(run, data)


@pytest.fixture
def spoiled(finished: Finished, here: Path) -> Finished:
    """A copy of the run that a test may damage."""
    return Finished(load_run(shutil.copytree(finished.run.path, here / "spoiled")), finished.data)
