"""What tests of several rooms share: the command as a process of its own, and one small run that it made.

The environment is set before anything imports torch.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from harness.cache import _Choice

# OpenMP's waiting threads spin by default: beside any other busy process the tests then took ten times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("BENCH_SERVING_SECONDS", "0")  # each run would load its models once more; the tests of this ask for it
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile the program again: half of what a command takes
os.environ.pop("COLUMNS", None)  # set in pytest-xdist's processes; tables would have its width
if "PYTEST_XDIST_WORKER" in os.environ:  # one test process per core: more threads would only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def _reach_no_disk(file: int) -> None:
    """Stands for `os.fsync`, on which tests that write runs spent a third of their time: what they write need not survive a loss of power.

    It fails where the file is not open, as `os.fsync` does. Processes that a test starts flush as they do for a user.
    """
    os.fstat(file)


os.fsync = _reach_no_disk  # type: ignore[assignment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files beside this one come first: some take minutes, which one process would spend at the end while the others had nothing to do."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


CHROMIUM = Path("/usr/bin/chromium")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def __str__(self) -> str:
        return f"exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


@dataclass(frozen=True)
class Made:
    """The small run: the arguments that made it, where, and what the command said."""

    arguments: tuple[str, ...]
    here: Path
    folder: Path
    ended: Ended

    @property
    def runs(self) -> Path:
        return self.folder.parent


Bench = Callable[..., Ended]
BuildOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(autouse=True)
def _same_cache_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell or command that runs in the process of a test chooses a cache folder; the next test, and its processes, use another."""
    monkeypatch.setattr("harness.cache._Choice.folder", _Choice.folder)


@pytest.fixture(autouse=True)
def _same_threads_afterwards() -> Iterator[None]:
    """On another number of threads, a model adds numbers in another order: a later test would compare other losses."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    before = sys.modules["torch"].get_num_threads() if "torch" in sys.modules else int(given) if given.isdecimal() else None
    yield
    if before is not None and "torch" in sys.modules and sys.modules["torch"].get_num_threads() != before:
        sys.modules["torch"].set_num_threads(before)
        pytest.fail(f"the test has left another number of threads to torch than {before}")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache folder for this test."""
    monkeypatch.setattr("harness.cache._Choice.folder", tmp_path / "cache")


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Runs `bench` as a user does, offline and with a cache of its own; `here` is the working directory."""
    cache = tmp_path_factory.mktemp("cache")

    def _bench(*arguments: str, here: Path, env: Mapping[str, str] | None = None) -> Ended:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("BENCH_")}
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli.main", *arguments],
            cwd=here,
            env=ours | {"BENCH_CACHE_DIR": str(cache), "BENCH_SERVING_SECONDS": "0", "HF_HUB_OFFLINE": "1"} | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=1200,  # a guard against a hang, not a measure of speed
            check=False,
            stdin=subprocess.DEVNULL,
        )
        ended = Ended(done.returncode, done.stdout, done.stderr)
        assert ended.code != 70, ended  # an exception that no command has turned into a message
        return ended

    return _bench


@pytest.fixture(scope="session")
def quick_bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """As `bench`, for the many commands whose processes are not what is tested: they and their cells run in this process."""
    from in_process import call_main

    from harness.cli.boundary import UNEXPECTED

    cache = tmp_path_factory.mktemp("quick-cache")

    def _quick_bench(*arguments: str, here: Path, env: Mapping[str, str] | None = None) -> Ended:
        ended = Ended(*call_main(arguments, here=here, env={"BENCH_CACHE_DIR": str(cache)} | dict(env or {})))
        assert ended.code != UNEXPECTED, ended
        return ended

    return _quick_bench


@pytest.fixture(scope="module", autouse=True)
def _libraries_are_no_garbage() -> None:
    """No test looks for garbage among what was there before its file, such as the objects of torch and transformers. In two files with
    trainings, this took 10 of 72 s of the processor."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def known_trials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seconds of steps that tests of this process have tried: trials of the same steps are not repeated."""
    from harness.forecast.trials import trial_cache

    return tmp_path_factory.mktemp("trials") / trial_cache.FILE


@pytest.fixture(scope="session")
def build_once(tmp_path_factory: pytest.TempPathFactory) -> BuildOnce:
    """Builds the contents of a named folder in one test process; the others wait for it and share it. Tests must not change it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def _build_once(name: str, build: Callable[[Path], None]) -> Path:
        folder, done = shared / f"shared-{name}", shared / f"shared-{name}.done"
        with FileLock(shared / f"shared-{name}.lock"):
            if not done.exists():
                folder.mkdir()
                build(folder)
                done.touch()
        return folder

    return _build_once


@pytest.fixture(scope="session")
def made(bench: Bench, build_once: BuildOnce) -> Iterator[Made]:
    """`base` and `lora` on the shipped task and model, 24 rows a split. Made once; tests must not change it."""
    arguments = ("run", "--task", "classification", "--strategies", "lora", "--limit", "24", "--epochs", "1", "--price", "3.6")

    def build(here: Path) -> None:
        ended = bench(*arguments, here=here)
        assert ended.code == 0, ended
        (here / "ended.json").write_text(json.dumps(asdict(ended)))

    here = build_once("made", build)
    ended = Ended(**json.loads((here / "ended.json").read_text()))
    folder = here / ended.out.strip()
    before = {f: f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file()}
    yield Made(arguments, here, folder, ended)
    assert {f: f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file()} == before, "a test has changed the run that all share"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not there")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()
