"""Runs and searches whose runner, server or worker is killed at random moments: they end as if undisturbed.

The number of sequences of kills can be reduced with CHAOS_SEQUENCES on a busy machine.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from troubled_runs import ARGUMENTS, complete, kill_process, preload

pytestmark = pytest.mark.soak

SEARCH = (*ARGUMENTS, "--tune", "3")
SEQUENCES = int(os.environ.get("CHAOS_SEQUENCES", "25"))
KILLS = 4  # in each sequence


@pytest.fixture(scope="module", autouse=True)
def _imports() -> None:
    preload()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return complete(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def undisturbed_search(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return complete(tmp_path_factory.mktemp("search"), *SEARCH)


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_killed_runs_complete_as_if_undisturbed(undisturbed: dict[str, Any], tmp_path: Path, seed: int) -> None:
    draw = random.Random(f"kills {seed}")
    killed = []
    for _ in range(KILLS):
        role, line = draw.choice(["runner", "server", "worker"]), draw.randrange(10)
        if at := kill_process(tmp_path, role, line, draw.choice([0, 0.01, 0.1, 0.5])):
            killed.append(f"{role} at {at!r}")
    assert complete(tmp_path) == undisturbed, killed
    print(f"sequence {seed}: {len(killed)} kills: {'; '.join(killed)}")


@pytest.mark.parametrize("seed", range(SEQUENCES // 2))
def test_killed_searches_complete_as_if_undisturbed(undisturbed_search: dict[str, Any], tmp_path: Path, seed: int) -> None:
    """A trial whose process was killed has failed; the same command repeats it, and finds what it would have found."""
    draw = random.Random(f"searches {seed}")
    killed = []
    for _ in range(KILLS):
        role, line = draw.choice(["runner", "server", "worker"]), draw.randrange(50)
        if at := kill_process(tmp_path, role, line, draw.choice([0, 0.01, 0.1, 0.5]), *SEARCH):
            killed.append(f"{role} at {at!r}")
    assert complete(tmp_path, *SEARCH) == undisturbed_search, killed
    print(f"search {seed}: {len(killed)} kills: {'; '.join(killed)}")
