"""After any calls in any order, and a kill at any write: a task has one champion, which passed or was forced."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from registry_sequences import Killed, Killer, read_state
from report_factory import Made, make_run, summarization

from harness.api import gate, history, list_models, promote, rollback, set_stage
from harness.errors import BenchError
from harness.gate.registry import journal, registry
from harness.store import StoredRun

TASK = "summarization"
QUALITIES = (0.35, 0.5, 0.65, 0.9)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[StoredRun]:
    """Runs of different quality on the same test examples."""
    folder = tmp_path_factory.mktemp("sequences")
    cells = [[Made("base", 0.3), Made("few-shot", quality, 1)] for quality in QUALITIES]
    return [make_run(folder / f"run-{number}", [summarization(each, rows=30)]) for number, each in enumerate(cells)]


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    """Counts the steps in which a registry is written: copied, inserted, written to the head."""
    killer = Killer()
    for owner, name in (
        (journal, "write_json"),
        (journal, "_append_sealed"),
        (registry, "_copy_cell"),
        (registry, "digest_folder"),
        (registry.Registry, "_copy"),
    ):
        monkeypatch.setattr(owner, name, killer.wrap(getattr(owner, name)))
    return killer


def choose_call(draw: random.Random, runs: list[StoredRun], folder: Path) -> Callable[[], object]:
    run, stage = draw.choice(runs), draw.choice(("candidate", "shadow", "challenger", "retired"))
    force: dict[str, Any] = {"force": True, "reason": "a test"} if draw.random() < 0.5 else {}
    share = draw.choice((0.2, 0.5)) if stage == "challenger" else None
    known = [model.event.digest[:10] for model in list_models(TASK, registry=folder)]
    name = draw.choice([f"{run.path}:few-shot", f"{run.path}:base", *known])
    return draw.choice((
        lambda: promote(run.path, draw.choice(("few-shot", "base")), registry=folder, **force),
        lambda: promote(run.path, "few-shot", registry=folder, baseline=f"{run.path}:base", **force),
        lambda: set_stage(TASK, name, stage, share=share, registry=folder, **force),
        lambda: set_stage(TASK, name, stage, share=share, registry=folder, **force),
        lambda: rollback(TASK, registry=folder),
        lambda: gate(run.path, "few-shot", registry=folder),
    ))  # fmt: skip


def check_sequence(seed: int, runs: list[StoredRun], folder: Path, killer: Killer, *, calls: int) -> set[str]:
    """Run a random sequence of calls, some of which are killed; what it ended in."""
    draw = random.Random(seed)
    killer.left = 0
    promote(runs[0].path, "few-shot", registry=folder, new_registry=True, force=True, reason="the first one")
    before, ends = read_state(folder, TASK), set()
    for _ in range(calls):
        call = choose_call(draw, runs, folder)
        killer.left, killer.after = (draw.randint(1, 6), draw.random() < 0.5) if draw.random() < 0.5 else (0, False)
        events, ended = len(history(registry=folder)), "done"
        try:
            call()
        except Killed:
            ended = "killed"
        except BenchError:
            ended = "refused"
        killer.left = 0
        state, added = read_state(folder, TASK), len(history(registry=folder)) - events
        assert added in ((0, 1) if ended in ("killed", "done") else (0,)) and (added or state == before), (seed, ended)
        before = state
        ends.add(ended)
    return ends


@contextlib.contextmanager
def fresh(folder: Path) -> Iterator[Path]:
    yield folder / "registry"
    shutil.rmtree(folder / "registry")


def test_one_champion_at_every_moment(made: list[StoredRun], tmp_path: Path, killer: Killer) -> None:
    ends: set[str] = set()
    for seed in range(2):
        with fresh(tmp_path) as folder:
            ends |= check_sequence(seed, made, folder, killer, calls=7)
    assert ends == {"done", "killed", "refused"}


@pytest.mark.soak
def test_one_champion_at_every_moment_of_long_sequences(made: list[StoredRun], tmp_path: Path, killer: Killer) -> None:
    for seed in range(100, 140):
        with fresh(tmp_path) as folder:
            check_sequence(seed, made, folder, killer, calls=40)
