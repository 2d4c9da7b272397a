"""Hostile inputs for every reader of foreign files: a refusal with a message, no other exception, and no hang.

The short form runs in CI: the inputs that once failed, and a few new ones for each reader, the same ones each time. The campaign
(`make soak`) reads 200,000; `BENCH_FUZZ_INPUTS` and `BENCH_FUZZ_SEED` choose another number and other inputs.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.campaign import REGRESSIONS, read_once, save_regression
from tests.fuzz.readers import READERS, use_folder

CAMPAIGN = int(os.environ.get("BENCH_FUZZ_INPUTS", "200000"))
SHORT = 10  # inputs for a reader with share 1
_SLOW = (
    "xlsx",
    "config",
    "tokenizer-config",
    "tokenizer",
    "weights",
    "run.json-report",
    "run.json-search",
    "trial",
    "cascade",
)  # one input of these is enough in CI


@pytest.fixture(scope="module", autouse=True)
def _workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("fuzz")
    use_folder(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harness.cache._Choice.folder", folder / "cache")
        yield
    shutil.rmtree(folder, ignore_errors=True)


def _fuzz(name: str, number: int, start: int) -> Counter[str]:
    """Read so many inputs; returns the kinds of failures with their counts. Each kind leaves its shortest input as a regression."""
    failures: Counter[str] = Counter()
    shortest: dict[str, bytes] = {}

    @seed(start)
    @settings(max_examples=number, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(READERS[name].inputs())
    def read(content: bytes) -> None:
        if problem := read_once(name, content):
            failures[problem] += 1
            if len(content) < len(shortest.get(problem, content + b"x")):
                shortest[problem] = content

    read()
    for content in shortest.values():
        save_regression(name, content)
    return failures


@pytest.mark.parametrize("name", READERS)
def test_a_few_hostile_inputs_are_refused_or_read(name: str) -> None:
    assert _fuzz(name, 1 if name in _SLOW else max(2, int(SHORT * READERS[name].share)), 1) == {}


@pytest.mark.parametrize("file", sorted(REGRESSIONS.glob("*/*")), ids=lambda file: f"{file.parent.name}-{file.name}")
def test_inputs_that_once_failed_are_refused_or_read(file: Path) -> None:
    assert read_once(file.parent.name, file.read_bytes()) == ""


@pytest.mark.soak
@pytest.mark.parametrize("name", READERS)
def test_campaign(name: str) -> None:
    share = READERS[name].share / sum(reader.share for reader in READERS.values())
    number = max(1, round(CAMPAIGN * share))
    failures = _fuzz(name, number, int(os.environ.get("BENCH_FUZZ_SEED", "2")))
    print(f"\n{name}: {number:,} inputs, {failures.total():,} failures")  # the count is what the campaign is for
    assert failures == {}
