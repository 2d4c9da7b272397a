"""The command in this process, which has torch imported already."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from finished_runs import Finished, open_decoder, open_other_shapes, run_decoder, run_other_shapes
from in_process import cells_in_process

from harness import load_run
from harness.cli.boundary import UNEXPECTED
from harness.cli.main import main
from harness.forecast.trials import trial_cache
from tests.conftest import Bench, BuildOnce


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
def call(here: Path, known_trials: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """`bench` with these arguments, its exit code and what it wrote; offline. Cells run in this process, too."""
    for name in [name for name in os.environ if name.startswith("BENCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BENCH_CACHE_DIR", str(here / ".cache"))
    monkeypatch.setattr(trial_cache, "trial_file", lambda: known_trials)
    monkeypatch.setenv("BENCH_SERVING_SECONDS", "0")
    monkeypatch.setattr("harness.cache._Choice.folder", None)  # the command chooses a folder; this one comes back after the test
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    terminate = signal.getsignal(signal.SIGTERM)

    def _call(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["bench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert ended.value.code != UNEXPECTED, said.err
        return Ended(ended.value.code, said.out, said.err)

    with cells_in_process():
        yield _call
    signal.signal(signal.SIGTERM, terminate)


@pytest.fixture(scope="session")
def finished(quick_bench: Bench, build_once: BuildOnce) -> Finished:
    """A small run of a decoder with every method. It is built once; tests that damage it work on a copy."""
    return open_decoder(build_once("finished", lambda here: run_decoder(quick_bench, here)))


@pytest.fixture(scope="session")
def other_shapes(quick_bench: Bench, build_once: BuildOnce) -> dict[str, Finished]:
    """Small runs of encoders and an encoder-decoder, built once."""
    return open_other_shapes(build_once("other-shapes", lambda here: run_other_shapes(quick_bench, here)))


@pytest.fixture
def spoiled(finished: Finished, here: Path) -> Finished:
    """A copy of the run that a test may damage."""
    return Finished(load_run(shutil.copytree(finished.run.path, here / "spoiled")).stored, finished.data)
